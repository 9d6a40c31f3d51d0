"""Many jobs over several servers: each goes to the emptiest that can do it, away from one that fails, and back again.

How many jobs a server holds for us is counted in the catalog's database, so that several runs share the servers; so
are the circuits. What is done after each failure stands in `Dispatch.draw`. One job on one server is `execution`'s.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from deckport_assets.catalog import services
from deckport_assets.catalog.database import Database, now
from deckport_assets.catalog.services import Slot, Turn
from deckport_assets.errors import (
    Cancelled,
    DeckportError,
    Lost,
    MissingModel,
    MissingNode,
    OutOfMemory,
    OutputMissing,
    ServiceUnavailable,
    Stalled,
    TimedOut,
    Unauthorised,
)
from deckport_assets.resources.comfyui.execution import Execution, Outcome, Patience, files_there
from deckport_assets.resources.comfyui.progress import Listener
from deckport_assets.resources.comfyui.server import Server
from deckport_assets.studio.workflows.binding import Job, Value
from deckport_assets.studio.workflows.needs import Lack, unmet
from deckport_assets.studio.workflows.template import Template

LOOK_S = 0.1
"""How often this process looks for a place while jobs of its wait for one."""
SAY_S = 1.0
"""How often it says that its runs still stand in line."""
LOOKED_S = 2.0
"""For so long it is believed that a picture is not there; a wait in line may be far longer."""
KNOWN_S = 300.0
"""How long it is known what a server has; a server that comes back is asked anew."""
_MOST: Mapping[type[DeckportError], int] = {Lost: 3, OutputMissing: 2, OutOfMemory: 1, TimedOut: 0}
"""How often a job is handed over again for each of these."""
_MOST_MOVES = 8
"""How often a job moves because its server failed. Trials of one that rests are not counted: how long all may rest is
what ends them."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Who wants a job, and who is told of it."""

    partition: str
    run_id: str
    priority: int
    told: Mapping[str, Any]
    progress: Callable[[str], None]
    cancelled: Callable[[], bool]
    opened: Callable[[bytes], Any]
    """What is in a file; raises BadImage for one that cannot be opened to its end."""
    uploads: Mapping[str, bytes] = field(default_factory=dict)
    """The pictures that the job names, by these names: each server that gets it gets them first."""


@dataclass(slots=True)
class _Known:
    """What a server has, and until when that is believed."""

    info: Mapping[str, Any] | None = None
    runs_on: Mapping[str, str] = field(default_factory=dict)
    """Its versions and its device, as told in a picture's making."""
    until: float = 0.0
    refused: DeckportError | None = None
    """It does not let us in; asked again after KNOWN_S."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Line:
    """The runs of this process that wait for a place, as they stand in the catalog's line."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._since: dict[str, datetime] = {}
        self._jobs: Counter[str] = Counter()
        self._said_at: dict[str, float] = {}

    def turn(self, errand: Errand) -> Turn:
        """When the turn of this errand's run is."""
        with self._lock:
            return Turn(errand.run_id, errand.priority, self._since.setdefault(errand.run_id, now()))

    def pause_s(self) -> float:
        """How long one of the waiting sleeps: together they look every LOOK_S."""
        with self._lock:
            return LOOK_S * max(1, self._jobs.total()) * random.uniform(0.5, 1.5)

    @contextmanager
    def standing(self, turn: Turn) -> Iterator[Callable[[Sequence[str]], None]]:
        """A job waits for as long as the block lasts; what is given says where a place would do."""
        with self._lock:
            self._jobs[turn.run_id] += 1

        def say(wanted: Sequence[str]) -> None:
            with self._lock:
                due = time.monotonic() - self._said_at.get(turn.run_id, 0.0) > SAY_S
                if due:
                    self._said_at[turn.run_id] = time.monotonic()
            if due:
                with self._database.writing() as connection:
                    services.stand_in_line(connection, turn, wanted)

        try:
            yield say
        finally:
            with self._lock:
                self._jobs[turn.run_id] -= 1
                last = not self._jobs[turn.run_id]
                if last:
                    self._said_at.pop(turn.run_id, None)
            if last:
                with self._database.writing() as connection:
                    services.leave_line(connection, turn.run_id)


@dataclass(slots=True)
class _Left:
    """The tickets of one job at servers that did not answer: it goes on there, or is given up once it is elsewhere."""

    given_up: Callable[[str, str], None]
    tickets: dict[str, str] = field(default_factory=dict)

    def note(self, service: str, ticket: str, error: DeckportError, *, is_still_there: bool) -> None:
        """A try has failed. A server that only does not answer, or lets us in no more, keeps what it has."""
        keeps = isinstance(error, ServiceUnavailable | Unauthorised) and not isinstance(error, Stalled)
        keeps = keeps or is_still_there
        if not keeps:
            self.tickets.pop(service, None)
        elif ticket:
            self.tickets.pop(service, None)
            self.tickets[service] = ticket

    def give_up(self, *, but: str) -> None:
        """This server draws it now: nobody comes back for what lies at the others."""
        for service in [service for service in self.tickets if service != but]:
            self.given_up(service, self.tickets.pop(service))


class Dispatch:
    """The servers of one process. Safe to share between threads; what processes share is in the database."""

    def __init__(
        self, servers: Sequence[Server], database: Database, *, most: int, patience: Patience, wait_s: float
    ) -> None:
        self.servers = {service_of(server): server for server in servers}
        self._database = database
        self._most = most
        self._patience = patience
        self._wait_s = wait_s
        self._line = _Line(database)
        # Tickets that nobody comes back for, at servers that did not answer: taken back when they do.
        self._left_at: defaultdict[str, set[str]] = defaultdict(set)
        self._resting_since: dict[frozenset[str], float] = {}
        self._known = {service: _Known() for service in self.servers}
        self._listeners = {service: Listener(server) for service, server in self.servers.items()}

    def close(self) -> None:
        """Let the websockets go."""
        for listener in self._listeners.values():
            listener.close()

    def draw(self, job: Job, errand: Errand) -> Outcome:
        """Have the job done, wherever it can be. Raises the error that ends it, with the server and the node."""
        found, looked_at = self._found_anywhere(job, errand)
        if found is not None:
            return found
        spent: dict[type[DeckportError], int] = {}
        moves = again = 0
        barred: dict[str, DeckportError] = {}
        left = _Left(lambda service, ticket: self._left_at[service].add(ticket))
        while True:
            slot = self._place(job, errand, barred, left)
            is_trial = self._rests(slot.service)
            self._take_back_what_was_left(slot.service)
            look = time.monotonic() > looked_at.get(slot.service, 0.0) + LOOKED_S
            execution = self._execution(job, errand, slot, left, look=look, again=again)
            looked_at.clear()  # what is there may be another thing after the first try
            try:
                outcome = execution.run()
            except DeckportError as error:
                self._tell_circuit(slot.service, error)
                left.note(slot.service, execution.ticket, error, is_still_there=execution.is_still_there)
                if isinstance(error, MissingNode | MissingModel | Unauthorised):
                    barred[slot.service] = error
                elif isinstance(error, ServiceUnavailable) and moves < _MOST_MOVES:
                    moves += not is_trial or isinstance(error, Stalled)
                elif spent.get(type(error), 0) < _MOST.get(type(error), 0):
                    spent[type(error)] = spent.get(type(error), 0) + 1
                    again += isinstance(error, OutputMissing)
                    if isinstance(error, OutOfMemory):
                        self._free(slot.service)
                else:
                    raise
                errand.progress(f"{errand.partition}: {error} Trying again.")
            else:
                left.tickets.pop(slot.service, None)
                left.give_up(but=slot.service)
                self._succeeded(slot.service)
                return replace(outcome, runs_on=self._known[slot.service].runs_on)
            finally:
                self._put_down(slot, left)

    def _rests(self, service: str) -> bool:
        with self._database.reading() as connection:
            circuit = services.circuits(connection, [service]).get(service)
        return circuit is not None and circuit.state is not services.State.CLOSED

    def _put_down(self, slot: Slot, left: _Left) -> None:
        """Nobody works at the job just now. What a server that does not answer has of it is kept in the database, so
        that it is gone on with even when this run is stopped before it answers."""
        with self._database.writing() as connection:
            if left.tickets:
                service, ticket = next(reversed(left.tickets.items()))
                services.leave(connection, slot, service, ticket)
            else:
                services.give_back(connection, slot)

    def _found_anywhere(self, job: Job, errand: Errand) -> tuple[Outcome | None, dict[str, float]]:
        """The picture, when it lies on a server: drawn for a run that was stopped or killed before it had it. Else the
        servers that were looked at, and when."""
        with self._database.reading() as connection:
            circuits = services.circuits(connection, list(self.servers))
        looked_at: dict[str, float] = {}
        for service, server in self.servers.items():
            rests = service in circuits and circuits[service].state is not services.State.CLOSED
            if rests or self._lacks(service, job) is None or self._known[service].info is None:
                continue
            try:
                files = files_there(server, job, errand.opened, 0, self._patience.fetch_s)
            except DeckportError as error:
                self._tell_circuit(service, error)
                continue
            if files is not None:
                with self._database.writing() as connection:
                    services.forget_job(connection, job.key)
                return Outcome(files, server.name, "", found=True, runs_on=self._known[service].runs_on), looked_at
            looked_at[service] = time.monotonic()
        return None, looked_at

    def _free(self, service: str) -> None:
        try:
            self.servers[service].free()
        except DeckportError as error:
            self._tell_circuit(service, error)

    def _execution(self, job: Job, errand: Errand, slot: Slot, left: _Left, *, look: bool, again: int) -> Execution:
        listener = self._listeners[slot.service]
        ticket = left.tickets.get(slot.service, "")

        def alive() -> None:
            with self._database.writing() as connection:
                if not services.renew(connection, slot):
                    raise Cancelled(f"{errand.partition} was taken over by another run.")

        def handed_over(ticket: str) -> None:
            if ticket:
                listener.follow(ticket, job, errand.partition, errand.progress)
            with self._database.writing() as connection:
                services.handed_over(connection, slot, ticket)

        def started() -> None:
            left.give_up(but=slot.service)
            self._succeeded(slot.service)

        def ended() -> None:
            with self._database.writing() as connection:
                services.make_room(connection, slot)

        return Execution(
            self.servers[slot.service],
            job,
            self._patience,
            listener.client_id,
            errand.told,
            errand.opened,
            errand.cancelled,
            alive,
            handed_over,
            started,
            ended,
            number=-float(errand.priority) if errand.priority > 0 else None,
            left=ticket,
            look=look or bool(ticket),
            again=again,
            uploads=errand.uploads,
        )

    def _place(self, job: Job, errand: Errand, barred: Mapping[str, DeckportError], left: _Left) -> Slot:
        """A slot at a server that can do the job; waits while all are full, and for a while when all are away.

        Raises what bars the last of them, ServiceUnavailable when none came back in time, Cancelled.
        """
        turn = self._line.turn(errand)
        slot = self._take(job, errand, turn, self._candidates(job, barred)[0], left)
        if slot is not None:
            return slot
        told = False
        with self._line.standing(turn) as say:
            while True:
                candidates, silent = self._candidates(job, barred)
                slot = self._take(job, errand, turn, candidates, left)
                if slot is not None:
                    return slot
                say(list(candidates))
                rested_s = self._rested_s([*candidates, *silent])
                if rested_s and not told:
                    told = True
                    errand.progress(
                        f"{errand.partition}: no ComfyUI answers; waiting up to {self._wait_s:.0f} s for one."
                    )
                if rested_s > self._wait_s:
                    raise ServiceUnavailable(
                        f"No ComfyUI that can draw this came back within {self._wait_s:.0f} s. {self._causes(job)}",
                        remedy="deckport comfyui check",
                    )
                time.sleep(self._line.pause_s())

    def _take(self, job: Job, errand: Errand, turn: Turn, candidates: Mapping[str, float], left: _Left) -> Slot | None:
        if errand.cancelled():
            raise Cancelled("The run was stopped before the picture was handed over.")
        with self._database.writing() as connection:
            before = services.slot_of(connection, job.key)
            slot = services.take_slot(
                connection, candidates, most=self._most, job=job.key, turn=turn, partition=errand.partition
            )
        if slot is not None and before is not None and before.ticket:
            left.tickets.setdefault(before.service, before.ticket)  # a dead run's, or our own
        return slot

    def _candidates(self, job: Job, barred: Mapping[str, DeckportError]) -> tuple[dict[str, float], list[str]]:
        """The servers that have what the job needs, with how much waits there; and those that do not say so now.

        Raises what bars the last when no server is left.
        """
        lacking: dict[str, DeckportError] = dict(barred)
        found: dict[str, float] = {}
        silent: list[str] = []
        for service, server in self.servers.items():
            if service in barred:
                continue
            lacks = self._lacks(service, job)
            if lacks is None:
                silent.append(service)
            elif (refused := self._known[service].refused) is not None:
                lacking[service] = refused
            elif lacks:
                lacking[service] = _as_error(server, job.template, lacks)
            else:
                found[service] = float(server.queue_length)
        if len(lacking) == len(self.servers):
            raise _lacking_everywhere(lacking)
        return found, silent

    def _lacks(self, service: str, job: Job) -> tuple[Lack, ...] | None:
        """What a server lacks for the job's workflow; nothing while it rests: its circuit says when it is tried. None
        when it did not answer just now, and while another job asks it: one that hangs keeps nobody from the others."""
        known = self._known[service]
        if not known.lock.acquire(blocking=False):
            if known.info is None:
                return None
            known.lock.acquire()
        try:
            if time.monotonic() > known.until:
                known.info = known.refused = None
            if known.refused is not None:
                return ()
            if known.info is None:
                with self._database.reading() as connection:
                    circuit = services.circuits(connection, [service]).get(service)
                if circuit is not None and circuit.state is not services.State.CLOSED:
                    return ()
                try:
                    known.runs_on = _runs_on(self.servers[service].system_stats())
                    known.info = self.servers[service].object_info()
                    known.until = time.monotonic() + KNOWN_S
                except DeckportError as error:
                    self._tell_circuit(service, error)
                    return () if known.refused is not None else None
            return unmet(job.template, known.info, job.values)
        finally:
            known.lock.release()

    def _tell_circuit(self, service: str, error: DeckportError) -> None:
        if isinstance(error, ServiceUnavailable | Unauthorised):
            at_once = isinstance(error, Stalled | Unauthorised)
            with self._database.writing() as connection:
                services.failed(connection, service, str(error), opens_after=1 if at_once else services.OPENS_AFTER)
            known = self._known[service]
            known.until, known.refused = 0.0, None
            if isinstance(error, Unauthorised):
                known.until, known.refused = time.monotonic() + KNOWN_S, error
        elif not isinstance(error, Cancelled | TimedOut):
            self._succeeded(service)  # it does its work: what went wrong is the job's own

    def _take_back_what_was_left(self, service: str) -> None:
        """What a server had when it did not answer and is made elsewhere: our next job shall not wait behind it."""
        tickets = self._left_at[service]
        while tickets:
            try:
                ticket = tickets.pop()
            except KeyError:  # another job was faster
                return
            try:
                self.servers[service].take_back(ticket)
            except DeckportError as error:
                tickets.add(ticket)
                self._tell_circuit(service, error)
                return  # it is still away: asked again with the next job

    def _succeeded(self, service: str) -> None:
        """It works; so nobody has waited in vain until now."""
        for wanted in [wanted for wanted in list(self._resting_since) if service in wanted]:
            self._resting_since.pop(wanted, None)
        with self._database.reading() as connection:
            circuit = services.circuits(connection, [service]).get(service)
        if circuit is not None and (circuit.failures or circuit.state is not services.State.CLOSED):
            with self._database.writing() as connection:
                services.succeeded(connection, service)

    def _rested_s(self, candidates: Sequence[str]) -> float:
        """For how long none of these servers could be used, as far as this process saw. One clock for all jobs: when
        nobody came back in time, the others of a run do not wait as long again, one after the other. While one of them
        is tried with a job of ours, which may wait there behind somebody else's, it is not over."""
        with self._database.reading() as connection:
            found = services.circuits(connection, list(candidates))
        rest = all(s in found and found[s].state is not services.State.CLOSED for s in candidates)
        wanted = frozenset(candidates)
        if not rest:
            self._resting_since.pop(wanted, None)
            return 0.0
        rested_s = time.monotonic() - self._resting_since.setdefault(wanted, time.monotonic())
        with self._database.reading() as connection:
            is_tried = any(services.slots_taken(connection).get(service) for service in candidates)
        return min(rested_s, self._wait_s) if is_tried else rested_s

    def _causes(self, job: Job) -> str:
        """Why none of our servers could be used: what those that rest did last, and what the others lack."""
        with self._database.reading() as connection:
            found = services.circuits(connection, list(self.servers))
        told = [c.cause for c in found.values() if c.state is not services.State.CLOSED]
        for service, server in self.servers.items():
            info = self._known[service].info
            if info is not None and (lacks := unmet(job.template, info, job.values)):
                told.append(str(_as_error(server, job.template, lacks)))
        return " ".join(told)


def service_of(server: Server) -> str:
    """What a server is called among the services: its circuit's and its slots' name."""
    return f"comfyui {server.name}"


def _runs_on(stats: Mapping[str, Any]) -> dict[str, str]:
    system, devices = stats.get("system") or {}, stats.get("devices") or [{}]
    told = {
        "comfyui_version": system.get("comfyui_version"),
        "pytorch_version": system.get("pytorch_version"),
        "device": devices[0].get("name"),
    }
    return {name: str(value) for name, value in told.items() if value}


def _lacking_everywhere(lacking: Mapping[str, DeckportError]) -> DeckportError:
    """Why no server at all can do it: the last one's error, with what the others say."""
    *others, last = lacking.values()
    told = dict.fromkeys(str(error) for error in others if str(error) != str(last))
    return type(last)(" ".join([*told, str(last)]), remedy=last.remedy)


def refuse_what_none_can(
    servers: Sequence[Server], template: Template, values: Mapping[str, Value]
) -> tuple[list[str], int]:
    """Raises MissingModel, MissingNode or Unauthorised when every server says that it cannot do this.

    Gives what went wrong with those that do not answer, which may be able to when they are there again, and how many
    can do it now.
    """
    lacking: dict[str, DeckportError] = {}
    silent: list[str] = []
    for server in servers:
        try:
            lacks = unmet(template, server.object_info(), values)
        except Unauthorised as error:
            lacking[server.name] = error
        except DeckportError as error:
            silent.append(str(error))
        else:
            if lacks:
                lacking[server.name] = _as_error(server, template, lacks)
    if len(lacking) == len(servers):
        raise _lacking_everywhere(lacking)
    return silent, len(servers) - len(silent) - len(lacking)


def _as_error(server: Server, template: Template, lacks: Sequence[Lack]) -> DeckportError:
    told = f"{server.name} cannot do {template.name}: {' '.join(lack.message for lack in lacks)}"
    kind = MissingModel if all(lack.kind == "model" for lack in lacks) else MissingNode
    return kind(told, remedy=lacks[0].remedy)
