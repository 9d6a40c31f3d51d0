"""The ledger: a ceiling is set aside before a call, its cost settled after, and no budget is ever crossed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from deckport_assets.catalog import ledger
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.ledger import Budgets, Call, Entry, Spent, costs, reserve, spent
from deckport_assets.errors import MoneySetAside, NeedsMoney, Refused

CALL = Call(
    "claude", "cards/prompt", "moth", holder="run", ceiling_microusd=1_000, expected_microusd=400, model="haiku"
)
CENT = Budgets(total_microusd=10_000)


def ask(database: Database, call: Call = CALL, budgets: Budgets = CENT) -> int:
    with database.writing() as connection:
        return reserve(connection, call, budgets)


def pay(database: Database, number: int, cost_microusd: int) -> None:
    with database.writing() as connection:
        ledger.sent(connection, number)
        ledger.settle(connection, number, cost_microusd, usage={"input_tokens": 9}, prices="library 1")


def total(database: Database) -> int:
    with database.reading() as connection:
        return spent(connection).total_microusd


def test_a_call_counts_with_its_ceiling_until_it_is_settled(database: Database) -> None:
    number = ask(database)
    assert total(database) == 1_000
    pay(database, number, 380)
    assert total(database) == 380


def test_what_was_refused_costs_nothing_and_what_was_never_answered_its_ceiling(database: Database) -> None:
    refused, silent = ask(database), ask(database)
    with database.writing() as connection:
        ledger.release(connection, refused, "429")
        ledger.sent(connection, silent)
        ledger.lose(connection, silent, "no answer")
    assert total(database) == 1_000
    with database.writing() as connection:
        ledger.release(connection, silent, "too late to say that it was refused")
    assert total(database) == 1_000


def test_calls_are_counted_by_service_and_by_how_far_they_are(database: Database) -> None:
    pay(database, ask(database), 380)
    ask(database)
    ask(database, replace(CALL, service="elevenlabs"))
    with database.reading() as connection:
        assert ledger.calls_by_state(connection) == {
            ("claude", Entry.RESERVED): 1, ("claude", Entry.SETTLED): 1, ("elevenlabs", Entry.RESERVED): 1,
        }  # fmt: skip


def test_a_budget_of_one_cent_is_not_crossed_and_goes_on_when_it_is_raised(database: Database) -> None:
    taken = [ask(database) for _ in range(10)]
    with pytest.raises(NeedsMoney, match=r"DECKPORT_BUDGET_TOTAL_USD is \$0.01") as refused:
        ask(database)
    assert "Raise DECKPORT_BUDGET_TOTAL_USD" in refused.value.remedy
    for number in taken:
        pay(database, number, 400)
    while total(database) + CALL.ceiling_microusd <= 10_000:
        pay(database, ask(database), 400)
    with pytest.raises(NeedsMoney):
        ask(database)
    assert ask(database, budgets=Budgets(total_microusd=20_000))


def test_an_order_and_a_day_have_budgets_of_their_own(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = replace(CALL, order_id="one"), replace(CALL, order_id="other")
    narrow = Budgets(day_microusd=2_000, order_microusd=1_000)
    ask(database, one, narrow)
    with pytest.raises(NeedsMoney, match="BUDGET_RUN"):
        ask(database, one, narrow)
    ask(database, other, narrow)
    with pytest.raises(NeedsMoney, match="BUDGET_DAY"):
        ask(database, CALL, narrow)
    monkeypatch.setattr(ledger, "day_of", lambda moment: "2030-01-01")
    ask(database, replace(CALL, order_id="tomorrow's"), narrow)
    with database.reading() as connection:
        assert spent(connection, "one") == Spent(1_000, 1_000, 3_000)


def test_many_at_once_do_not_cross_it_together(database: Database) -> None:
    def one(_: int) -> int:
        try:
            return ask(database)
        except NeedsMoney:
            return 0

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(one, range(24)))
    assert sum(number > 0 for number in got) == 10


def test_what_a_killed_process_had_sent_is_unknown_and_the_rest_is_given_back(database: Database) -> None:
    mine, theirs = replace(CALL, holder="living"), replace(CALL, holder="dead")
    numbers = [ask(database, mine), ask(database, theirs), ask(database, theirs)]
    with database.writing() as connection:
        ledger.sent(connection, numbers[1])
        assert ledger.give_up_for(connection, lambda holder: holder == "dead") == (1, 1)
    assert total(database) == 2_000
    with database.reading() as connection:
        (row,) = costs(connection, "service")
    assert (row.unknown_calls, row.unknown_microusd, row.open_microusd) == (1, 1_000, 1_000)


def test_a_person_says_what_an_unanswered_call_has_cost_and_may_correct_it(database: Database) -> None:
    number, answered = ask(database), ask(database)
    pay(database, answered, 380)
    with database.writing() as connection:
        ledger.sent(connection, number)
        ledger.lose(connection, number, "no answer")
    with database.reading() as connection:
        (call,) = ledger.unanswered(connection)
    assert (call.entry, call.ceiling_microusd, call.note) == (number, 1_000, "no answer")
    for said_microusd in (900, 0, 250):
        with database.writing() as connection:
            ledger.settle_by_hand(connection, number, said_microusd, "ada")
        assert total(database) == 380 + said_microusd
    with database.reading() as connection:
        assert ledger.unanswered(connection) == []
        assert ledger.usual_cost(connection, "claude", "cards/prompt", "haiku") == 380, "what a service said"


@pytest.mark.parametrize("which", ["answered", "out", "unknown number"])
def test_what_a_service_has_said_is_not_changed_by_hand(database: Database, which: str) -> None:
    number = ask(database)
    if which == "answered":
        pay(database, number, 380)
    before = total(database)
    with pytest.raises(Refused, match="Only an unanswered"), database.writing() as connection:
        ledger.settle_by_hand(connection, number + (which == "unknown number"), 0, "ada")
    assert total(database) == before


def test_costs_stand_beside_what_was_expected(database: Database) -> None:
    for card, cost in (("moth", 380), ("moth", 420), ("wolf", 100)):
        pay(database, ask(database, replace(CALL, partition=card)), cost)
    with database.reading() as connection:
        by_card = costs(connection, "card")
        assert ledger.usual_cost(connection, "claude", "cards/prompt", "haiku") == 300
        assert ledger.usual_cost(connection, "claude", "cards/prompt", "sonnet") is None
    assert [(c.name, c.calls, c.expected_microusd, c.cost_microusd) for c in by_card] == [
        ("moth", 2, 800, 800), ("wolf", 1, 400, 100),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("microusd", "words"), [(0, "$0.00"), (41, "$0.000041"), (4_100, "$0.0041"), (12_500_000, "$12.50")]
)
def test_sums_are_told_as_people_read_them(microusd: int, words: str) -> None:
    assert ledger.in_dollars(microusd) == words


def test_a_budget_that_other_calls_hold_may_be_there_once_they_are_answered(database: Database) -> None:
    tight = Budgets(day_microusd=1_500)
    first = ask(database, budgets=tight)
    with pytest.raises(MoneySetAside):
        ask(database, budgets=tight)
    pay(database, first, 100)
    ask(database, budgets=tight)
    with pytest.raises(NeedsMoney) as refused:
        ask(database, replace(CALL, ceiling_microusd=2_000), tight)
    assert not isinstance(refused.value, MoneySetAside), "no answer gives that much back"


def test_a_sum_is_told_as_it_was_set() -> None:
    told = {45_000: "$0.045", 10_000: "$0.01", 7_328: "$0.007328", 63_259: "$0.0633", 1_430_000: "$1.43", 0: "$0.00"}
    assert {microusd: ledger.in_dollars(microusd) for microusd in told} == told
