"""Sheets as a printer gets them: boxes, pictures, places measured on the raster, and the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
import pytest

from deckport_assets.errors import BadImage, Refused
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.print.colour import Profile, read_profile
from deckport_assets.studio.print.geometry import A4, BLEED_MM, CARD_HEIGHT_MM, CARD_WIDTH_MM, LETTER, Area, Flip, Paper
from deckport_assets.studio.print.pdf import number
from deckport_assets.studio.print.sheets import Printed, write_sheets
from tests.studio.print.press import press_profile
from tests.studio.print.test_colour import SRGB

ROOT = Path(__file__).parents[3]
MM_PER_INCH = 25.4
DPI, FINER = 600, 4
RING_MM = 10 * MM_PER_INCH / DPI
RED, WHITE, BLUE = (255, 0, 0), (255, 255, 255), (0, 0, 255)


def noise(seed: int = 1, width_px: int = 150, height_px: int = 210) -> Pixels:
    return np.random.default_rng(seed).integers(0, 255, (height_px, width_px, 3), dtype=np.uint8)


def plain(colour: tuple[int, int, int], width_px: int = 50, height_px: int = 70) -> Pixels:
    return np.full((height_px, width_px, 3), colour, np.uint8)


def sheets(cards: Iterable[tuple[Pixels, int]], paper: Paper = A4, **options: Any) -> tuple[bytes, Printed]:
    file = io.BytesIO()
    printed = write_sheets(file, cards, paper, **options)
    assert printed.bytes == len(file.getvalue())
    return file.getvalue(), printed


def raster(pdf: bytes, page: int, dpi: float = DPI) -> Pixels:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return np.array(document[page].render(scale=dpi / 72, rev_byteorder=True).to_numpy()[:, :, :3])
    finally:
        document.close()


def strip(pdf: bytes, area: Area, paper: Paper) -> Pixels:
    """A part of the first page, finer than it will be printed: PDFium puts pictures on whole pixels."""
    beyond_mm = (area.left_mm, area.bottom_mm, paper.width_mm - area.right_mm, paper.height_mm - area.top_mm)
    document = pypdfium2.PdfDocument(pdf)
    try:
        crop = tuple(mm / MM_PER_INCH * 72 for mm in beyond_mm)
        page = document[0].render(scale=FINER * DPI / 72, crop=crop, rev_byteorder=True)
        return np.array(page.to_numpy()[:, :, :3])
    finally:
        document.close()


def pictures(opened: pikepdf.Pdf) -> list[pikepdf.Stream]:
    return [o for o in opened.objects if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image"]


def on_raster(area: Area, paper: Paper, dpi: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an area in pixels."""
    per_mm = dpi / MM_PER_INCH
    down = (paper.height_mm - area.top_mm, paper.height_mm - area.bottom_mm)
    return area.left_mm * per_mm, down[0] * per_mm, area.right_mm * per_mm, down[1] * per_mm


@pytest.mark.parametrize("paper", [A4, LETTER], ids=lambda paper: paper.name)
def test_a_page_says_where_to_cut(paper: Paper) -> None:
    pdf, printed = sheets([(noise(), paper.cards + 1)], paper, back=noise(2))
    assert (printed.cards, printed.copies, printed.sheets, printed.pages) == (1, paper.cards + 1, 2, 4)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert not opened.check_pdf_syntax()
        assert len(opened.pages) == 4
        for page in opened.pages:
            media, bleed, trim = (
                [float(v) / 72 * MM_PER_INCH for v in page[box]] for box in ("/MediaBox", "/BleedBox", "/TrimBox")
            )
            assert media == pytest.approx([0, 0, paper.width_mm, paper.height_mm], abs=1e-4)
            block = paper.block
            assert trim == pytest.approx([block.left_mm, block.bottom_mm, block.right_mm, block.top_mm], abs=1e-4)
            outward = [-BLEED_MM, -BLEED_MM, BLEED_MM, BLEED_MM]
            assert bleed == pytest.approx([t + o for t, o in zip(trim, outward, strict=True)], abs=1e-4)
        wishes = opened.Root.ViewerPreferences
        assert (wishes.PrintScaling, wishes.Duplex) == ("/None", "/DuplexFlipLongEdge")
        assert "/Info" not in opened.trailer and "/Metadata" not in opened.Root


def test_a_picture_is_in_the_file_once_with_every_pixel() -> None:
    one, other, back = noise(1), noise(2), noise(3)
    pdf, _ = sheets([(one, 30), (other, 2)], back=back)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        found = pictures(opened)
        assert len(found) == 3
        for stream, card in zip(found, (one, other, back), strict=True):
            assert stream.Filter == "/FlateDecode"  # lossless
            width_px, height_px = int(stream.Width), int(stream.Height)
            pixels = np.frombuffer(stream.read_bytes(), np.uint8).reshape(height_px, width_px, 3)
            edge_px = (width_px - 150) // 2
            assert np.array_equal(pixels[edge_px:-edge_px, edge_px:-edge_px], card)


def test_on_a_raster_of_600_dpi_each_pixel_is_the_composites() -> None:
    """A paper on which the trim lies on whole pixels, so that nothing but the sheet itself can shift a pixel."""
    around_px = 200
    hair_px = 0.01  # PDFium rounds a picture's rectangle outward: a paper that is a hair too large is shrunk to fit
    around_mm = (around_px + hair_px) * MM_PER_INCH / DPI
    paper = Paper("exact", CARD_WIDTH_MM + 2 * around_mm, CARD_HEIGHT_MM + 2 * around_mm, 1, 1)
    card = noise(1, 1500, 2100)
    pdf, _ = sheets([(card, 1)], paper)
    page = raster(pdf, 0, DPI * (1 - hair_px / 500))
    assert page.shape == (2500, 1900, 3)
    assert np.array_equal(page[around_px:-around_px, around_px:-around_px], card)
    bleed_px = int(BLEED_MM * DPI / MM_PER_INCH)
    assert np.array_equal(page[around_px - bleed_px, around_px:-around_px], card[0])
    assert (page[around_px - bleed_px - 2, around_px:-around_px] == 255).all()


@pytest.mark.parametrize("paper", [A4, LETTER], ids=lambda paper: paper.name)
def test_the_edges_of_each_card_are_where_the_cut_is(paper: Paper) -> None:
    """Measured along a line through each row and each column, in pixels of 600 dpi, four to each."""
    card = plain(WHITE, 1500, 2100)
    card[:10] = card[-10:] = RED
    card[:, :10] = card[:, -10:] = RED
    pdf, _ = sheets([(card, paper.cards)], paper)
    trims = paper.trims()
    for row in range(paper.rows):
        middle_mm = trims[row * paper.columns].bottom_mm + CARD_HEIGHT_MM / 2
        red = strip(pdf, Area(0, middle_mm, paper.width_mm, 1), paper)[10, :, 1] < 128
        edges_px = np.flatnonzero(np.diff(red)) / FINER + 0.5
        expected_mm = [paper.block.left_mm - BLEED_MM]
        for trim in trims[: paper.columns]:
            expected_mm += [trim.left_mm + RING_MM, trim.right_mm - RING_MM]
        expected_mm.append(paper.block.right_mm + BLEED_MM)
        assert edges_px == pytest.approx([mm * DPI / MM_PER_INCH for mm in expected_mm], abs=1)
    for column in range(paper.columns):
        middle_mm = trims[column].left_mm + CARD_WIDTH_MM / 2
        red = strip(pdf, Area(middle_mm, 0, 1, paper.height_mm), paper)[:, 10, 1] < 128
        edges_px = np.flatnonzero(np.diff(red)) / FINER + 0.5
        expected_mm = [paper.block.top_mm + BLEED_MM]
        for trim in trims[column :: paper.columns]:
            expected_mm += [trim.top_mm - RING_MM, trim.bottom_mm + RING_MM]
        expected_mm.append(paper.block.bottom_mm - BLEED_MM)
        down_px = [(paper.height_mm - mm) * DPI / MM_PER_INCH for mm in expected_mm]
        assert edges_px == pytest.approx(down_px, abs=1)


@pytest.mark.parametrize("flip", Flip)
@pytest.mark.parametrize("paper", [A4, LETTER], ids=lambda paper: paper.name)
def test_a_flipped_sheet_has_upright_backs_behind_its_fronts(paper: Paper, flip: Flip) -> None:
    back = plain(RED)
    back[35:] = BLUE  # red above, blue below
    fronts = paper.cards // 2
    pdf, _ = sheets([(plain((0, 0, 0)), fronts)], paper, back=back, flip=flip)
    front, behind = raster(pdf, 0, 100), raster(pdf, 1, 100)
    about_upright_line = (paper.height_mm > paper.width_mm) == (flip is Flip.LONG)
    seen_through = behind[:, ::-1] if about_upright_line else behind[::-1]
    for place, trim in enumerate(paper.trims()):
        left, top, right, bottom = (round(v) for v in on_raster(trim, paper, 100))
        card, its_back = front[top + 2 : bottom - 2, left + 2 : right - 2], seen_through[top:bottom, left:right]
        if place >= fronts:
            assert (its_back[20:-20, 20:-20] == 255).all() and (card[20:-20, 20:-20] == 255).all()
            continue
        assert (card == 0).all()
        assert (its_back[5] == RED).all() and (its_back[-5] == BLUE).all()


def test_a_sheet_without_backs_has_one_page() -> None:
    pdf, printed = sheets([(plain(RED), 10)])
    assert (printed.sheets, printed.pages) == (2, 2)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.Root.ViewerPreferences.Duplex == "/Simplex"


@pytest.mark.parametrize(
    ("profile", "channels", "space"), [(SRGB, 3, "ICCBased"), (press_profile(), 4, "DeviceCMYK")], ids=["rgb", "cmyk"]
)
def test_a_profile_is_the_output_intent_and_the_pixels_are_in_its_colours(
    profile: bytes, channels: int, space: str
) -> None:
    read: Profile = read_profile(profile)
    pdf, _ = sheets([(noise(), 1)], profile=read)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert not opened.check_pdf_syntax()
        (intent,) = opened.Root.OutputIntents
        assert (intent.S, str(intent.OutputConditionIdentifier)) == ("/GTS_PDFX", read.name)
        assert intent.DestOutputProfile.read_bytes() == profile
        assert int(intent.DestOutputProfile.N) == channels
        (picture,) = pictures(opened)
        colours = picture.ColorSpace
        assert (colours if channels == 4 else colours[0]) == f"/{space}"
        if channels == 3:
            assert colours[1].objgen == intent.DestOutputProfile.objgen
        inked = np.frombuffer(picture.read_bytes(), np.uint8)
        inked = inked.reshape(int(picture.Height), int(picture.Width), channels)
        edge_px = (inked.shape[1] - 150) // 2
        assert np.array_equal(inked[edge_px:-edge_px, edge_px:-edge_px], read.inked(noise()))


def test_the_same_cards_are_the_same_bytes_in_another_process() -> None:
    script = """
import hashlib
from tests.studio.print.test_sheets import deterministic
print(hashlib.sha256(deterministic()).hexdigest())
"""
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert other.stdout.strip() == hashlib.sha256(deterministic()).hexdigest()
    assert deterministic() != sheets([(noise(5), 1)])[0]


def deterministic() -> bytes:
    """The sheets that two processes compare."""
    from deckport_assets.studio.cards.card_back import draw_card_back

    back = draw_card_back(1000, 1400, square=True)
    return sheets([(noise(1), 3), (noise(2), 8)], back=back, profile=read_profile(press_profile()))[0]


def test_a_picture_is_let_go_before_the_next_is_taken() -> None:
    """What bounds the memory: no picture is asked for before the one ahead of it is in the file."""
    file = io.BytesIO()
    sizes: list[int] = []

    def cards() -> Iterable[tuple[Pixels, int]]:
        for seed in range(3):
            sizes.append(file.tell())
            yield noise(seed), 1

    write_sheets(file, cards(), A4)
    grown = [later - earlier for earlier, later in pairwise(sizes)]
    assert min(grown) > 150 * 210 * 3 * 0.8


def test_what_cannot_be_printed_is_refused() -> None:
    with pytest.raises(Refused, match="no card"):
        sheets([])
    with pytest.raises(BadImage, match="shape of a card"):
        sheets([(noise(1, 100, 100), 1)])


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (-0.0000001, "0"), (1e-7, "0"), (180.0, "180"), (4.252, "4.252"), (-1.5, "-1.5")]
)
def test_numbers_are_written_plainly(value: float, text: str) -> None:
    assert number(value) == text
