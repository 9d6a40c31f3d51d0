"""Cards onto sheets: the pages of a PDF with their pictures, crop marks and boxes, fronts on odd pages, backs on even.

Where things lie is `geometry`'s to say, how a PDF is spelt `pdf`'s. Pictures are taken one at a time from whoever has
them, written and let go.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from deckport_assets.errors import Refused
from deckport_assets.studio.encoding import Pixels, deflated_rows
from deckport_assets.studio.print.bleed import with_bleed
from deckport_assets.studio.print.colour import Profile, Space
from deckport_assets.studio.print.geometry import (
    BLEED_MM,
    CARD_HEIGHT_MM,
    CARD_WIDTH_MM,
    Area,
    Flip,
    Mark,
    Paper,
    crop_marks,
)
from deckport_assets.studio.print.pdf import Name, PdfFile, Ref, Value, number

MARK_WEIGHT_PT = 0.25
_PT_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Printed:
    """What has been put on paper."""

    cards: int
    copies: int
    sheets: int
    pages: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture that lies in the file: its object, and how far it reaches beyond the trim on each side."""

    ref: Ref
    beyond_x_mm: float
    beyond_y_mm: float


def write_sheets(
    file: BinaryIO,
    cards: Iterable[tuple[Pixels, int]],
    paper: Paper,
    *,
    back: Pixels | None = None,
    flip: Flip = Flip.LONG,
    profile: Profile | None = None,
) -> Printed:
    """Write a PDF of these cards, each a picture without bleed and how many copies of it are wanted.

    A picture lies in the file once, however many copies there are, with every pixel that it came with. With a `back`
    each sheet has a second page, mirrored so that it comes to lie behind the first. With a `profile` pixels are in its
    colours and it is the file's output intent.

    Raises BadImage for a picture that is no card, Refused when there are no cards.
    """
    pdf = PdfFile(file)
    colours = _colour_space(pdf, profile)
    fronts: list[_Picture] = []
    count = 0
    for pixels, copies in cards:
        count += 1
        fronts += [_put_picture(pdf, pixels, colours, profile)] * copies
    if not fronts:
        raise Refused("There is no card to print.")
    behind = _put_picture(pdf, back, colours, profile) if back is not None else None
    tree = pdf.reserve()
    pages: list[Ref] = []
    trims = paper.trims()
    for first in range(0, len(fronts), paper.cards):
        dealt = list(zip(fronts[first : first + paper.cards], trims, strict=False))
        pages.append(_put_page(pdf, tree, paper, dealt))
        if behind is not None:
            backs = [(behind, paper.behind(trim, flip)) for _, trim in dealt]
            pages.append(_put_page(pdf, tree, paper, backs, turned=paper.turns_backs(flip)))
    pdf.put({"Type": Name("Pages"), "Kids": pages, "Count": len(pages)}, tree)
    sides = "Simplex" if behind is None else "DuplexFlipLongEdge" if flip is Flip.LONG else "DuplexFlipShortEdge"
    catalog: dict[str, Value] = {
        "Type": Name("Catalog"),
        "Pages": tree,
        "ViewerPreferences": {"PrintScaling": Name("None"), "Duplex": Name(sides)},
    }
    if profile is not None and colours is not None:
        catalog["OutputIntents"] = [_output_intent(profile, colours)]
    pdf.close(pdf.put(catalog))
    return Printed(count, len(fronts), math.ceil(len(fronts) / paper.cards), len(pages), pdf.written_bytes)


def _colour_space(pdf: PdfFile, profile: Profile | None) -> Ref | None:
    """The profile as a stream of the file."""
    if profile is None:
        return None
    alternate, channels = ("DeviceRGB", 3) if profile.space is Space.RGB else ("DeviceCMYK", 4)
    return pdf.put_stream({"N": channels, "Alternate": Name(alternate)}, profile.data)


def _output_intent(profile: Profile, stream: Ref) -> dict[str, Value]:
    return {
        "Type": Name("OutputIntent"),
        "S": Name("GTS_PDFX"),
        "OutputConditionIdentifier": profile.name,
        "Info": profile.name,
        "DestOutputProfile": stream,
    }


def _put_picture(pdf: PdfFile, pixels: Pixels, colours: Ref | None, profile: Profile | None) -> _Picture:
    card_height_px, card_width_px = pixels.shape[:2]
    # Whole pixels, so that none is resampled; what they are more than the bleed is clipped on the page.
    bleed_px = math.ceil(BLEED_MM * max(card_width_px / CARD_WIDTH_MM, card_height_px / CARD_HEIGHT_MM))
    extended = with_bleed(pixels, bleed_px)
    inked = extended if profile is None else profile.inked(extended)
    height_px, width_px, channels = inked.shape
    space: Value = Name("DeviceRGB") if colours is None else [Name("ICCBased"), colours]
    if profile is not None and profile.space is Space.CMYK:
        space = Name("DeviceCMYK")  # what the output intent says it is: no viewer converts the inks once more
    entries: dict[str, Value] = {
        "Type": Name("XObject"),
        "Subtype": Name("Image"),
        "Width": width_px,
        "Height": height_px,
        "ColorSpace": space,
        "BitsPerComponent": 8,
        "Filter": Name("FlateDecode"),
        "DecodeParms": {"Predictor": 15, "Colors": channels, "BitsPerComponent": 8, "Columns": width_px},
    }
    ref = pdf.put_stream(entries, deflated_rows(inked))
    return _Picture(ref, bleed_px * CARD_WIDTH_MM / card_width_px, bleed_px * CARD_HEIGHT_MM / card_height_px)


def _put_page(
    pdf: PdfFile, tree: Ref, paper: Paper, places: Sequence[tuple[_Picture, Area]], *, turned: bool = False
) -> Ref:
    marks = crop_marks([trim for _, trim in places])
    drawn = [*(_drawn_picture(picture, trim, turned=turned) for picture, trim in places), _drawn_marks(marks)]
    content = pdf.put_stream({}, "\n".join(drawn).encode("ascii"))
    pictures = {_name(picture): picture.ref for picture, _ in places}
    return pdf.put(
        {
            "Type": Name("Page"),
            "Parent": tree,
            "MediaBox": _box(Area(0, 0, paper.width_mm, paper.height_mm)),
            "BleedBox": _box(paper.block.grown(BLEED_MM)),
            "TrimBox": _box(paper.block),
            "Resources": {"XObject": pictures},
            "Contents": content,
        }
    )


def _drawn_picture(picture: _Picture, trim: Area, *, turned: bool) -> str:
    bleed, whole = trim.grown(BLEED_MM), trim.grown(picture.beyond_x_mm, picture.beyond_y_mm)
    clip = _points(bleed.left_mm, bleed.bottom_mm, bleed.width_mm, bleed.height_mm)
    if turned:
        matrix = _points(-whole.width_mm, 0, 0, -whole.height_mm, whole.right_mm, whole.top_mm)
    else:
        matrix = _points(whole.width_mm, 0, 0, whole.height_mm, whole.left_mm, whole.bottom_mm)
    return f"q {clip} re W n {matrix} cm /{_name(picture)} Do Q"


def _drawn_marks(marks: Sequence[Mark]) -> str:
    lines = (f"{_points(m.x1_mm, m.y1_mm)} m {_points(m.x2_mm, m.y2_mm)} l S" for m in marks)
    return "\n".join((f"0 G {number(MARK_WEIGHT_PT)} w", *lines))


def _name(picture: _Picture) -> str:
    return f"I{picture.ref.number}"


def _box(area: Area) -> list[Value]:
    return [v * _PT_PER_MM for v in (area.left_mm, area.bottom_mm, area.right_mm, area.top_mm)]


def _points(*lengths_mm: float) -> str:
    return " ".join(number(length_mm * _PT_PER_MM) for length_mm in lengths_mm)
