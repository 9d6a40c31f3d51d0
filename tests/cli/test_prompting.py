"""`deckport prompts` and `deckport keys`, as a producer types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.tables import prompt_requests
from deckport_assets.cli import deckport
from deckport_assets.cli.speaking import open_catalog
from deckport_assets.errors import BadRequest, Refused
from tests.catalog_source import art, card, write_source


@pytest.fixture
def two_cards(tmp_path: Path) -> None:
    """A catalog of two cards, one of them with the source's prompt."""
    cards = [card("alder-wolf"), card("briar-gate")]
    type_("import", *write_source(tmp_path, cards, [art("Alder Wolf")]))


def type_(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(deckport, [str(word) for word in words])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def told(*words: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(type_(*words, "--json").stdout)
    return found


def test_asking_waiting_cancelling_and_asking_again(two_cards: None) -> None:
    assert "waits, 1. in line" in type_("prompts", "ask", "briar-gate").output
    assert "asked for already" in type_("prompts", "ask", "AZURE-002").output
    type_("prompts", "ask", "alder-wolf", "--priority", "9", "--text", "at dusk", "--reference", "set one")
    line = told("prompts", "queue")["requests"]
    assert [(each["card"], each["priority"]) for each in line] == [("alder-wolf", 9), ("briar-gate", 5)]
    type_("prompts", "cancel", line[0]["id"])
    assert [each["card"] for each in told("prompts", "queue")["requests"]] == ["briar-gate"]
    assert "cancelled" in type_("prompts", "queue", "--all").output
    type_("prompts", "retry", line[0]["id"])
    assert len(told("prompts", "queue")["requests"]) == 2


def test_what_cannot_be_asked_for_again_does_not_stop_the_others(two_cards: None) -> None:
    numbers = [told("prompts", "ask", "--text", words)["requests"][0]["id"] for words in ("one", "two")]
    type_("prompts", "cancel", numbers[1])
    some = type_("prompts", "retry", *numbers, code=1)
    assert some.stdout == f"{numbers[1]}: free text waits again.\n"
    assert some.stderr.startswith(f"{numbers[0]}: Request {numbers[0]} is queued: only what failed")


def test_what_rests_is_tried_now_on_a_person_s_word(two_cards: None) -> None:
    (asked,) = told("prompts", "ask", "--text", "one")["requests"]
    with open_catalog() as database, database.writing() as connection:
        queue.rest(connection, 300.0)
        assert queue.claim(connection, "run") is None
    type_("prompts", "retry", asked["id"])
    with open_catalog() as database, database.writing() as connection:
        request = queue.claim(connection, "run")
    assert request is not None and request.id == asked["id"]


def test_what_has_ended_does_not_stop_the_others_from_being_cancelled(two_cards: None) -> None:
    numbers = [told("prompts", "ask", "--text", words)["requests"][0]["id"] for words in ("one", "two", "three")]
    type_("prompts", "cancel", numbers[1])
    some = type_("prompts", "cancel", numbers[0], numbers[1], 99, code=1)
    assert some.stdout == f"{numbers[0]}: free text is cancelled.\n"
    ended, nobody = some.stderr.splitlines()
    assert ended.startswith(f"{numbers[1]}: Request {numbers[1]} is cancelled already.")
    assert nobody.startswith("99: There is no request 99.")
    rest = json.loads(type_("prompts", "cancel", *numbers, "--json", code=1).stdout)
    assert [each["id"] for each in rest["requests"]] == numbers[2:]
    assert [(each["id"], each["kind"]) for each in rest["refused"]] == [(each, "refused") for each in numbers[:2]]
    assert told("prompts", "queue")["requests"] == []


def test_a_person_s_prompt_counts_before_any_other(two_cards: None) -> None:
    type_("prompts", "write", "alder-wolf", "Alder Wolf, an azure wolf made of rain.")
    first, second = told("prompts", "show", "alder-wolf")["prompts"]
    assert (first["origin"], second["origin"]) == ("human", "source") and "made of rain" in first["text"]
    type_("prompts", "use", "alder-wolf", second["version"])
    assert told("prompts", "show", "alder-wolf")["prompts"][0]["text"] == second["text"]
    assert "has no prompt" in type_("prompts", "show", "briar-gate").output


def test_what_the_rules_remark_is_told_and_the_prompt_is_kept(two_cards: None) -> None:
    good = (
        "Briar Gate, an azure gate of thorns and rain, seen from below against a pale evening sky; rim light along its "
        "bars, mist between the roots, oil painting with visible strokes."
    )
    clean = type_("prompts", "write", "briar-gate", good)
    assert "Version 1 of Briar Gate's prompt counts" in clean.stdout and clean.stderr == ""
    short = type_("prompts", "write", "alder-wolf", "A wolf without Briar Gate.")
    assert "prompt counts from now on" in short.stdout
    remarks = short.stderr
    for words in ("does not name the card 'Alder Wolf'", "names another card, 'Briar Gate'", "has 26 characters"):
        assert f"The rules remark that it {words}" in remarks
    assert told("prompts", "write", "briar-gate", good)["remarks"] == [], "it is no copy of its own older version"
    copied = told("prompts", "write", "alder-wolf", good)
    assert {"name", "other_card", "near_duplicate"} <= {each["rule"] for each in copied["remarks"]}
    assert told("prompts", "show", "alder-wolf")["prompts"][0]["version"] == copied["version"]


def test_the_answer_to_free_text_stands_in_the_list_of_what_has_ended(two_cards: None) -> None:
    wish = told("prompts", "ask", "--text", "a poster\nof the six colours")["requests"][0]["id"]
    told("prompts", "ask", "briar-gate")
    with open_catalog() as database, database.writing() as connection:
        for answer in ("Six banners\nin a row" + " of silk" * 20, "Briar Gate, an azure gate."):
            request = queue.claim(connection, "run")
            assert request is not None
            queue.complete(connection, request, prompt_version=None, answer={"text": answer})
        late = {"cause": "It is like another card's.", "remedy": "Look at both."}
        connection.execute(prompt_requests.update().where(prompt_requests.c.id == wish).values(**late))
    listed = type_("prompts", "queue", "--all").output
    of_silk = ("Six banners in a row" + " of silk" * 20)[:99] + "…"
    head = f"{wish:>6}  {'a poster of the six colours':<32} completed"
    assert "\n        ".join((head, of_silk, "It is like another card's. Look at both.")) in listed
    assert "azure gate" not in listed, "a card's answer is its prompt"


def test_a_key_is_shown_once_listed_by_its_beginning_and_revoked(two_cards: None) -> None:
    secret = type_("keys", "add", "ada").stdout.strip()
    listed = type_("keys", "list").output
    assert secret.startswith("dk_") and secret not in listed and secret[:8] in listed and "never used" in listed
    type_("keys", "revoke", "ada")
    assert "revoked" in type_("keys", "list").output


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["prompts", "ask"], Refused, "Of which card"),
        (["prompts", "ask", "nobody"], Refused, "There is no card"),
        (["prompts", "ask", "--text", "x" * 9_000], BadRequest, "9,000 characters"),
        (["prompts", "retry"], Refused, "Which"),
        (["prompts", "use", "alder-wolf", "7"], Refused, "has no prompt 7"),
        (["keys", "revoke", "nobody"], Refused, "no key 'nobody'"),
        (["keys", "add", " "], Refused, "A name of 1 to 60"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    two_cards: None, words: list[str], error: type[Exception], message: str
) -> None:
    result = CliRunner().invoke(deckport, words)
    assert isinstance(result.exception, error) and message in str(result.exception)


def test_nothing_and_a_novel_are_no_prompt(two_cards: None) -> None:
    for text in (" ", "moth " * 10_000):
        refused = CliRunner().invoke(deckport, ["prompts", "write", "briar-gate", text])
        assert isinstance(refused.exception, BadRequest) and "Nothing was kept" in str(refused.exception)
    assert told("prompts", "show", "briar-gate")["prompts"] == []
