"""What is due: the table of design, row by row, for a paid asset and for a free one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deckport_assets.catalog.recipes import ARTWORK, ASSETS, COMPOSITE, RECIPES
from deckport_assets.catalog.standing import Found, Order, Selection, Standing, standing
from deckport_assets.errors import Refused

NOW = {"cards/facts": "a", "cards/artwork": "b"}
TABLE = {
    #                     fresh  stale  failed draft  missing rejected   of a paid asset (artwork)
    Selection.MISSING: (False, False, False, False, True, True),
    Selection.FAILED: (False, False, True, False, False, False),
    Selection.STALE: (False, False, False, False, False, False),
    Selection.DRAFTS: (False, False, False, True, False, False),
    Selection.REJECTED: (False, False, False, False, False, True),
    Selection.ALL: (False, False, True, False, True, True),
    Selection.NAMED: (False, True, True, False, True, True),
}
STANDINGS = (Standing.FRESH, Standing.STALE, Standing.FAILED, Standing.DRAFT, Standing.MISSING, Standing.REJECTED)


@pytest.mark.parametrize("selection", list(Selection))
def test_each_selection_asks_for_what_its_row_says(selection: Selection) -> None:
    order = Order(selection, real=frozenset({ARTWORK}))
    assert tuple(order.is_due(RECIPES[ARTWORK], stands) for stands in STANDINGS) == TABLE[selection]


def test_stale_and_all_make_rendering_anew_because_it_is_free() -> None:
    assert Order(Selection.STALE).is_due(RECIPES[COMPOSITE], Standing.STALE)
    assert Order(Selection.ALL).is_due(RECIPES[COMPOSITE], Standing.STALE)


def test_a_draft_is_replaced_by_a_real_provider_only() -> None:
    assert not Order(Selection.DRAFTS).is_due(RECIPES[ARTWORK], Standing.DRAFT)


@pytest.mark.parametrize("asset", ASSETS)
def test_a_retired_card_is_never_due(asset: str) -> None:
    for selection in Selection:
        assert not Order(selection, frozenset(ASSETS), frozenset(ASSETS)).is_due(RECIPES[asset], Standing.RETIRED)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Found(NOW), Standing.MISSING),
        (Found(NOW, exists=True, inputs=NOW, code_version="1"), Standing.FRESH),
        (Found(NOW, exists=True, inputs=NOW, code_version="1", draft=True), Standing.DRAFT),
        (Found(NOW, exists=True, inputs=NOW | {"cards/artwork": "c"}, code_version="1"), Standing.STALE),
        (Found(NOW, exists=True, inputs=NOW, code_version="0"), Standing.STALE),
        (Found(NOW, exists=True, inputs=NOW, code_version="1", rejected=True), Standing.REJECTED),
        (Found(NOW, exists=True, inputs=NOW, code_version="1", failed=True), Standing.FAILED),
        (Found(NOW, exists=True, inputs=NOW, code_version="1", retired=True, failed=True), Standing.RETIRED),
    ],
)
def test_how_a_composite_stands(found: Found, expected: Standing) -> None:
    assert standing(RECIPES[COMPOSITE], found, "1") is expected


def test_artwork_does_not_follow_its_code_because_that_would_draw_the_catalog_again() -> None:
    old = Found(NOW, exists=True, inputs=NOW, code_version="0")
    assert standing(RECIPES[ARTWORK], old, "1") is Standing.FRESH


@given(redraw=st.frozensets(st.sampled_from(ASSETS)))
def test_an_order_survives_its_journey_through_a_runs_tags(redraw: frozenset[str]) -> None:
    assert Order.of_tags(Order(Selection.MISSING, redraw).tags(), ASSETS).redraw == redraw


def test_a_tag_that_means_nothing_is_refused_with_the_words_that_do() -> None:
    with pytest.raises(Refused, match="'everything'") as refused:
        Order.of_tags({"deckport/select": "everything"}, ASSETS)
    assert "missing" in refused.value.remedy
