"""The prompt queue over HTTP: a key spends, everybody sees, and what is wrong is told as a problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from deckport_assets.catalog import prompt_queue
from deckport_assets.catalog.keys import add_key, revoke_key
from tests.api.stock import MADE, RETIRED, Stock

QUEUE = "/v1/prompts/queue"
Signed = Callable[[str], dict[str, str]]


@pytest.fixture
def signed(own_stock: Stock) -> Signed:
    """The header of a person's key."""
    made: dict[str, str] = {}

    def signed(name: str) -> dict[str, str]:
        if name not in made:
            with own_stock.database.writing() as connection:
                made[name] = add_key(connection, name, "prompts")
        return {"Authorization": f"Bearer {made[name]}"}

    return signed


def ask(client: TestClient, headers: dict[str, str], **body: Any) -> Any:
    return client.post(QUEUE, json={"card": "AZURE-001"} | body, headers=headers)


def test_a_request_is_put_into_the_queue_and_followed(own_client: TestClient, signed: Signed) -> None:
    reply = ask(own_client, signed("ada") | {"X-Request-ID": "from-a-console"}, priority=8, text="at dusk")
    assert reply.status_code == 201
    told = reply.json()
    assert (told["card"], told["requester"], told["status"], told["position"]) == (MADE, "ada", "queued", 1)
    assert told["correlation_id"] == "from-a-console" and told["wait_seconds"] > 0
    assert own_client.get(reply.headers["location"]).json()["id"] == told["id"]
    assert [each["id"] for each in own_client.get(QUEUE).json()["items"]] == [told["id"]]
    assert own_client.get(f"{QUEUE}/stats").json()["by_status"]["queued"] == 1


def test_the_same_again_is_the_one_that_is_open(own_client: TestClient, signed: Signed) -> None:
    first, second = ask(own_client, signed("ada")), ask(own_client, signed("bo"))
    assert (first.status_code, second.status_code) == (201, 200) and first.json()["id"] == second.json()["id"]


def test_without_a_key_nothing_is_spent(own_client: TestClient, own_stock: Stock, signed: Signed) -> None:
    for headers in ({}, {"Authorization": "Bearer dk_wrong"}, {"X-API-Key": "dk_wrong"}):
        reply = ask(own_client, headers)
        assert reply.status_code == 401 and reply.headers["content-type"] == "application/problem+json"
        assert reply.headers["www-authenticate"].startswith("Bearer")
    good = signed("ada")
    with own_stock.database.writing() as connection:
        revoke_key(connection, "ada")
    assert ask(own_client, good).status_code == 401
    assert own_client.get(QUEUE).json()["items"] == []


def test_a_key_takes_back_what_it_asked_for_and_nothing_else(own_client: TestClient, signed: Signed) -> None:
    number = ask(own_client, signed("ada")).json()["id"]
    place = f"{QUEUE}/{number}"
    assert own_client.delete(place).status_code == 401
    assert own_client.delete(place, headers=signed("bo")).status_code == 403
    assert own_client.delete(place, headers=signed("ada")).json()["status"] == "cancelled"
    assert own_client.delete(place, headers=signed("ada")).status_code == 409
    for nobody in (999, 10**30):
        assert own_client.delete(f"{QUEUE}/{nobody}", headers=signed("ada")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"card": "NOPE-001"}, 404, "There is no card"),
        ({"card": RETIRED}, 409, "has left the catalog"),
        ({"card": None}, 400, "names no card and says nothing"),
        ({"priority": 11}, 400, "expected 1 to 10"),
        ({"priority": "high"}, 400, "expected 1 to 10"),
        ({"text": "x" * 1_000_000}, 413, "bytes are read"),
        ({"text": "x" * 9_000}, 400, "9,000 characters"),
        ({"references": "one"}, 400, "a list of texts"),
        ({"prioritee": 3}, 400, "prioritee: expected card"),
        ({"text": {"a": 1}}, 400, "text: expected a text"),
        ({"text": 0}, 400, "text: expected a text"),
        ({"card": 7}, 400, "card: expected a text"),
        ({"dedupe_key": 7.5}, 400, "dedupe_key: expected a text"),
        ({"references": ["one", 2]}, 400, "references: expected a list of texts"),
        ({"references": [None]}, 400, "references: expected a list of texts"),
        ({"references": False}, 400, "references: expected a list of texts"),
    ],
)
def test_a_wrong_request_is_told_as_a_problem(
    own_client: TestClient, signed: Signed, body: dict[str, Any], status: int, words: str
) -> None:
    reply = ask(own_client, signed("ada"), **body)
    assert reply.status_code == status, reply.text
    assert words in reply.json()["detail"] and reply.json()["error"]


@pytest.mark.parametrize("field", ["text", "card", "dedupe_key", "references"])
@pytest.mark.parametrize("character", ["\\ud800", "\\udc00", "\\u0000"])
def test_what_no_database_can_store_is_told_so(
    own_client: TestClient, signed: Signed, field: str, character: str
) -> None:
    value = f'["set one", "a {character} b"]' if field == "references" else f'"a {character} b"'
    reply = own_client.post(QUEUE, content=f'{{"{field}": {value}}}', headers=signed("ada"))
    assert reply.status_code == 400 and reply.json()["detail"].startswith(f"{field}: expected "), reply.text
    pair = own_client.post(QUEUE, content='{"text": "a fox \\ud83e\\udd8a"}', headers=signed("ada"))
    assert pair.status_code == 201 and pair.json()["text"] == "a fox \U0001f98a"


def test_what_is_no_json_is_told_so(own_client: TestClient, signed: Signed) -> None:
    field = b'{"\\ud800": 3}'
    for data, words in ((b"{broken", "not JSON"), (b"[1]", "not an object"), (field, "?: expected card")):
        reply = own_client.post(QUEUE, content=data, headers=signed("ada"))
        assert reply.status_code == 400 and words in reply.json()["detail"]


def test_an_answer_and_a_failure_are_told(own_client: TestClient, own_stock: Stock, signed: Signed) -> None:
    one, other = (
        ask(own_client, signed("ada")).json()["id"],
        ask(own_client, signed("ada"), card="AZURE-002").json()["id"],
    )
    with own_stock.database.writing() as connection:
        first, second = prompt_queue.claim(connection, "run"), prompt_queue.claim(connection, "run")
        assert first is not None and second is not None and (first.id, second.id) == (one, other)
        prompt_queue.complete(connection, first, prompt_version=2, answer={"text": "a moon"})
        prompt_queue.fail(connection, second, ValueError("broken"))
    assert own_client.get(f"{QUEUE}/{one}").json()["answer"] == {"text": "a moon"}
    assert own_client.get(f"{QUEUE}/{other}").json()["problem"]["cause"] == "broken"
    assert [each["id"] for each in own_client.get(f"{QUEUE}?status=failed").json()["items"]] == [other]
    assert own_client.get(f"{QUEUE}?status=lost").status_code == 400
