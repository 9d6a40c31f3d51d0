"""Where cards lie: inside the paper, their bleeds apart, each back behind its front, marks clear of everything."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deckport_assets.studio.print.geometry import (
    A4,
    BLEED_MM,
    CARD_HEIGHT_MM,
    CARD_WIDTH_MM,
    LETTER,
    MARK_GAP_MM,
    MARK_MM,
    Area,
    Flip,
    Paper,
    crop_marks,
)

EDGE_MM = BLEED_MM + MARK_GAP_MM + MARK_MM


@st.composite
def any_paper(draw: st.DrawFn) -> Paper:
    """A paper that has room for its cards and their marks."""
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    wide, high = draw(st.floats(0, 300)), draw(st.floats(0, 300))
    width_mm = columns * (CARD_WIDTH_MM + 2 * BLEED_MM) + 2 * EDGE_MM + wide
    height_mm = rows * (CARD_HEIGHT_MM + 2 * BLEED_MM) + 2 * EDGE_MM + high
    return Paper("any", width_mm, height_mm, columns, rows)


papers = st.one_of(st.sampled_from([A4, LETTER]), any_paper())


@given(papers)
def test_every_bleed_is_on_the_paper_and_none_lies_on_another(paper: Paper) -> None:
    sheet = Area(0, 0, paper.width_mm, paper.height_mm)
    bleeds = [trim.grown(BLEED_MM) for trim in paper.trims()]
    assert len(bleeds) == paper.cards
    assert not any(one.overlaps(other) for one, other in combinations(bleeds, 2))
    for bleed in bleeds:
        assert sheet.left_mm <= bleed.left_mm and bleed.right_mm <= sheet.right_mm
        assert sheet.bottom_mm <= bleed.bottom_mm and bleed.top_mm <= sheet.top_mm


@given(papers, st.sampled_from(Flip))
def test_a_back_is_behind_its_front_when_the_sheet_is_flipped(paper: Paper, flip: Flip) -> None:
    """The flip is done as a printer does it: about the middle line that is parallel to the edge."""
    portrait = paper.height_mm >= paper.width_mm
    about_upright_line = portrait if flip is Flip.LONG else not portrait
    for trim in paper.trims():
        back = paper.behind(trim, flip)
        if about_upright_line:
            seen_left, seen_bottom = paper.width_mm - back.right_mm, back.bottom_mm
        else:
            seen_left, seen_bottom = back.left_mm, paper.height_mm - back.top_mm
        assert (seen_left, seen_bottom) == pytest.approx((trim.left_mm, trim.bottom_mm))
        assert paper.behind(back, flip).left_mm == pytest.approx(trim.left_mm)
        assert paper.turns_backs(flip) is not about_upright_line


@given(papers, st.integers(1, 16), st.sampled_from(Flip))
def test_a_mark_is_in_line_with_a_trim_and_touches_no_bleed(paper: Paper, used: int, flip: Flip) -> None:
    fronts = paper.trims()[:used]
    for trims in (fronts, [paper.behind(trim, flip) for trim in fronts]):
        marks = crop_marks(trims)
        bleeds = [trim.grown(BLEED_MM) for trim in trims]
        assert not any(mark.crosses(bleed) for mark in marks for bleed in bleeds)
        uprights = {edge for t in trims for edge in (t.left_mm, t.right_mm)}
        levels = {edge for t in trims for edge in (t.bottom_mm, t.top_mm)}
        assert {m.x1_mm for m in marks if m.x1_mm == m.x2_mm} == uprights  # each cut is marked
        assert {m.y1_mm for m in marks if m.y1_mm == m.y2_mm} == levels
        for mark in marks:
            assert min(mark.x1_mm, mark.x2_mm) >= 0 and max(mark.x1_mm, mark.x2_mm) <= paper.width_mm
            assert min(mark.y1_mm, mark.y2_mm) >= 0 and max(mark.y1_mm, mark.y2_mm) <= paper.height_mm


@pytest.mark.parametrize(("paper", "cards", "marks"), [(A4, 9, 24), (LETTER, 8, 24)])
def test_the_two_papers(paper: Paper, cards: int, marks: int) -> None:
    trims = paper.trims()
    assert len(trims) == cards
    assert trims[1].left_mm - trims[0].right_mm == pytest.approx(3)
    assert trims[0].bottom_mm - trims[paper.columns].top_mm == pytest.approx(3)
    assert trims[0].top_mm == max(trim.top_mm for trim in trims)  # read from the left upper corner
    assert len(crop_marks(trims)) == marks  # a full sheet is marked all around, at both ends of each cut


def test_a_card_alone_has_all_eight_marks() -> None:
    assert len(crop_marks(A4.trims()[:1])) == 8
