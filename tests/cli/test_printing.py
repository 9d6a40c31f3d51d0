"""deckport print, as a producer types it: real cards in a real catalog, their composites plain so that it is quick."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from deckport_assets import cli
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.line import looks
from deckport_assets.catalog.recipes import COMPOSITE, RECIPES
from deckport_assets.catalog.versions import Version, record
from deckport_assets.errors import BadDeck, BadImage, BadProfile, Damaged, DeckportError, Refused, WaitsForInput
from deckport_assets.media import MediaStore
from deckport_assets.settings import settings
from deckport_assets.studio.encoding import png
from tests.catalog_source import card, write_source
from tests.studio.print.press import press_profile

Type = Callable[..., Result]

MADE = ("alder-wolf", "briar-gate", "cinder-cat")
UNMADE = "dusk-owl"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A catalog of four cards: one real, one a draft, one stale, one never made."""
    settings.cache_clear()
    chosen = settings()
    database = Database(chosen.catalog_url)
    database.migrate()
    rows = [card(slug) for slug in (*MADE, UNMADE)]
    rows[1] |= {"mana_color_code": "CRIMSON"}
    import_catalog(database, chosen.home, *write_source(tmp_path / "source", rows))
    store = MediaStore(chosen.media_location)
    with database.writing() as connection:
        inputs = {slug: look.inputs(RECIPES[COMPOSITE]) for slug, look in looks(connection, [COMPOSITE], MADE).items()}
        inputs["cinder-cat"] = {"cards/facts": "other"}
        for shade, slug in enumerate(MADE):
            file = store.put(COMPOSITE, slug, png(np.full((2100, 1500, 3), 50 + shade, np.uint8)), "png")
            made = Version(COMPOSITE, slug, file.sha256, file.path, file.media_type, file.bytes, "data", "1", "studio",
                           width_px=1500, height_px=2100, draft=slug == "briar-gate", inputs=inputs[slug])  # fmt: skip
            record(connection, [made])
    database.close()
    return chosen.home


@pytest.fixture
def type_(home: Path) -> Type:
    """Type a command."""

    def type_(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(cli.deckport, ["print", *(str(word) for word in words)])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return type_


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(type_: Type, *words: object) -> DeckportError:
    error = type_(*words, code=1).exception
    assert isinstance(error, DeckportError) and error.remedy
    return error


def composite_of(home: Path, slug: str) -> Path:
    (file,) = (home / "media" / "cards" / "composite" / slug).iterdir()
    return file


def test_sheets_of_some_cards_with_copies(type_: Type, tmp_path: Path) -> None:
    out = tmp_path / "out" / "cards.pdf"
    printed = told(type_("alder-wolf", "CRIMSON-001", "azure-001", "--copies", "5", "--pdf", out, "--json"))
    assert printed == {
        "cards": 2, "copies": 10, "sheets": 2, "pages": 4, "singles": 0, "bytes": out.stat().st_size, "drafts": 1,
        "stale": 0, "missing": [], "pdf": str(out), "folder": None,
    }  # fmt: skip
    with pikepdf.open(out) as opened:
        assert len(opened.pages) == 4
    assert [file.name for file in out.parent.iterdir()] == ["cards.pdf"]
    before = out.read_bytes()
    type_("alder-wolf", "briar-gate", "--copies", "5", "--pdf", out)
    assert out.read_bytes() == before


def test_the_same_selection_as_produce_and_what_is_said(type_: Type, tmp_path: Path) -> None:
    said = type_("--colour", "azure", "--skip-missing", "--no-backs", "--paper", "letter", "--pdf", tmp_path / "a.pdf")
    assert "2 cards (2 different) on 1 sheets, 1 pages" in said.stdout
    assert "1 are stale" in said.stdout and "drafts" not in said.stdout and "1 were left out" in said.stdout
    assert "dusk-owl: its composite was never made" in said.stderr
    assert "1 of the 1 cards are drafts" in type_("--colour", "crimson", "--pdf", tmp_path / "b.pdf").stdout


def test_a_deck_says_how_many_of_each(type_: Type, tmp_path: Path) -> None:
    deck = tmp_path / "deck.txt"
    deck.write_text("# mine\n3 Alder Wolf\n2x briar-gate\nCRIMSON-001\n", encoding="utf-8")
    printed = told(type_("--deck", deck, "--pdf", tmp_path / "deck.pdf", "--json"))
    assert (printed["cards"], printed["copies"]) == (2, 6)

    deck.write_text("3 Alder Wulf\nnothing\n", encoding="utf-8")
    error = refused(type_, "--deck", deck, "--pdf", tmp_path / "deck.pdf")
    assert isinstance(error, BadDeck)
    assert "deck.txt:1" in str(error) and "Is Alder Wolf meant?" in str(error) and "deck.txt:2" in str(error)
    deck.write_bytes(b"\xff\xfe3\0")
    assert "UTF-8" in str(refused(type_, "--deck", deck, "--pdf", tmp_path / "deck.pdf"))


def test_single_files_for_a_print_service(type_: Type, tmp_path: Path) -> None:
    folder = tmp_path / "singles"
    words = ("alder-wolf", "briar-gate", "--singles", folder, "--format", "tiff", "--dpi", "600", "--json")
    assert told(type_(*words))["singles"] == 2
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["AZURE-001-alder-wolf.tiff", "CRIMSON-001-briar-gate.tiff"]
    with Image.open(folder / names[0]) as picture:
        assert picture.size == (1650, 2250) and picture.getpixel((0, 0)) == (50, 50, 50)

    both = told(type_("alder-wolf", "--singles", folder, "--pdf", tmp_path / "one.pdf", "--json"))
    png_file = folder / "AZURE-001-alder-wolf.png"
    assert both["bytes"] == (tmp_path / "one.pdf").stat().st_size + png_file.stat().st_size
    with Image.open(png_file) as picture:
        assert picture.size == (825, 1125)


def test_when_a_card_cannot_be_printed_nothing_is(type_: Type, home: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "cards.pdf", tmp_path / "singles"
    out.write_bytes(b"the sheets of yesterday")
    error = refused(type_, "--pdf", out, "--singles", folder)
    assert isinstance(error, WaitsForInput)
    assert "1 of 4 cards cannot be printed: dusk-owl" in str(error)
    assert error.remedy.startswith("deckport produce dusk-owl")

    damaged = composite_of(home, "briar-gate")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    composite_of(home, "cinder-cat").unlink()
    error = refused(type_, "--pdf", out, "--singles", folder)
    assert isinstance(error, Damaged)
    assert "3 of 4 cards cannot be printed: dusk-owl, cinder-cat, briar-gate" in str(error)
    assert error.remedy.startswith("deckport produce dusk-owl; deckport verify --repair, then deckport retry")
    assert out.read_bytes() == b"the sheets of yesterday" and not folder.exists()

    printed = told(type_("--pdf", out, "--skip-missing", "--json"))
    assert (printed["cards"], printed["missing"]) == (1, ["dusk-owl", "cinder-cat", "briar-gate"])
    assert isinstance(refused(type_, "dusk-owl", "--pdf", out, "--skip-missing"), WaitsForInput)


def test_another_back_and_a_printing_condition(type_: Type, tmp_path: Path) -> None:
    back, icc = tmp_path / "back.png", tmp_path / "press.icc"
    Image.new("RGBA", (250, 350), (10, 200, 30, 255)).save(back)
    icc.write_bytes(press_profile())
    type_("alder-wolf", "--back", back, "--icc", icc, "--pdf", tmp_path / "a.pdf")
    with pikepdf.open(tmp_path / "a.pdf") as opened:
        assert opened.Root.OutputIntents[0].DestOutputProfile.read_bytes() == press_profile()
        (picture,) = opened.pages[1].Resources.XObject.values()
        assert picture.ColorSpace == "/DeviceCMYK" and int(picture.Width) < 300

    Image.new("RGB", (300, 300)).save(back)
    error = refused(type_, "alder-wolf", "--back", back, "--pdf", tmp_path / "b.pdf")
    assert isinstance(error, BadImage) and "back.png" in str(error)
    icc.write_bytes(b"no profile")
    error = refused(type_, "alder-wolf", "--icc", icc, "--pdf", tmp_path / "b.pdf")
    assert isinstance(error, BadProfile) and "press.icc" in str(error)
    assert not (tmp_path / "b.pdf").exists()


def test_what_cannot_be_meant_is_refused(type_: Type, tmp_path: Path) -> None:
    deck, icc, out = tmp_path / "deck.txt", tmp_path / "press.icc", tmp_path / "a.pdf"
    deck.write_text("Alder Wolf", encoding="utf-8")
    icc.write_bytes(press_profile())
    for words, what in (
        (("alder-wolf",), "what to write"),
        (("nobody", "--pdf", out), "no card 'nobody'"),
        (("--set", "nowhere", "--pdf", out), "no set 'nowhere'"),
        (("--colour", "verdant", "--pdf", out), "no card to print"),
        (("--deck", deck, "--copies", "2", "--pdf", out), "--deck says"),
        (("--no-backs", "--back", icc, "--pdf", out), "contradict"),
        (("alder-wolf", "--icc", icc, "--singles", tmp_path / "s"), "no CMYK"),
        (("alder-wolf", "--pdf", deck / "a.pdf"), "cannot be written"),
        (("alder-wolf", "--pdf", "/proc/a.pdf"), "cannot be written"),
    ):
        error = refused(type_, *words)
        assert isinstance(error, Refused) and what in str(error), words
    assert not out.exists() and not (tmp_path / "s").exists()
