"""The import: what a producer's two files become, and what happens when they are dirty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import sqlalchemy as db
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deckport_assets.catalog.cards import all_cards, find_card
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.dirt import Dirt, Severity
from deckport_assets.catalog.importing import Imported, import_catalog
from deckport_assets.catalog.prompts import Origin, add_prompt, prompts_that_count
from deckport_assets.catalog.tables import cards as cards_table
from deckport_assets.catalog.validation import legacy_slug
from deckport_assets.errors import BadSource, Refused
from tests.catalog_source import art, card, write_source

Import = Callable[..., Imported]


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Import:
    def run(cards: list[dict[str, str]], arts: list[dict[str, str]] | None = None, *, retire: bool = False) -> Imported:
        return import_catalog(database, tmp_path, *write_source(tmp_path / "source", cards, arts), retire=retire)

    return run


def state(database: Database) -> list[Mapping[str, object]]:
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(db.select(cards_table)).mappings()]


def found(imported: Imported, severity: Severity = Severity.ERROR) -> list[Dirt]:
    return [dirt for dirt in imported.dirt if dirt.severity is severity]


def test_two_files_become_cards_with_prompts_and_numbers(run: Import, database: Database) -> None:
    imported = run([card("sky-voyager"), card("pyre-warden", mana_color_code="CRIMSON"), card("star-seeker")])

    assert imported.summary == {
        "cards": 3, "added": 3, "changed": 0, "unchanged": 0, "retired": 0, "rejected": 0,
        "with_prompt": 3, "without_prompt": 0, "art_without_card": 0,
    }  # fmt: skip
    with database.reading() as connection:
        assert [(c.sku, c.slug) for c in all_cards(connection)] == [
            ("AZURE-001", "sky-voyager"),
            ("AZURE-002", "star-seeker"),
            ("CRIMSON-001", "pyre-warden"),
        ]
        assert prompts_that_count(connection, ["star-seeker"])["star-seeker"].origin is Origin.SOURCE


def test_the_same_files_again_change_nothing(run: Import, database: Database) -> None:
    cards = [card("sky-voyager"), card("star-seeker")]
    run(cards)
    before = state(database)

    again = run(cards)

    assert (again.summary["unchanged"], again.summary["added"], again.summary["changed"]) == (2, 0, 0)
    assert state(database) == before


def test_a_changed_text_changes_one_card_and_keeps_its_number(run: Import, database: Database) -> None:
    run([card("sky-voyager"), card("star-seeker")])

    imported = run([card("sky-voyager"), card("star-seeker", rules_text="Fly.")])

    assert imported.changed_cards == ("star-seeker",)
    with database.reading() as connection:
        changed = find_card(connection, "azure-002")
    assert changed is not None
    assert (changed.slug, changed.rules_text) == ("star-seeker", "Fly.")


def test_a_card_that_left_is_retired_and_its_number_never_given_again(run: Import, database: Database) -> None:
    many = [card(f"card-{n}") for n in range(12)]
    run(many)

    imported = run([*many[:11], card("newcomer")])

    assert (imported.summary["retired"], imported.summary["added"]) == (1, 1)
    with database.reading() as connection:
        assert find_card(connection, "AZURE-012").retired  # type: ignore[union-attr]
        assert find_card(connection, "newcomer").sku == "AZURE-013"  # type: ignore[union-attr]
    assert run([*many[:11], card("newcomer"), many[11]]).summary["changed"] == 1, "it comes back as it was"


def test_retiring_much_of_the_catalog_needs_a_word(run: Import, database: Database) -> None:
    many = [card(f"card-{n}") for n in range(12)]
    run(many)
    before = state(database)

    with pytest.raises(Refused, match="6 of 12 cards") as refused:
        run(many[:6])
    assert "--retire" in refused.value.remedy
    assert state(database) == before

    assert run(many[:6], retire=True).summary["retired"] == 6


def test_two_cards_may_swap_their_names(run: Import, database: Database) -> None:
    run([card("one", name="Light Amulet"), card("two", name="Dark Amulet")])

    imported = run([card("one", name="Dark Amulet"), card("two", name="Light Amulet")])

    assert imported.summary["changed"] == 2
    with database.reading() as connection:
        assert find_card(connection, "one").legacy_slug == "dark_amulet"  # type: ignore[union-attr]


def test_odd_but_good_rows_are_read_without_complaint(run: Import, tmp_path: Path, database: Database) -> None:
    odd = [
        card("na", name="NA"),
        card("null", name="Null"),
        card("han", name='时之钥 "x"'),
        card("s", name="Saint’s Aegis"),
    ]
    gameplay, art_file = write_source(tmp_path / "odd", odd)
    for path in (gameplay, art_file):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    imported = import_catalog(database, tmp_path, gameplay, art_file)

    assert imported.summary["cards"] == imported.summary["with_prompt"] == 4
    with database.reading() as connection:
        assert {c.name for c in all_cards(connection)} == {"NA", "Null", '时之钥 "x"', "Saint’s Aegis"}


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("mana_color_code", "MAUVE", "One of CRIMSON"),
        ("category", "", "One of CREATURE"),
        ("rarity", "SHINY", "One of COMMON"),
        ("slug", "../../etc", "Letters, digits"),
        ("slug", "", "Every card has a slug"),
        ("name", "", "Every card has a name"),
        ("mana_cost", "six", "whole number"),
        ("health", "", "whole number"),
        ("attack", "-1", "whole number"),
        ("effects_json", "[{", "Valid JSON"),
        ("abilities_json", "[" * 100_000, "Valid JSON"),
    ],
)
def test_a_bad_row_is_rejected_with_its_place_and_the_rest_is_imported(
    run: Import, column: str, value: str, expected: str
) -> None:
    imported = run([card("good-1"), card("bad") | {column: value}, card("good-2")], [art("Good 1"), art("Good 2")])

    assert (imported.summary["cards"], imported.summary["rejected"]) == (2, 1)
    (dirt,) = found(imported)
    assert (dirt.file, dirt.line, dirt.column) == ("cards_gameplay.csv", 3, column)
    assert expected in dirt.expected
    assert dirt.remedy
    assert "cards_gameplay.csv" in imported.report.read_text()


def test_a_rejected_row_leaves_its_card_as_it_was(run: Import, database: Database) -> None:
    run([card("sky-voyager"), card("star-seeker")])

    imported = run([card("sky-voyager"), card("star-seeker", mana_color_code="MAUVE")])

    assert (imported.summary["rejected"], imported.summary["retired"]) == (1, 0)
    with database.reading() as connection:
        assert not find_card(connection, "star-seeker").retired  # type: ignore[union-attr]


def test_of_duplicates_the_first_row_wins(run: Import) -> None:
    rows = [
        card("a", name="One"),
        card("a", name="Two"),
        card("b", name="One"),
        card("c", name="O'ne"),
        card("d", name="one"),
    ]

    imported = run(rows, [art("One"), art("One")])

    assert imported.summary["cards"] == 1
    told = [(dirt.file, dirt.line, dirt.column) for dirt in found(imported)]
    assert ("cards_gameplay.csv", 3, "slug") in told
    assert ("cards_gameplay.csv", 4, "name") in told
    assert ("cards_gameplay.csv", 5, "name") in told, "its file name would be that of another card"
    assert ("cards_art.csv", 3, "name") in told


def test_warnings_name_what_a_person_should_look_at(run: Import) -> None:
    cards = [card("sky-voyager"), card("star-seeker", rules_text="x" * 10_000), card("lone-card")]
    arts = [
        art("Sky Voyager", mana_cost="5"),
        art("Star Seeker", image_prompt="Depict ‘Sky Voyager’ over the sea, in azure light."),
        art("Nobody"),
    ]

    imported = run(cards, arts)

    assert imported.summary["rejected"] == 0
    assert imported.summary["without_prompt"] == imported.summary["art_without_card"] == 1
    told = {(dirt.file, dirt.column, dirt.card) for dirt in found(imported, Severity.WARNING)}
    assert told == {
        ("cards_gameplay.csv", "mana_cost", "sky-voyager"),
        ("cards_gameplay.csv", "rules_text", "star-seeker"),
        ("cards_art.csv", "image_prompt", "Star Seeker"),
        ("cards_gameplay.csv", "image_prompt", "lone-card"),
        ("cards_art.csv", "name", "Nobody"),
    }


def test_a_persons_prompt_is_never_displaced(run: Import, database: Database) -> None:
    run([card("sky-voyager")])
    with database.writing() as connection:
        add_prompt(connection, "sky-voyager", Origin.HUMAN, "My own words.", author="Ada")

    run([card("sky-voyager")], [art("Sky Voyager", image_prompt="Other words of the source, azure Sky Voyager.")])

    with database.reading() as connection:
        counting = prompts_that_count(connection, ["sky-voyager"])["sky-voyager"]
    assert (counting.origin, counting.text) == (Origin.HUMAN, "My own words.")


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"", 1, "empty"),
        (b"slug,name\nx,y\n", 1, "missing columns category"),
        ("slug,name\nx,Café\n".encode("latin-1"), 2, "not UTF-8"),
        ("slug,name\nx,y\n".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    run: Import, database: Database, tmp_path: Path, content: bytes, line: int, what: str
) -> None:
    run([card("sky-voyager")])
    before = state(database)
    gameplay, art_file = write_source(tmp_path / "second", [card("star-seeker")])
    gameplay.write_bytes(content)

    with pytest.raises(BadSource, match=f"cards_gameplay.csv, line {line}: .*{what}") as refused:
        import_catalog(database, tmp_path, gameplay, art_file)
    assert refused.value.remedy
    assert state(database) == before


def test_a_quote_that_is_never_closed_names_the_line_where_its_record_begins(
    database: Database, tmp_path: Path
) -> None:
    gameplay, art_file = write_source(tmp_path / "source", [card("a"), card("b"), card("c")])
    gameplay.write_text(gameplay.read_text().replace("b,B,", 'b,"B,'))

    with pytest.raises(BadSource, match=r"line 3"):
        import_catalog(database, tmp_path, gameplay, art_file)


@given(name=st.text(min_size=1, max_size=40).filter(lambda text: bool(text.strip())))
def test_a_legacy_file_name_never_leaves_its_folder(name: str) -> None:
    assert "/" not in legacy_slug(name)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cells=st.lists(st.text(max_size=30).filter(lambda t: "\0" not in t and "\r" not in t), min_size=5, max_size=5))
def test_any_text_in_any_cell_is_imported_or_named_never_a_crash(
    database: Database, tmp_path: Path, cells: list[str]
) -> None:
    columns = ("name", "mana_cost", "effects_json", "rules_text", "keywords")
    try:
        row = card("any") | dict(zip(columns, cells, strict=True))
        source = write_source(tmp_path / "any", [card("good"), row])
        imported = import_catalog(database, tmp_path, *source, retire=True)
    except (BadSource, UnicodeEncodeError):
        return
    assert imported.summary["cards"] + imported.summary["rejected"] >= 2
