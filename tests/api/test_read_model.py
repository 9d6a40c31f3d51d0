"""The read model follows the catalog, and takes over what has not changed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api import live_catalog
from api.read_model import build
from deckport_assets.catalog import versions
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.prompts import Origin, add_prompt
from deckport_assets.catalog.recipes import COMPOSITE
from deckport_assets.catalog.reviewing import judge
from deckport_assets.catalog.tables import cards as cards_table
from deckport_assets.catalog.tables import recipes
from tests.api.stock import FAILED, MADE, PICTURED, Stock, cards
from tests.catalog_source import write_source

ONE = "/v1/catalog/cards/AZURE-001"


def test_a_change_is_seen_within_a_second_or_so(own_client: TestClient, own_stock: Stock) -> None:
    before = own_client.get(ONE)
    own_stock.make(MADE, "cards/composite", colour="red", draft=False)
    until = time.monotonic() + 3
    while (after := own_client.get(ONE)).headers["etag"] == before.headers["etag"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert after.json()["images"]["png"]["sha256"] != before.json()["images"]["png"]["sha256"]
    assert after.json()["content_hash"] != before.json()["content_hash"]
    assert after.json()["updated_at"] > before.json()["updated_at"]


def test_the_counter_is_read_at_most_once_a_second(own_stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    read = live_catalog.version_number
    monkeypatch.setattr(live_catalog, "version_number", lambda c: asked.append(1) or read(c))  # type: ignore[func-returns-value]
    from api.app import create_app

    with TestClient(create_app(own_stock.settings, requests_per_minute=10_000)) as client:
        for _ in range(200):
            assert client.get(ONE).status_code == 200
    assert len(asked) <= 2


def test_only_cards_that_changed_are_built_anew(own_stock: Stock) -> None:
    with own_stock.database.reading() as connection:
        first = build(connection)
    own_stock.make(PICTURED, "cards/composite")
    with own_stock.database.reading() as connection:
        second = build(connection, first)
    changed = {slug for slug, record in second.records.items() if record is not first.records[slug]}
    assert changed == {PICTURED} and second.number > first.number


@pytest.mark.parametrize("change", ["facts", "review", "prompt", "failure settled", "withdrawn", "rolled back"])
def test_every_kind_of_change_reaches_the_model(own_stock: Stock, change: str) -> None:
    slug = FAILED if change == "failure settled" else MADE
    own_stock.make(MADE, "cards/artwork", colour="red")
    with own_stock.database.reading() as connection:
        first = build(connection)
    with own_stock.database.writing() as connection:
        if change == "review":
            judge(connection, "cards/artwork", MADE, versions.Review.REJECTED, "mara")
        elif change == "prompt":
            add_prompt(connection, MADE, Origin.HUMAN, "a moon")
        elif change == "failure settled":
            connection.exec_driver_sql("DELETE FROM failures")
        elif change == "withdrawn":
            versions.withdraw(connection, COMPOSITE, MADE)
        elif change == "rolled back":
            versions.roll_back(connection, "cards/artwork", MADE)
    if change == "facts":
        other = [row | ({"attack": "8"} if row["slug"] == MADE else {}) for row in cards()[:-1]]
        home = own_stock.settings.home
        import_catalog(own_stock.database, home, *write_source(home / "source", other))
    with own_stock.database.reading() as connection:
        second = build(connection, first)
        fresh = build(connection)
    assert second.records[slug] is not first.records[slug]
    assert {s: r.detail.body for s, r in second.records.items()} == {s: r.detail.body for s, r in fresh.records.items()}


def test_it_reads_the_same_from_both_databases(database: Database, tmp_path: Path) -> None:
    import_catalog(database, tmp_path, *write_source(tmp_path / "source", cards()))
    catalog = live_catalog.LiveCatalog(database.url)
    catalog.refresh().result()
    assert catalog.model is not None and len(catalog.model.living) == 27 and catalog.refused is None
    catalog.close()


def test_another_recipe_makes_all_its_cards_stale(own_stock: Stock) -> None:
    with own_stock.database.reading() as connection:
        first = build(connection)
    assert first.records[MADE].image_status == "ok"
    with own_stock.database.writing() as connection:
        connection.execute(recipes.insert().values(asset=COMPOSITE, code_version="another"))
    with own_stock.database.reading() as connection:
        assert build(connection, first).records[MADE].image_status == "stale"


def test_c12_one_malformed_card_breaks_nothing(own_stock: Stock) -> None:
    with own_stock.database.writing() as connection:
        broken = cards_table.update().where(cards_table.c.slug == MADE)
        connection.execute(broken.values(abilities_json='{"a": NaN}', effects_json="{", attack=None))
    with TestClient(_app(own_stock)) as client:
        card = client.get(ONE).json()
        assert (card["abilities"], card["effects"], card["attack"]) == ([], None, None)
        assert client.get("/v1/catalog/filters").status_code == 200
        assert client.get("/v1/catalog/cards?attack_min=0").json()["total"] == 25


def test_replies_are_forgotten_before_they_fill_the_memory(own_stock: Stock) -> None:
    with own_stock.database.reading() as connection:
        model = build(connection)
    entity = model.records[MADE].detail
    big = type(entity)(b"x" * 9_000_000)
    for number in range(5):
        model.keep(f"cards?{number}", big)
    assert model.kept("cards?0") is None and model.kept("cards?4") is big


def test_a_record_is_a_value(own_stock: Stock) -> None:
    with own_stock.database.reading() as connection:
        record = build(connection).records[MADE]
    assert replace(record) == record and record.statuses == ["made", "draft"]


def _app(stock: Stock) -> object:
    from api.app import create_app

    return create_app(stock.settings, requests_per_minute=10_000)
