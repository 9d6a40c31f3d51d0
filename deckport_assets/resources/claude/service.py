"""Claude: structured answers of Anthropic's models, each paid for once. What is asked, and what makes a good answer, is
the studio's.

The SDK's own retries are the only ones (429, 5xx, a connection that was not made). What went out and was not answered
may have been paid: it is told as PossiblyBilled and never sent again by itself. Each call has its row in the ledger:
the ceiling before, the cost after, whatever became of the answer. At most three calls are out at a time, over all
processes.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import uuid4

from pydantic import BaseModel, SecretStr, ValidationError

from deckport_assets.catalog import ledger, services
from deckport_assets.catalog.database import Database, now
from deckport_assets.catalog.ledger import Budgets, Call, Paid
from deckport_assets.catalog.services import Slot, Turn
from deckport_assets.errors import (
    BadAnswer,
    Cancelled,
    DeckportError,
    MissingModel,
    MoneySetAside,
    NeedsMoney,
    PossiblyBilled,
    Refused,
    RefusedByModel,
    Rejected,
    ServiceUnavailable,
    Unauthorised,
)
from deckport_assets.resources.prices import Tokens, ceiling_microusd, cost_microusd, prices
from deckport_assets.resources.providers import Occasion

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types import Message

SERVICE = "claude"
MOST_AT_ONCE = 3
"""Over queue, asset and batch together."""
SHORTEST_REST_S = 5.0
"""A service that asks for as much, after the SDK has tried again, is left alone at once."""
LONGEST_CAUSE_CHARACTERS = 500
LONGEST_PAUSE_S = 30.0
"""A service that asks to be left alone for longer is left alone: its circuit opens, and the caller is told."""
MOST_TOKENS_COUNTED = 10_000_000
"""No model reads or writes as many in a call."""
LONGEST_ASKED_S = 3600.0
"""Whatever a service asks for, it is looked at again within the hour."""
USUAL_BYTES_A_TOKEN = 4
USUAL_TOKENS_WRITTEN = 700
"""What an answer is taken to have, its thinking included, before there ever was one."""
RENEW_S = 5.0
"""How often a call that is out gives a sign of life, so that it stays counted."""
LOOK_S = 0.25
"""How often a caller looks whether there is room."""

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Question(Generic[Answer]):
    """What is asked. `guide` is the same for many questions and is kept in the service's cache; `words` are this one's;
    `form` is what the answer has to look like."""

    guide: str
    words: str
    form: type[Answer]
    asset: str
    partition: str

    @property
    def sent_bytes(self) -> int:
        """How much text goes out, the form included."""
        form = json.dumps(self.form.model_json_schema())
        return len(self.guide.encode()) + len(self.words.encode()) + 2 * len(form.encode())


@dataclass(frozen=True, slots=True)
class Answered(Generic[Answer]):
    """An answer that has the form that was asked for, and what it cost."""

    value: Answer
    model: str
    tokens: Tokens
    cost_microusd: int
    entry: int
    """Its row in the ledger."""
    request_id: str = ""


class Claude:
    """Anthropic's service behind a key. Nothing that it says or prints shows the key. Safe to share between threads."""

    def __init__(
        self,
        key: str,
        catalog_url: str,
        *,
        model: str,
        base_url: str = "",
        budgets: Budgets = Budgets(),  # noqa: B008 - frozen
        most_tokens: int = 4_000,
        timeout_s: float = 120.0,
        wait_s: float = 900.0,
        most_retries: int = 2,
    ) -> None:
        self._key = SecretStr(key)
        self._catalog_url = SecretStr(catalog_url)
        self.model = model
        self.base_url = base_url
        self.budgets = budgets
        self.most_tokens = most_tokens
        self.timeout_s = timeout_s
        self.wait_s = wait_s
        self.most_retries = most_retries

    def __repr__(self) -> str:
        return f"Claude({self.model!r})"

    @cached_property
    def database(self) -> Database:
        """Where the ledger, the circuit and the slots are."""
        return Database(self._catalog_url.get_secret_value())

    def ask(self, question: Question[Answer], occasion: Occasion) -> Answered[Answer]:
        """Ask, and pay.

        Raises NeedsMoney before a budget is crossed and when the service wants money; ServiceUnavailable, Unauthorised,
        MissingModel and Rejected as the service says; PossiblyBilled when the answer never came; RefusedByModel and
        BadAnswer for an answer that was paid and cannot be used; Cancelled. An answer to the same question for the same
        purpose that was paid for, and whose asker was killed before it was used, is given without asking again.
        """
        body = self.body(question)
        asked = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with self.database.reading() as connection:
            paid = ledger.paid_and_unused(connection, occasion.purpose, asked)
        if paid is not None:
            occasion.progress(f"{question.partition or 'Free text'}: an answer that was paid for before is used.")
            return self._paid_before(question, paid)
        with self.room(question.partition, occasion):
            number = self._reserve(question, occasion, asked)
            try:
                message, request_id = self._send(body, occasion, number)
            except DeckportError as error:
                self._book_failure(number, error)
                raise
            return self._settled(question, occasion, number, message, request_id)

    def drop(self, entries: Sequence[int]) -> None:
        """These answers are of no use: the next who asks pays for another."""
        with self.database.writing() as connection:
            ledger.used(connection, entries)

    def ceiling(self, question: Question[Any], *, batch: bool = False) -> int:
        """The most that a question can cost, in millionths of a US dollar."""
        return ceiling_microusd(self.model, sent_bytes=question.sent_bytes, most_tokens=self.most_tokens, batch=batch)

    def expected(self, question: Question[Any], *, batch: bool = False) -> int:
        """What a question like this costs usually: the average of late, else guessed from its length."""
        with self.database.reading() as connection:
            usual = ledger.usual_cost(
                connection, SERVICE, question.asset, self.model, processing="batch" if batch else ""
            )
        if usual is not None:
            return usual
        guessed = Tokens(question.sent_bytes // USUAL_BYTES_A_TOKEN, USUAL_TOKENS_WRITTEN)
        return min(cost_microusd(self.model, guessed, batch=batch), self.ceiling(question, batch=batch))

    def body(self, question: Question[Any]) -> dict[str, Any]:
        """What is sent, as the service's `messages` takes it."""
        from anthropic import transform_schema

        guide = {"type": "text", "text": question.guide, "cache_control": {"type": "ephemeral"}}
        return {
            "model": self.model,
            "max_tokens": self.most_tokens,
            "system": [guide],
            "messages": [{"role": "user", "content": question.words}],
            "output_config": {"format": {"type": "json_schema", "schema": transform_schema(question.form)}},
        }

    # --- One call ------------------------------------------------------------------------------------------------

    @contextmanager
    def room(self, what: str, occasion: Occasion) -> Iterator[None]:
        """A place among the calls that are out, for `what`. Raises ServiceUnavailable and Cancelled."""
        slot = self._take(what, occasion)
        over = threading.Event()

        def give_signs_of_life() -> None:
            while not over.wait(RENEW_S):
                with self.database.writing() as connection:
                    services.renew(connection, slot)

        signs = threading.Thread(target=give_signs_of_life, name="claude-slot", daemon=True)
        signs.start()
        try:
            yield
        finally:
            over.set()
            signs.join()
            with self.database.writing() as connection:
                services.give_back(connection, slot)

    def _take(self, what: str, occasion: Occasion) -> Slot:
        turn = Turn(occasion.run_id, occasion.priority, now())
        job = f"{SERVICE} {what} {uuid4().hex[:12]}"
        until, told = time.monotonic() + self.wait_s, False
        while True:
            if occasion.cancelled():
                raise Cancelled("The run was stopped before Claude was asked.")
            with self.database.writing() as connection:
                slot = services.take_slot(
                    connection, {SERVICE: 0.0}, most=MOST_AT_ONCE, job=job, turn=turn, partition=what
                )
                away = services.circuits(connection, [SERVICE]).get(SERVICE)
                if slot is None:
                    services.stand_in_line(connection, turn, [SERVICE])
                else:
                    services.leave_line(connection, turn.run_id)
            if slot is not None:
                return slot
            rests = away is not None and away.state is not services.State.CLOSED
            if rests and not occasion.patient:
                raise ServiceUnavailable(self._cause(), remedy="It is tried again by itself.")
            if rests and not told:
                told = True
                occasion.progress(f"{what}: Claude is left alone; waiting up to {self.wait_s:.0f} s.")
            if time.monotonic() > until:
                raise ServiceUnavailable(self._cause(), remedy="It may be tried again.")
            time.sleep(LOOK_S)

    def _cause(self) -> str:
        with self.database.reading() as connection:
            circuit = services.circuits(connection, [SERVICE]).get(SERVICE)
        return f"Claude is left alone: {circuit.cause}" if circuit and circuit.cause else "Claude has no room."

    def _reserve(self, question: Question[Any], occasion: Occasion, asked: str) -> int:
        """Set the ceiling aside; waits for as long as a call may take when only calls that are out stand against it."""
        until = time.monotonic() + self.timeout_s
        while True:
            try:
                return self._reserved(question, occasion, asked)
            except MoneySetAside:
                if time.monotonic() > until or occasion.cancelled():
                    raise
                time.sleep(LOOK_S)

    def _reserved(self, question: Question[Any], occasion: Occasion, asked: str) -> int:
        expected = self.expected(question)
        with self.database.writing() as connection:
            ceiling = self.ceiling(question)
            call = Call(
                SERVICE,
                question.asset,
                question.partition,
                occasion.run_id,
                ceiling,
                expected_microusd=expected,
                order_id=occasion.order_id,
                requester=occasion.requester,
                model=self.model,
                correlation=occasion.correlation,
                purpose=occasion.purpose,
                question=asked,
            )
            return ledger.reserve(connection, call, self.budgets)

    def _book_failure(self, number: int, error: DeckportError) -> None:
        with self.database.writing() as connection:
            if isinstance(error, PossiblyBilled):
                ledger.lose(connection, number, str(error))
            else:
                ledger.release(connection, number, str(error))
        self.note_failure(error)

    def note_failure(self, error: DeckportError) -> None:
        """Tell the circuit that all processes share."""
        with self.database.writing() as connection:
            if isinstance(error, ServiceUnavailable):
                patience = 1 if (error.after_s or 0.0) >= SHORTEST_REST_S else services.OPENS_AFTER
                services.failed(connection, SERVICE, str(error), opens_after=patience)
            elif isinstance(error, Unauthorised | MissingModel | NeedsMoney):
                services.failed(connection, SERVICE, str(error), opens_after=1)

    def _send(self, body: Mapping[str, Any], occasion: Occasion, number: int) -> tuple[Message, str]:
        """The service's message and the number that it gave the request. Raises our own errors only."""
        import anthropic

        headers = {"X-Correlation-ID": occasion.correlation} if occasion.correlation else {}
        try:
            with self.client(lambda: self._note_sent(number)) as client:
                raw = client.messages.with_raw_response.create(**body, extra_headers=headers, timeout=self.timeout_s)
        except anthropic.AnthropicError as error:
            raise as_ours(error) from None
        request_id = raw.headers.get("request-id", "")
        try:
            message = raw.parse()
            _ = message.usage.output_tokens, message.stop_reason, message.content
        except (ValueError, AttributeError, anthropic.AnthropicError) as error:
            raise PossiblyBilled(
                f"Claude answered with something that cannot be read ({type(error).__name__}), request {request_id}.",
                remedy=_ASK_AGAIN,
            ) from None
        return message, request_id

    def _note_sent(self, number: int) -> None:
        with self.database.writing() as connection:
            ledger.sent(connection, number)

    def client(self, before: Callable[[], None], *, most_retries: int | None = None) -> Anthropic:
        """The SDK's client for one call; `before` is called before each attempt goes out.

        What went out and was not answered is raised as PossiblyBilled, which the SDK does not retry.
        """
        from anthropic import Anthropic, APIConnectionError

        def attempt(request: Any, call_next: Callable[[Any], Any]) -> Any:
            before()
            try:
                response = call_next(request)
            except APIConnectionError as error:
                if _never_sent(error):
                    raise
                raise PossiblyBilled(
                    f"Claude took the request and did not answer ({_in_words(error)}).", remedy=_ASK_AGAIN
                ) from None
            wait_s = _asked_to_wait_s(response.headers)
            if response.status_code in (429, 529) and wait_s is not None and wait_s > LONGEST_PAUSE_S:
                raise _leave_alone(response.status_code, wait_s)
            if response.status_code == 429 and _is_spend_limit(response):
                raise NeedsMoney(
                    "Anthropic's spend limit is reached.", remedy="Raise it in the console, then deckport retry."
                )
            return response

        return Anthropic(
            api_key=self._key.get_secret_value(),
            base_url=self.base_url or None,
            timeout=self.timeout_s,
            max_retries=self.most_retries if most_retries is None else most_retries,
            middleware=[attempt],
        )

    def _settled(
        self, question: Question[Answer], occasion: Occasion, number: int, message: Message, request_id: str
    ) -> Answered[Answer]:
        """Book what the call cost, and only then look at what it says."""
        try:
            tokens = tokens_of(message.usage)
            cost = cost_microusd(message.model, tokens)
            kept = message.to_dict(mode="json", warnings=False) if occasion.purpose else None
        except (Refused, ValueError, TypeError, AttributeError) as error:
            said = in_print(error)
            unknown = PossiblyBilled(f"What Claude's answer cost cannot be told: {said}", remedy=_ASK_AGAIN)
            self._book_failure(number, unknown)
            raise unknown from None
        with self.database.writing() as connection:
            told = tokens.counts() | {"request_id": request_id, "stop_reason": message.stop_reason}
            ledger.settle(connection, number, cost, usage=told, prices=prices(), model=message.model, answer=kept)
            services.succeeded(connection, SERVICE)
        return self._answered(question, number, message, tokens, cost, request_id)

    def _paid_before(self, question: Question[Answer], paid: Paid) -> Answered[Answer]:
        from anthropic.types import Message

        message = Message.construct(**paid.answer)
        request_id = str(paid.usage.get("request_id", ""))
        return self._answered(question, paid.entry, message, tokens_of(message.usage), paid.cost_microusd, request_id)

    def _answered(
        self, question: Question[Answer], entry: int, message: Message, tokens: Tokens, cost: int, request_id: str
    ) -> Answered[Answer]:
        try:
            value = read_answer(message, question.form)
        except Exception:  # whoever asks again is not given the same once more
            self.drop([entry])
            raise
        return Answered(value, message.model, tokens, cost, entry, request_id)


_ASK_AGAIN = "It may have been paid, so it is not asked again by itself: ask again when you want to."


def as_ours(error: Any) -> DeckportError:
    """An error of the SDK as one of ours, without the request that it carries, and without the key: what answers at a
    wrong address may repeat what it was sent."""
    import anthropic

    if isinstance(error, anthropic.APIConnectionError):
        return ServiceUnavailable(f"Claude cannot be reached: {_in_words(error)}.")
    if not isinstance(error, anthropic.APIStatusError):
        return ServiceUnavailable(f"Claude: {type(error).__name__}.")
    said, key = str(error.api_message or type(error).__name__), _key_of(error.request)
    said = in_print(said.replace(key, "***") if key else said)
    told = f"Claude says {error.status_code}: {said}"
    told = f"{told} (request {error.request_id})" if error.request_id else told
    if error.status_code in (401, 403):
        return Unauthorised(told, remedy="Set ANTHROPIC_API_KEY to a key that is valid.")
    if error.status_code == 402:
        return NeedsMoney(told, remedy="Settle it in Anthropic's console.")
    if error.status_code == 404:
        return MissingModel(told, remedy="Name a model that there is in DECKPORT_CLAUDE_MODEL.")
    if error.status_code == 429 or error.status_code >= 500:
        return ServiceUnavailable(told, after_s=_asked_to_wait_s(error.response.headers))
    return Rejected(told, remedy="The request itself is wrong; what was sent stands in the card's prompt page.")


def in_print(said: object) -> str:
    """What a service says, as it can be kept: cut, and without what no database takes."""
    return str(said)[:LONGEST_CAUSE_CHARACTERS].replace("\0", "").encode(errors="replace").decode()


def _key_of(request: Any) -> str:
    """The key that a request was sent with."""
    headers = request.headers
    return str(headers.get("authorization", "")).removeprefix("Bearer ") or str(headers.get("x-api-key", ""))


def tokens_of(usage: Any) -> Tokens:
    """The service's count of a call. Raises ValueError for what no call can have."""
    counted = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_input_tokens or 0,
        usage.cache_creation_input_tokens or 0,
    )
    if any(not isinstance(count, int) or not 0 <= count <= MOST_TOKENS_COUNTED for count in counted):
        raise ValueError(f"token counts of {counted}")
    return Tokens(*counted)


def read_answer(message: Any, form: type[Answer]) -> Answer:
    """What the message says, in the form that was asked for. Raises RefusedByModel, or BadAnswer."""
    if message.stop_reason == "refusal":
        raise RefusedByModel("Claude refuses to answer this.", remedy="Change the card's words, or write it yourself.")
    try:
        text = "".join(block.text for block in message.content if block.type == "text")
    except (TypeError, AttributeError):
        raise BadAnswer("Claude's answer has no text that can be read.", remedy="Ask again.") from None
    if message.stop_reason == "max_tokens":
        raise BadAnswer(
            f"Claude's answer ends in the middle, after {message.usage.output_tokens} tokens.",
            remedy="Raise DECKPORT_CLAUDE_MAX_TOKENS.",
        )
    try:
        return form.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise BadAnswer(
            f"Claude's answer has another form than was asked for: {where}: {first['msg']}.", remedy="Ask again."
        ) from None


def _never_sent(error: Any) -> bool:
    """Whether a connection's failure came before anything could have been taken."""
    import httpx2

    return isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)


def _in_words(error: Any) -> str:
    return type(error.__cause__ or error).__name__


def _asked_to_wait_s(headers: Mapping[str, str]) -> float | None:
    try:
        if "retry-after-ms" in headers:
            asked_s = float(headers["retry-after-ms"]) / 1000
        else:
            asked_s = float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return None if math.isnan(asked_s) else min(max(0.0, asked_s), LONGEST_ASKED_S)


def _leave_alone(status: int, wait_s: float) -> ServiceUnavailable:
    return ServiceUnavailable(f"Claude says {status}: it wants to be left alone for {wait_s:.0f} s.", after_s=wait_s)


def _is_spend_limit(response: Any) -> bool:
    """A spend limit's 429 is no rate limit: it is the same until somebody pays."""
    try:
        error = json.loads(response.read()).get("error") or {}
    except (ValueError, AttributeError):
        return False
    code = str((error.get("details") or {}).get("error_code") or "")
    return "spend_limit" in code or "spend limit" in str(error.get("message", "")).lower()
