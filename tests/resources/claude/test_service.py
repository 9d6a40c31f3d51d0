"""Claude through the real SDK, against a service on loopback: what is asked, what is paid, and what goes wrong."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from deckport_assets.catalog import ledger, services
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.ledger import Budgets, spent
from deckport_assets.errors import (
    BadAnswer,
    DeckportError,
    MissingModel,
    NeedsMoney,
    PossiblyBilled,
    Refused,
    RefusedByModel,
    Rejected,
    ServiceUnavailable,
    Unauthorised,
)
from deckport_assets.resources.claude.service import SERVICE, Claude, Question
from deckport_assets.resources.providers import Occasion
from tests.fakes.claude import FakeClaude, Switches, running

KEY = "sk-test"
HAIKU = "claude-haiku-5-5"


def occasion(run_id: str, **more: Any) -> Occasion:
    return Occasion(run_id, 0, lambda words: None, lambda: False, **more)


class Name(BaseModel):
    """What is asked for here."""

    name: str


QUESTION = Question("Name things well. " * 40, "Name this moth.", Name, "cards/prompt", "moth")
OCCASION = occasion("run", order_id="order", requester="ada", correlation="c-1")
Open = Callable[..., Claude]


def named(_: dict[str, Any]) -> str:
    return json.dumps({"name": "Brass Moth"})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """SQLite alone here: what both databases must do is tested in tests/catalog."""
    opened = Database(f"sqlite:///{tmp_path / 'catalog.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def fake() -> Iterator[FakeClaude]:
    with running(named) as service:
        yield service


@pytest.fixture
def open_claude(fake: FakeClaude, database: Database) -> Open:
    def opened(**settings: Any) -> Claude:
        given = {"model": HAIKU, "base_url": fake.url, "timeout_s": 5.0, "wait_s": 0.0} | settings
        return Claude(given.pop("key", KEY), database.url, **given)

    return opened


def entries(database: Database) -> list[tuple[str, int, int]]:
    """State, ceiling and cost of each row of the ledger."""
    with database.reading() as connection:
        rows = connection.execute(ledger.ledger.select().order_by(ledger.ledger.c.id)).all()
    return [(row.state, row.ceiling_microusd, row.cost_microusd) for row in rows]


def state(database: Database) -> services.Circuit:
    with database.reading() as connection:
        return services.circuits(connection)[SERVICE]


def test_an_answer_has_the_form_that_was_asked_for_and_its_cost_is_booked(
    open_claude: Open, database: Database
) -> None:
    answered = open_claude().ask(QUESTION, OCCASION)
    assert answered.value == Name(name="Brass Moth") and answered.model == HAIKU
    ((booked, ceiling, cost),) = entries(database)
    assert (booked, cost) == ("settled", answered.cost_microusd) and 0 < cost < ceiling
    with database.reading() as connection:
        row = connection.execute(ledger.ledger.select()).one()
    assert (row.order_id, row.requester, row.correlation, row.prices) == ("order", "ada", "c-1", "genai-prices 0.2.3")
    assert row.usage["stop_reason"] == "end_turn" and row.usage["request_id"].startswith("req_")


def test_the_guide_is_sent_once_as_what_may_be_cached_and_the_form_as_a_schema(
    open_claude: Open, fake: FakeClaude
) -> None:
    open_claude().ask(QUESTION, OCCASION)
    ((_, _, body, headers),) = fake.requests
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"} and body["messages"][0]["role"] == "user"
    assert body["output_config"]["format"]["schema"]["properties"]["name"]["type"] == "string"
    assert headers["x-correlation-id"] == "c-1"


@pytest.mark.parametrize(
    ("switches", "attempts"),
    [
        pytest.param(Switches(status=[429]), 2, id="too many requests"),
        pytest.param(Switches(status=[(429, {"retry-after-ms": "20"})]), 2, id="and how long to wait"),
        pytest.param(Switches(status=[529, 500]), 3, id="overloaded, then broken"),
    ],
)
def test_what_passes_is_tried_again_by_the_sdk_and_paid_once(
    open_claude: Open, fake: FakeClaude, database: Database, switches: Switches, attempts: int
) -> None:
    fake.switches = switches
    open_claude().ask(QUESTION, OCCASION)
    assert fake.calls == attempts and [entry[0] for entry in entries(database)] == ["settled"]


@pytest.mark.parametrize(
    ("switches", "error", "message", "calls", "booked"),
    [
        pytest.param(Switches(status=[429] * 9), ServiceUnavailable, "429", 3, "released", id="429 for ever"),
        pytest.param(Switches(status=[529] * 9), ServiceUnavailable, "529", 3, "released", id="overloaded for ever"),
        pytest.param(
            Switches(status=[(429, {"retry-after": "3600"})]), ServiceUnavailable, "left alone for 3600 s", 1,
            "released", id="wants an hour",
        ),
        pytest.param(
            Switches(status=[429] * 9, error_code="enforced_spend_limit_reached"), NeedsMoney, "spend limit", 1,
            "released", id="a spend limit",
        ),
        pytest.param(Switches(status=[402]), NeedsMoney, "402", 1, "released", id="a bill"),
        pytest.param(Switches(status=[400]), Rejected, "400", 1, "released", id="a wrong request"),
        pytest.param(Switches(status=[413]), Rejected, "413", 1, "released", id="too large"),
        pytest.param(Switches(status=[404]), MissingModel, "404", 1, "released", id="no such model"),
        pytest.param(Switches(status=[403]), Unauthorised, "403", 1, "released", id="not allowed"),
        pytest.param(Switches(cut=1), PossiblyBilled, "RemoteProtocolError", 1, "unknown", id="the answer breaks off"),
        pytest.param(Switches(broken_json=1), PossiblyBilled, "cannot be read", 1, "unknown", id="half a JSON"),
        pytest.param(Switches(stop_reason="refusal"), RefusedByModel, "refuses", 1, "settled", id="a refusal"),
        pytest.param(Switches(stop_reason="max_tokens"), BadAnswer, "in the middle", 1, "settled", id="cut off"),
    ],
)  # fmt: skip
def test_each_failure_is_told_in_words_and_booked_as_what_it_cost(
    open_claude: Open, fake: FakeClaude, database: Database, switches: Switches, error: type[DeckportError],
    message: str, calls: int, booked: str,
) -> None:  # fmt: skip
    fake.switches = switches
    with pytest.raises(error, match=message):
        open_claude().ask(QUESTION, OCCASION)
    assert fake.calls == calls
    assert [entry[0] for entry in entries(database)] == [booked]


def test_a_request_that_was_taken_and_not_answered_is_never_sent_again(
    open_claude: Open, fake: FakeClaude, database: Database
) -> None:
    fake.switches.hang, fake.switches.seconds = 9, 2.0
    with pytest.raises(PossiblyBilled, match="did not answer") as lost:
        open_claude(timeout_s=0.2).ask(QUESTION, OCCASION)
    assert fake.calls == 1 and not lost.value.retryable
    ((booked, ceiling, _),) = entries(database)
    with database.reading() as connection:
        assert booked == "unknown" and spent(connection).total_microusd == ceiling


def test_an_answer_that_was_booked_before_a_kill_is_used_and_not_paid_for_again(
    open_claude: Open, fake: FakeClaude, database: Database
) -> None:
    moth = occasion("run", purpose="card moth")
    paid = open_claude().ask(QUESTION, moth)  # and killed before it could be used
    assert open_claude().ask(QUESTION, moth) == paid and fake.calls == 1
    for other in (occasion("run", purpose="card wolf"), OCCASION):
        assert open_claude().ask(QUESTION, other).entry != paid.entry
    assert open_claude().ask(replace(QUESTION, words="Name it again."), moth).entry != paid.entry
    open_claude().drop([paid.entry])
    assert open_claude().ask(QUESTION, moth).entry != paid.entry, "what was used is not given out twice"
    assert [entry[0] for entry in entries(database)] == ["settled"] * 5 and fake.calls == 5


def test_an_answer_that_cannot_be_used_is_not_kept(open_claude: Open, fake: FakeClaude) -> None:
    moth = occasion("run", purpose="card moth")
    fake.switches.stop_reason = "refusal"
    with pytest.raises(RefusedByModel):
        open_claude().ask(QUESTION, moth)
    fake.switches.stop_reason = "end_turn"
    assert open_claude().ask(QUESTION, moth).value.name and fake.calls == 2


@pytest.mark.parametrize("content", [None, "hello", ["a"], [{"type": "text"}], [{"type": "text", "text": None}]])
def test_an_answer_of_no_form_at_all_is_paid_told_and_not_given_out_again(
    open_claude: Open, fake: FakeClaude, database: Database, monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    right, moth = fake.message, occasion("run", purpose="card moth")
    with monkeypatch.context() as once:
        once.setattr(fake, "message", lambda body, **more: right(body, **more) | {"content": content})
        with pytest.raises(BadAnswer):
            open_claude().ask(QUESTION, moth)
    assert open_claude().ask(QUESTION, moth).value.name and fake.calls == 2
    assert [entry[0] for entry in entries(database)] == ["settled"] * 2


@pytest.mark.parametrize(("asked", "rests_s"), [("99999999", 3600.0), ("inf", 3600.0), ("-5", 0.0), ("nan", None)])
def test_a_service_is_looked_at_within_the_hour_whatever_it_asks_for(
    open_claude: Open, fake: FakeClaude, asked: str, rests_s: float | None
) -> None:
    fake.switches.status = [(429, {"retry-after": asked})]
    with pytest.raises(ServiceUnavailable) as away:
        open_claude(most_retries=0).ask(QUESTION, OCCASION)
    assert away.value.after_s == rests_s


def test_an_answer_that_cannot_be_kept_as_text_is_booked_as_unknown(
    open_claude: Open, fake: FakeClaude, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = fake.message
    monkeypatch.setattr(fake, "message", lambda body, **more: right(body, **more) | {"\ud800": "no text"})
    with pytest.raises(PossiblyBilled):
        open_claude().ask(QUESTION, occasion("run", purpose="card moth"))
    assert [entry[0] for entry in entries(database)] == ["unknown"]


def test_what_a_service_says_is_kept_without_what_no_database_takes(
    open_claude: Open, fake: FakeClaude, database: Database
) -> None:
    fake.switches.status, fake.switches.says = [529], "over\0loaded \ud800"
    with pytest.raises(ServiceUnavailable, match="overloaded"):
        open_claude(most_retries=0).ask(QUESTION, OCCASION)
    assert [entry[0] for entry in entries(database)] == ["released"]


def test_a_service_that_is_not_there_costs_nothing(open_claude: Open, database: Database) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(ServiceUnavailable, match="cannot be reached"):
        open_claude(base_url=nobody, most_retries=0).ask(QUESTION, OCCASION)
    assert [entry[0] for entry in entries(database)] == ["released"]


@pytest.mark.parametrize("answer", ["{}", "not JSON", '{"name": 7}', ""])
def test_an_answer_of_another_form_is_paid_and_not_used(
    open_claude: Open, fake: FakeClaude, database: Database, answer: str
) -> None:
    fake.write = lambda body: answer
    with pytest.raises(BadAnswer, match="another form"):
        open_claude().ask(QUESTION, OCCASION)
    assert [entry[0] for entry in entries(database)] == ["settled"]


def test_a_budget_refuses_before_anything_is_sent(open_claude: Open, fake: FakeClaude, database: Database) -> None:
    claude = open_claude(budgets=Budgets(total_microusd=10))
    with pytest.raises(NeedsMoney, match="DECKPORT_BUDGET_TOTAL_USD"):
        claude.ask(QUESTION, OCCASION)
    assert fake.calls == 0 and entries(database) == []


def test_a_model_without_a_price_is_refused_before_anything_is_sent(open_claude: Open, fake: FakeClaude) -> None:
    with pytest.raises(Refused, match="has no price"):
        open_claude(model="claude-nobody-knows").ask(QUESTION, OCCASION)
    assert fake.calls == 0


def test_three_calls_are_out_at_a_time_whoever_makes_them(open_claude: Open, fake: FakeClaude) -> None:
    three, answer = threading.Barrier(3, timeout=60), fake.write

    def together(body: dict[str, Any]) -> str:
        three.wait()  # until two more are out
        return answer(body)

    fake.write, fake.switches.seconds = together, 0.1  # in which a fourth would show
    two = [open_claude(wait_s=30), open_claude(wait_s=30)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: two[n % 2].ask(QUESTION, occasion(f"run {n % 2}")), range(12)))
    assert fake.calls == 12 and fake.most_at_once == 3


def test_what_three_find_dead_is_left_alone_by_all_and_tried_by_one_after_a_while(
    open_claude: Open, fake: FakeClaude, database: Database
) -> None:
    fake.switches.status = [500] * 3
    claude = open_claude(most_retries=0)
    for _ in range(3):
        with pytest.raises(ServiceUnavailable, match="500"):
            claude.ask(QUESTION, OCCASION)
    assert state(database).state == "open"
    with pytest.raises(ServiceUnavailable, match="left alone"):
        open_claude().ask(QUESTION, OCCASION)
    assert fake.calls == 3


def test_the_key_is_told_nowhere(open_claude: Open, fake: FakeClaude, database: Database) -> None:
    canary = "sk-ant-canary-0123456789"
    claude = open_claude(key=canary)
    with pytest.raises(Unauthorised) as refused:
        claude.ask(QUESTION, OCCASION)
    said = [repr(claude), str(refused.value), repr(refused.value), repr(refused.value.__cause__), state(database).cause]
    with database.reading() as connection:
        said += [str(connection.execute(ledger.ledger.select()).all())]
    assert not any("canary" in words for words in said)
    assert canary in fake.requests[0][3]["authorization"], "or the canary was never there"


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "claude-of-tomorrow"},
        {"model": None},
        {"usage": {"input_tokens": 5, "output_tokens": -5}},
        {"usage": {"input_tokens": 5, "output_tokens": 10**30}},
    ],
    ids=["model", "no model", "usage", "more than there is"],
)
def test_an_answer_whose_cost_cannot_be_told_counts_at_its_ceiling(
    open_claude: Open, fake: FakeClaude, database: Database, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
) -> None:
    right = fake.message
    monkeypatch.setattr(fake, "message", lambda body, **more: right(body, **more) | wrong)
    with pytest.raises(PossiblyBilled, match="cannot be told"):
        open_claude().ask(QUESTION, OCCASION)
    assert [entry[0] for entry in entries(database)] == ["unknown"]


def test_three_at_once_share_a_budget_that_holds_one_ceiling_at_a_time(
    open_claude: Open, fake: FakeClaude, database: Database
) -> None:
    """The money is there for all three, one after the other: none of them is refused."""
    ceiling = open_claude().ceiling(QUESTION)
    claude = open_claude(budgets=Budgets(total_microusd=ceiling * 2 - 1), wait_s=5.0)
    fake.switches.seconds = 0.05
    with ThreadPoolExecutor(3) as pool:
        answered = list(pool.map(lambda _: claude.ask(QUESTION, OCCASION), range(3)))
    assert len(answered) == 3 and fake.most_at_once == 1
    assert [entry[0] for entry in entries(database)] == ["settled"] * 3
