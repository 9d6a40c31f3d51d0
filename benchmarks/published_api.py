"""What we send to Claude's service, and what our fake of it answers, held against the service's published description.

    python -m benchmarks.published_api --document openapi.yml

The document is OpenAPI (3.0 or 3.1, as JSON or YAML); it is Anthropic's and not kept here. The real writer, `Claude`
and the SDK make each call that we make, once for each way that it can end, of the tests' service on loopback; each
request and each answer is validated against the document's operation. Prints a table, then the differences; exits 1
when something breaks the document. A field or a value that the document does not know breaks nothing: the SDK may be
the younger of the two.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import anthropic
import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from deckport_assets.catalog.cards import all_cards
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.errors import DeckportError
from deckport_assets.models import Card
from deckport_assets.resources.claude import Claude, ClaudeWriter
from deckport_assets.resources.claude.batches import Batches
from deckport_assets.resources.providers import Beside, Occasion
from tests.catalog_source import art, card, write_source
from tests.fakes.claude import Exchange, FakeClaude, Switches, running
from tests.test_drain import good_answer

KEY = "sk-test"
CARDS = 4
ERRORS = (400, 401, 402, 403, 404, 413, 429, 500, 504, 529)
UNKNOWN, BREAKS = "the document does not know this yet", "breaks the document"
OF_HTTP = frozenset(("host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "content-type"))
"""Headers that no description of a service names."""
LONGEST_SHOWN = 90


def is_moment(value: object) -> bool:
    """Whether it is a moment as RFC 3339 writes it."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


MOMENTS = FormatChecker(formats=())
MOMENTS.checks("date-time", ValueError)(is_moment)


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where what went over the wire is not what the document says."""

    kind: str
    where: str
    said: str
    sent: str


class Document:
    """An OpenAPI document. Its parts are named by JSON pointers, as `/components/schemas/Message`."""

    def __init__(self, text: str) -> None:
        told = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.version = str(told["openapi"])
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        self.told: Any = with_null_as_type(told)

    def operation_of(self, exchange: Exchange) -> str | None:
        """The operation that a request is of. One with a query in its path is a beta's, and we call none."""
        for path, methods in self.told["paths"].items():
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
            if exchange.method.lower() in methods and re.fullmatch(pattern, exchange.path):
                return pointer("", "paths", path, exchange.method.lower())
        return None

    def name_of(self, operation: str) -> str:
        """As the document names an operation."""
        return str(self.at(operation).get("operationId", operation))

    def answer_of(self, operation: str, status: int) -> str | None:
        """What the document says of the answers of an operation that have a status."""
        answers = self.at(pointer(operation, "responses"))
        for words in (str(status), f"{status // 100}XX", "default"):
            if words in answers:
                return self.followed(pointer(operation, "responses", words))
        return None

    def at(self, place: str) -> Any:
        """What stands at a place."""
        found = self.told
        for step in place.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            found = found[int(step)] if isinstance(found, list) else found[step]
        return found

    def followed(self, place: str) -> str:
        """The place itself, or the one that it points to."""
        reference = self.at(place).get("$ref")
        return str(reference).removeprefix("#") if reference else place

    def differences(self, schema: str, value: object, *, closed: bool = False) -> Iterator[Difference]:
        """Where a value is not what the schema at a place says.

        `closed`: a field that no schema names is a difference too; the document leaves answers open.
        """
        registry = self._closed if closed else self._open
        validator = Draft202012Validator({"$ref": f"urn:document#{schema}"}, registry=registry, format_checker=MOMENTS)
        for error in validator.iter_errors(value):
            yield from told_of(error)

    @cached_property
    def _open(self) -> Registry[Any]:
        return _registry(self.told)

    @cached_property
    def _closed(self) -> Registry[Any]:
        return _registry(with_closed_objects(self.told))


def _registry(told: Any) -> Registry[Any]:
    made: Registry[Any] = Registry().with_resource("urn:document", DRAFT202012.create_resource(told))
    return made


def pointer(place: str, *steps: str | int) -> str:
    """A place below a place."""
    return "/".join([place, *(str(step).replace("~", "~0").replace("/", "~1") for step in steps)])


def with_null_as_type(told: Any) -> Any:
    """The same, null being a type as in JSON Schema: OpenAPI 3.0 says `nullable`, and YAML reads a bare null."""
    if isinstance(told, list):
        return [with_null_as_type(each) for each in told]
    if not isinstance(told, dict):
        return told
    made = {name: with_null_as_type(each) for name, each in told.items()}
    if "type" in made and made["type"] is None:
        made["type"] = "null"
    return {"anyOf": [made, {"type": "null"}]} if made.pop("nullable", False) is True else made


def with_closed_objects(told: Any) -> Any:
    """The same schemas, with no fields but those that they name."""
    if isinstance(told, list):
        return [with_closed_objects(each) for each in told]
    if not isinstance(told, dict):
        return told
    made = {name: with_closed_objects(each) for name, each in told.items()}
    named = isinstance(made.get("properties"), dict) and made.get("type") == "object"
    return made | {"additionalProperties": False} if named and "additionalProperties" not in made else made


def told_of(error: ValidationError) -> Iterator[Difference]:
    """An error as the places that it comes from: of alternatives, the one that was meant."""
    if error.validator in ("anyOf", "oneOf") and error.context:
        branches: dict[int, list[ValidationError]] = {}
        for each in error.context:
            branches.setdefault(int(each.schema_path[0]), []).append(each)
        meant = min(branches.values(), key=lambda errors: (_is_another(errors, error), len(errors)))
        if not _is_another(meant, error):
            for each in meant:
                yield from told_of(each)
            return
        values = ", ".join(
            repr(each.validator_value) for one in branches.values() for each in one if _names(each, error)
        )
        kind, said = (UNKNOWN, values) if values else (BREAKS, short(error.validator_value))
        yield Difference(kind, error.json_path, f"one of {said}", short(error.instance))
        return
    if error.validator == "required":
        for name in sorted(set(error.schema["required"]) - set(error.instance)):
            yield Difference(BREAKS, f"{error.json_path}.{name}", "required", "nothing")
        return
    if error.validator == "additionalProperties":
        for name in sorted(set(error.instance) - set(error.schema.get("properties", {}))):
            yield Difference(UNKNOWN, f"{error.json_path}.{name}", "no such field", short(error.instance[name]))
        return
    kind = UNKNOWN if error.validator in ("enum", "const") else BREAKS
    yield Difference(kind, error.json_path, f"{error.validator}: {short(error.validator_value)}", short(error.instance))


def _names(error: ValidationError, parent: ValidationError) -> bool:
    """Whether it says that this is another kind of thing: its `type` has another word."""
    below = list(error.absolute_path)[len(parent.absolute_path) :]
    return error.validator == "const" and below == ["type"]


def _is_another(errors: Sequence[ValidationError], parent: ValidationError) -> bool:
    own = [each for each in errors if list(each.absolute_path) == list(parent.absolute_path)]
    return any(_names(each, parent) for each in errors) or any(each.validator == "type" for each in own)


def short(value: object) -> str:
    """A value in few letters."""
    words = json.dumps(value, ensure_ascii=False, default=str)
    return words if len(words) <= LONGEST_SHOWN else f"{words[: LONGEST_SHOWN - 1]}…"


# --- One exchange ----------------------------------------------------------------------------------------------------


def judge_request(document: Document, operation: str, exchange: Exchange) -> Iterator[Difference]:
    """Where a request is not what its operation takes."""
    told = document.at(operation)
    places = [document.followed(pointer(operation, "parameters", n)) for n in range(len(told.get("parameters", [])))]
    taken = {(document.at(place)["in"], document.at(place)["name"].lower()): place for place in places}
    query = {("query", name): value for name, value in parse_qsl(exchange.query)}
    headers = {("header", name): value for name, value in exchange.headers.items() if name not in OF_HTTP}
    sent: dict[tuple[str, str], str] = query | headers
    for (kind, name), value in sent.items():
        where = f"{kind} {name}"
        if (kind, name) not in taken:
            ours = name.startswith("x-stainless-")  # what the SDK says of itself
            where, value = ("header x-stainless-*", "the SDK's own") if ours else (where, value.split()[0])
            yield Difference(UNKNOWN, where, f"no such {kind}", value)
            continue
        schema = pointer(taken[kind, name], "schema")
        typed = int(value) if document.at(schema).get("type") == "integer" and value.isdecimal() else value
        for each in document.differences(schema, typed):
            yield Difference(each.kind, where, each.said, each.sent)
    for (kind, name), place in taken.items():
        if document.at(place).get("required") and kind != "path" and (kind, name) not in sent:
            yield Difference(BREAKS, f"{kind} {name}", "required", "nothing")
    if "requestBody" not in told:
        if exchange.body is not None:
            yield Difference(BREAKS, "$", "no body", short(exchange.body))
        return
    content = pointer(document.followed(pointer(operation, "requestBody")), "content")
    yield from _judge_body(document, content, exchange.headers.get("content-type", ""), [exchange.body])


def judge_answer(document: Document, operation: str, exchange: Exchange) -> Iterator[Difference]:
    """Where an answer is not what its operation gives."""
    place = document.answer_of(operation, exchange.status)
    if place is None:
        described = ", ".join(document.at(pointer(operation, "responses")))
        yield Difference(UNKNOWN, f"status {exchange.status}", f"answers {described}", str(exchange.status))
        place = document.answer_of(operation, 400)
    if "request-id" not in exchange.answer_headers:
        yield Difference(BREAKS, "header request-id", "on every answer", "nothing")
    if place is not None:
        kind = exchange.answer_headers["content-type"]
        lines = exchange.answer.splitlines() if kind.endswith("jsonl") else [exchange.answer]
        yield from _judge_body(
            document, pointer(place, "content"), kind, [json.loads(line) for line in lines], closed=True
        )


def _judge_body(
    document: Document, content: str, kind: str, values: Sequence[object], *, closed: bool = False
) -> Iterator[Difference]:
    kind = kind.partition(";")[0]
    if kind not in document.at(content):
        yield Difference(BREAKS, "header content-type", ", ".join(document.at(content)), kind)
        return
    for value in values:
        yield from document.differences(pointer(content, kind, "schema"), value, closed=closed)


# --- The calls -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Play:
    """The real code over a catalog of some cards, and the service that it asks."""

    fake: FakeClaude
    database: Database
    cards: Sequence[Card]

    def claude(self, **settings: Any) -> Claude:
        """Claude as the pipeline has it."""
        given: dict[str, Any] = {"key": KEY, "model": "claude-haiku-5-5", "wait_s": 0.0, "most_retries": 0} | settings
        return Claude(given.pop("key"), self.database.url, base_url=self.fake.url, **given)

    def write(self, **settings: Any) -> None:
        """A prompt for a card, with everything that can be said of it."""
        occasion = Occasion("run", 5, lambda words: None, lambda: False, requester="ada", correlation="c-1")
        writer = ClaudeWriter(self.claude(**settings), "Oil on canvas.")
        writer.write(self.cards[0], occasion=occasion, beside=Beside((), {}), wish="at dusk", references=["set one"])

    def write_freely(self) -> None:
        """A prompt for no card."""
        occasion = Occasion("run", 5, lambda words: None, lambda: False)
        ClaudeWriter(self.claude(), "Oil on canvas.").write_freely("an arena of glass", [], occasion=occasion)

    def ended_batch(self) -> None:
        """A batch that ends in every way, looked at, listed and read."""
        batches, number = self._begin()
        batches.look(number)
        batches.since(datetime.now(UTC) - timedelta(days=1))
        list(batches.results(number))

    def cancelled_batch(self) -> None:
        """A batch that is cancelled while it is at work."""
        batches, number = self._begin()
        batches.look(number)
        batches.cancel(number)
        list(batches.results(number))

    def no_batch(self) -> None:
        """A batch that there is not."""
        Batches(self.claude()).look("msgbatch_none")

    def _begin(self) -> tuple[Batches, str]:
        claude = self.claude()
        writer = ClaudeWriter(claude, "Oil on canvas.")
        batches = Batches(claude)
        occasion = Occasion("run", 0, lambda words: None, lambda: False, correlation="c-1")
        questions = {each.slug: writer.question(each) for each in self.cards}
        return batches, batches.create(questions, occasion, lambda: None).service_id


@dataclass(frozen=True, slots=True)
class Way:
    """A call, with the service's switches, and whether it is to fail."""

    name: str
    make: Callable[[Play], None]
    switches: Switches
    fails: bool = False


def ways() -> list[Way]:
    """Every call that we make, once for each way that it can end."""
    return [
        Way("a prompt", Play.write, Switches()),
        Way("a prompt that breaks the rules, and another", Play.write, Switches()),
        Way("a prompt for no card", Play.write_freely, Switches()),
        Way("a refusal", Play.write, Switches(stop_reason="refusal"), fails=True),
        Way("an answer that is cut off", Play.write, Switches(stop_reason="max_tokens"), fails=True),
        Way("a window that is full", Play.write, Switches(stop_reason="model_context_window_exceeded")),
        Way(
            "asked to wait, and tried again", lambda play: play.write(most_retries=1),
            Switches(status=[(429, {"retry-after-ms": "1"})]),
        ),
        *(Way(f"error {status}", Play.write, Switches(status=[status]), fails=True) for status in ERRORS),
        Way("a wrong key", lambda play: play.write(key="sk-other"), Switches(), fails=True),
        Way(
            "a spend limit", Play.write, Switches(status=[429], error_code="enforced_spend_limit_reached"), fails=True
        ),
        Way("a batch that ends", Play.ended_batch, Switches(errored=1, expire=1)),
        Way("a batch that is cancelled", Play.cancelled_batch, Switches(batch_seconds=60)),
        Way("a batch that there is not", Play.no_batch, Switches(), fails=True),
    ]  # fmt: skip


def calls() -> Iterator[tuple[str, Exchange]]:
    """Make them all; gives what went over the wire, with the way's name."""
    from deckport_assets.catalog import services
    from deckport_assets.resources.claude.service import SERVICE

    slugs = [f"card-{n:03d}" for n in range(CARDS)]
    with tempfile.TemporaryDirectory(prefix="published-") as name, running(good_answer) as fake:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'catalog.db'}")
        database.migrate()
        import_catalog(database, folder, *write_source(folder / "source", [card(s) for s in slugs], [art("Nobody")]))
        with database.reading() as connection:
            play = Play(fake, database, all_cards(connection))
        for way in ways():
            fake.switches = way.switches
            fake.write = twice() if "another" in way.name else good_answer
            before = len(fake.exchanges)
            with suppress(*((DeckportError, anthropic.AnthropicError) if way.fails else ())):
                way.make(play)
                if way.fails:
                    raise SystemExit(f"{way.name}: nothing was wrong")
            with database.writing() as connection:
                services.succeeded(connection, SERVICE)
            yield from ((way.name, exchange) for exchange in fake.exchanges[before:])
        database.close()


def twice() -> Callable[[dict[str, Any]], str]:
    """Writes a prompt without its card's colour, then a good one."""
    before = Counter[str]()

    def write(body: dict[str, Any]) -> str:
        before["asked"] += 1
        answer = good_answer(body)
        return answer.replace("azure", "bright") if before["asked"] == 1 else answer

    return write


def main() -> int:
    """Make the calls and hold them against the document; 0 when none breaks it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--document", type=Path, required=True)
    document = Document(parser.parse_args().document.read_text(encoding="utf-8"))
    print(f"OpenAPI {document.version}, sha256 {document.sha256}; anthropic {anthropic.__version__}\n")
    found: Counter[tuple[str, str, Difference]] = Counter()
    print("| call | operation | direction | status | held against the document |\n|---|---|---|---|---|")
    for name, exchange in calls():
        operation = document.operation_of(exchange)
        if operation is None:
            called = f"{exchange.method} {exchange.path}"
            found[called, "request", Difference(BREAKS, called, "no such operation", "")] += 1
            print(f"| {name} | {called} | request | | no such operation |")
            continue
        for direction, judge, status in (("request", judge_request, ""), ("answer", judge_answer, exchange.status)):
            differences = list(dict.fromkeys(judge(document, operation, exchange)))
            found.update((document.name_of(operation), direction, each) for each in differences)
            kinds = Counter(each.kind for each in differences)
            told = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "valid"
            print(f"| {name} | {document.name_of(operation)} | {direction} | {status} | {told} |", flush=True)
    print(
        "\n| what | operation | direction | where | the document says | sent | times |\n|---|---|---|---|---|---|---|"
    )
    for (called, direction, each), times in sorted(found.items(), key=lambda item: (item[0][2].kind, *item[0][:2])):
        print(f"| {each.kind} | {called} | {direction} | {each.where} | {each.said} | {each.sent} | {times} |")
    broken = sum(each.kind == BREAKS for _, _, each in found)
    print(f"\n{len(found)} differences, {broken} of them break the document.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
