"""Writing what the prompt queue holds, in one run: three at a time, the urgent first, each answer accepted once.

Requests are claimed here and not by the sensor that asks for the run, so that a late urgent one overtakes. What the
queue's rules are stands in `catalog.prompt_queue`; what a call costs and may cost is the writer's to book.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import sqlalchemy as db

from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.cards import cards_by_slug
from deckport_assets.catalog.database import UNWELL, Database, now
from deckport_assets.catalog.journal import claimed_by
from deckport_assets.catalog.ledger import RUN_BUDGET, forget_answers, used
from deckport_assets.catalog.prompt_batches import being_written
from deckport_assets.catalog.prompt_queue import MOST_AT_ONCE, Request, Status
from deckport_assets.catalog.prompts import (
    Origin,
    StoredPrompt,
    add_prompt,
    names_and_texts,
    prompts_that_count,
    written_since,
)
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.services import circuits
from deckport_assets.errors import (
    Cancelled,
    DeckportError,
    MissingModel,
    NeedsMoney,
    Retired,
    ServiceUnavailable,
    Unauthorised,
    WaitsForInput,
)
from deckport_assets.resources.claude.service import SERVICE
from deckport_assets.resources.providers import Beside, Occasion, Writer, Written

TICK_S = 0.5
RENEW_S = 20.0
"""How often a request that is being written gives a sign of life."""
ENDS_WITHIN_S = 50.0
"""How long a run that is stopped waits for what is out; Dagster gives it a minute."""
MOST_REFUSALS = 3
"""So many requests in a row that a budget refuses, and all rest: one dear one is no reason."""
MOST_IN_A_RUN = 200
"""So that a run's log stays one that a person reads; the next run goes on."""
LINGER_S = 5.0
"""How long the run waits for more before it ends: a request that comes then is written at once."""
LONGEST_BEHIND_S = 30.0
AWAY_S, SPENT_S = 15.0, 300.0
"""How long requests wait when the service is away, and when a budget is spent."""


@dataclass(slots=True)
class Tally:
    """What became of the requests of one run."""

    completed: int = 0
    failed: int = 0
    put_back: int = 0
    late: int = 0
    """Answers that came when the request was another's, or cancelled."""

    def sentence(self) -> str:
        """As the run's log says it."""
        late = f", {self.late} came too late" if self.late else ""
        return f"{self.completed} written, {self.failed} need a person, {self.put_back} wait for another try{late}."


@dataclass(slots=True)
class Drain:
    """The queue's requests, written by one writer until none is ready.

    `claimed` is told of each that is begun, `say` of each in words, `written` of each card whose prompt was accepted;
    all in the caller's thread. An exception there, as Dagster raises one to end a run, ends it: what is out is waited
    for and used.
    """

    database: Database
    writer: Writer
    run_id: str
    say: Callable[[str], None]
    written: Callable[[str, Request], None]
    claimed: Callable[[Request], None] = lambda request: None
    linger_s: float = field(default_factory=lambda: LINGER_S)
    tally: Tally = field(default_factory=Tally)
    _taken: int = 0
    _refusals: int = 0
    _renewed_at: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _said: list[str] = field(default_factory=list)
    _beside: Beside | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> Tally:
        """Write until nothing is ready for a while, a budget is spent, or the service is away."""
        with self.database.writing() as connection:
            forget_answers(connection)
        running: dict[Future[Status | None], Request] = {}
        self._renewed_at = idle_since = time.monotonic()
        pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="write")
        try:
            while True:
                while len(running) < MOST_AT_ONCE and self._taken < MOST_IN_A_RUN and not self._over.is_set():
                    with self.database.writing() as connection:
                        request = queue.claim(connection, self.run_id)
                    if request is None:
                        break
                    self._taken += 1
                    running[pool.submit(self._one, request)] = request
                    self.claimed(request)
                if running:
                    idle_since = time.monotonic()
                    done, _ = wait(running, timeout=TICK_S, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._settled(running.pop(future), future.result())
                elif (
                    self._over.is_set() or self._taken == MOST_IN_A_RUN or time.monotonic() - idle_since > self.linger_s
                ):
                    break
                else:
                    time.sleep(TICK_S)
                self._tell()
                self._renew(running.values())
        finally:
            self._end(running)
            pool.shutdown(wait=False, cancel_futures=True)
            self._tell()
        return self.tally

    def _end(self, running: dict[Future[Status | None], Request]) -> None:
        """What is out is paid for: its answers are waited for, for as long as Dagster waits for a run that is stopped,
        and used. What does not come by then is as after a kill."""
        self._over.set()
        until = time.monotonic() + ENDS_WITHIN_S
        while running and time.monotonic() < until:
            done, _ = wait(running, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in done:
                request = running.pop(future)
                if not future.cancelled() and future.exception() is None:
                    self._settled(request, future.result())
            self._renew(running.values())

    def _renew(self, requests: Iterable[Request]) -> None:
        if time.monotonic() - self._renewed_at > RENEW_S:
            self._renewed_at = time.monotonic()
            with self.database.writing() as connection:
                for request in requests:
                    queue.renew(connection, request)

    def _settled(self, request: Request, status: Status | None) -> None:
        if status is Status.COMPLETED:
            self._refusals = 0
            self.tally.completed += 1
            if request.card:
                self.written(request.card, request)
        elif status is Status.FAILED:
            self.tally.failed += 1
        elif status is Status.QUEUED:
            self.tally.put_back += 1
        else:
            self.tally.late += 1

    def _tell(self) -> None:
        with self._lock:
            said, self._said = self._said, []
        for words in said:
            self.say(words)

    def _note(self, words: str) -> None:
        with self._lock:
            self._said.append(words)

    def _one(self, request: Request) -> Status | None:
        """Write one request and settle it; gives how it stands then, None when it was another's by then."""
        named = name_of(request)
        try:
            answer = self._ask(request)
        except NeedsMoney as error:
            if error.budget == RUN_BUDGET:  # its own: it would be the same again
                return self._fails(request, named, error)
            return self._waits(request, named, error)
        except (ServiceUnavailable, Unauthorised, MissingModel, WaitsForInput, Cancelled) as error:
            return self._waits(request, named, error)
        except _IsWritten as there:
            return self._is_written(request, named, there)
        except Exception as error:  # noqa: BLE001 - one bad request never stops the others; its cause is kept and shown
            return self._fails(request, named, error)
        try:
            return self._accept(request, named, answer)
        except UNWELL:
            raise  # it is settled by who takes it over, with the answer that is paid
        except Exception as error:  # noqa: BLE001 - as above; what cannot be kept once cannot be kept again
            with self.database.writing() as connection:
                used(connection, answer.entries)
            return self._fails(request, named, error)

    def _accept(self, request: Request, named: str, answer: Written) -> Status | None:
        """Keep an answer as the card's prompt, unless it comes too late."""
        if request.card:
            with self._lock:
                self._beside = self._beside and self._beside.with_text(request.card, answer.text)
        with self.database.writing() as connection:
            accepted = queue.complete(connection, request, prompt_version=None, answer=_told(answer))
            if accepted:
                used(connection, answer.entries)
            if accepted and request.card:
                prompt = add_prompt(
                    connection,
                    request.card,
                    Origin.DRAFT if answer.provenance.draft else Origin.MACHINE,
                    answer.text,
                    caption=answer.caption,
                    negative=answer.negative,
                    motion=answer.motion,
                    author=answer.provenance.model,
                    provider=answer.provenance.provider,
                    cost_microusd=answer.provenance.cost_microusd,
                )
                counts = prompts_that_count(connection, [request.card])[request.card]
                remarks = [] if counts.version == prompt.version else [f"{_WHOSE[counts.origin]} counts before it."]
                if answer.provenance.draft and (request.words or request.references):
                    remarks.append("The embedded writer reads the card alone, no wishes.")
                remark = " ".join(remarks)
                queue.note_version(connection, request, prompt.version, remark)
                named += f": version {prompt.version}. {remark}" if remark else ""
        self._note(f"{named}: written." if accepted else f"{named}: its answer came too late and is not used.")
        return Status.COMPLETED if accepted else None

    def _waits(self, request: Request, named: str, error: DeckportError) -> Status | None:
        """It was not tried, or not to its end, through no fault of its own."""
        if isinstance(error, Cancelled | WaitsForInput):
            with self.database.writing() as connection:
                after_s = 0.0 if isinstance(error, Cancelled) else AWAY_S
                waits = queue.put_back(connection, request, why=str(error), remedy=error.remedy, after_s=after_s)
            return Status.QUEUED if waits else None
        all_rest = not isinstance(error, NeedsMoney) or not error.budget
        if not all_rest:  # a smaller one may be within the budget
            self._refusals += 1
            all_rest = self._refusals >= MOST_REFUSALS
        first = all_rest and not self._over.is_set()
        with self.database.writing() as connection:
            rest_s, behind_s = SPENT_S, min(LONGEST_BEHIND_S, request.attempt)
            if isinstance(error, ServiceUnavailable):  # one that brings the service down lets the others by
                rest_s = self._away_s(connection, error)
            waits = queue.put_back(connection, request, why=str(error), remedy=error.remedy, after_s=rest_s + behind_s)
            if all_rest:
                self._over.set()
                queue.rest(connection, rest_s)
        if first or not all_rest:
            who = "All requests wait" if all_rest else "It waits"
            self._note(f"{named}: {error} {who} for {rest_s:.0f} s.")
        return Status.QUEUED if waits else None

    def _fails(self, request: Request, named: str, error: Exception) -> Status | None:
        with self.database.writing() as connection:
            status = queue.fail(connection, request, error)
        self._note(f"{named}: {error}")
        return status

    def _is_written(self, request: Request, named: str, there: _IsWritten) -> Status | None:
        """The card has got another prompt since it was asked for: nothing is paid."""
        prompt = there.prompt
        told = {"text": prompt.text, "caption": prompt.caption, "model": prompt.author, "cost_usd": 0.0}
        with self.database.writing() as connection:
            accepted = queue.complete(connection, request, prompt_version=prompt.version, answer=told)
            if accepted:
                queue.note_version(connection, request, prompt.version, "It was written meanwhile; nothing was paid.")
        self._note(f"{named}: version {prompt.version} was written meanwhile; nothing was paid.")
        return Status.COMPLETED if accepted else None

    def _away_s(self, connection: db.Connection, error: ServiceUnavailable) -> float:
        """How long a service that is away is left alone: as it asked, or as its circuit says."""
        circuit = circuits(connection, [SERVICE]).get(SERVICE)
        rests_s = (circuit.retry_at - now()).total_seconds() if circuit and circuit.retry_at else 0.0
        return max(AWAY_S, error.after_s or 0.0, rests_s)

    def _ask(self, request: Request) -> Written:
        occasion = Occasion(
            self.run_id,
            request.priority,
            lambda words: self._note(f"{name_of(request)}: {words}"),
            self._over.is_set,
            order_id=f"queue-{request.id}.{request.attempt}",  # what a killed attempt may have cost is not this one's
            requester=request.requester,
            correlation=request.correlation,
            patient=False,
            purpose=f"card {request.card}" if request.card else f"request {request.id}",
        )
        if not request.card:
            return self.writer.write_freely(request.words, request.references, occasion=occasion)
        with self.database.reading() as connection:
            card = cards_by_slug(connection, [request.card]).get(request.card)
        if card is None or card.retired:
            raise Retired(f"{request.card} has left the catalog.", remedy="Import a source that has it again.")
        self._look_beside(request)
        return self.writer.write(
            card, occasion=occasion, beside=self._others(), wish=request.words, references=request.references
        )

    def _look_beside(self, request: Request) -> None:
        """Whether the card's prompt was written meanwhile, or a run is writing it right now.

        Raises _IsWritten: what a person wrote counts whatever was wished; what a machine wrote, when nothing was.
        """
        with self.database.reading() as connection:
            prompt = written_since(connection, request.card, request.created_at)
            held = claimed_by(connection, PROMPT, request.card)
            in_a_batch = request.card in being_written(connection)
        wished = bool(request.words.strip() or request.references)
        if prompt is not None and (prompt.origin is Origin.HUMAN or not wished):
            raise _IsWritten(prompt)
        if held and held != self.run_id:
            raise WaitsForInput("A run is writing this card's prompt.", remedy="It is looked at again by itself.")
        if in_a_batch and not wished:
            raise WaitsForInput("A batch is writing this card's prompt.", remedy="It is looked at again by itself.")

    def _others(self) -> Beside:
        """What else there is; read once in a run."""
        with self._lock:
            if self._beside is None:
                self._beside = beside(self.database)
            return self._beside


class _IsWritten(Exception):
    """The card has got a prompt since it was asked for."""

    def __init__(self, prompt: StoredPrompt) -> None:
        super().__init__(prompt.version)
        self.prompt = prompt


_WHOSE = {
    Origin.HUMAN: "A person's version",
    Origin.SOURCE: "The source's version",
    Origin.MACHINE: "Claude's version",
    Origin.DRAFT: "Another draft",
}


def name_of(request: Request) -> str:
    """A request as log lines name it: its number, its card, and the id of what asked for it."""
    asked = f", {request.correlation}" if request.correlation else ""
    return f"Request {request.id} ({request.card or 'free text'}{asked})"


def beside(database: Database) -> Beside:
    """The names of all cards, and the prompts of those that have one."""
    with database.reading() as connection:
        return Beside(*names_and_texts(connection))


def _told(answer: Written) -> dict[str, object]:
    made = answer.provenance
    return {
        "text": answer.text, "caption": answer.caption, "negative": answer.negative, "motion": answer.motion,
        "provider": made.provider, "model": made.model, "draft": made.draft, "cost_usd": made.cost_microusd / 1_000_000,
    }  # fmt: skip
