"""One job on one server, from handing it over to its files: what is asked, in which order, and what an answer means.

The queue is read first and the history then: a job goes from one to the other under one lock, so in this order it is
never missed. The websocket is no authority. Which server, and what is done after a failure, is `dispatch`'s.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deckport_assets.errors import (
    BadImage,
    Cancelled,
    DeckportError,
    Interrupted,
    Lost,
    NodeFailed,
    OutOfMemory,
    OutputMissing,
    ServiceUnavailable,
    Stalled,
    TimedOut,
    Unreached,
)
from deckport_assets.resources.comfyui.server import File, Queue, Server, called
from deckport_assets.studio.workflows.binding import Job

_EXTENSIONS = {"image": ("png",), "video": ("mp4", "webm")}
_MEMORY = ("OutOfMemoryError", "out of memory", "Allocation on device")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what may take, in seconds."""

    job_s: float = 600.0
    """A picture, from its start on the server."""
    clip_s: float = 3600.0
    """The same for a clip."""
    idle_s: float = 15.0
    """Jobs wait and none runs: the worker inside is dead."""
    away_s: float = 45.0
    """A server that does not answer while it has our job: it may be starting anew."""
    stop_s: float = 10.0
    """A job that was told to stop."""
    late_s: float = 2.0
    """A job that is in neither queue nor history."""
    poll_s: float = 0.2
    fetch_s: float = 60.0
    alive_s: float = 5.0
    """Between two signs of life."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: its files' contents by output, opened, where it was made, and how."""

    files: Mapping[str, Any]
    server: str
    ticket: str
    found: bool = False
    """It was on the server already, and was not drawn again."""
    cached_nodes: int = 0
    drawn_s: float = 0.0
    """By the server's own clock, from start to success."""
    waited_s: float = 0.0
    """From handing it over to its end."""
    runs_on: Mapping[str, str] = field(default_factory=dict)
    """The server's versions and device."""


@dataclass(slots=True)
class Execution:
    """One job on one server. `left` is the ticket under which an earlier process handed it over, if it did."""

    server: Server
    job: Job
    patience: Patience
    client_id: str
    told: Mapping[str, Any]
    opened: Callable[[bytes], Any]
    """What is in a file; raises BadImage for one that cannot be opened to its end: half a picture is none."""
    cancelled: Callable[[], bool]
    alive: Callable[[], None]
    """A sign of life; raises when another process has the job by now."""
    handed_over: Callable[[str], None]
    """Said before it is, with its ticket, so that a kill in between leaves a ticket that nobody knows, not a lost job;
    and with none before it is taken back, so that a kill in between is not read as somebody else's stop."""
    started: Callable[[], None]
    """It runs: the server works."""
    ended: Callable[[], None]
    """The server has done it, and takes another; its files are still to be fetched."""
    number: float | None = None
    left: str = ""
    look: bool = True
    """Whether its files may be there already; `dispatch` may have looked a moment ago."""
    again: int = 0
    """How many times its file was missing: each time it is saved under another name, or the server would answer from
    its cache with the file that is not there."""
    uploads: Mapping[str, bytes] = field(default_factory=dict)
    """The pictures that the job names, by the names that it gives them."""
    ticket: str = ""
    is_still_there: bool = False
    """It was to be taken back, and the server did not answer."""
    _alive_at: float = field(default_factory=time.monotonic)

    @property
    def longest_s(self) -> float:
        """How long this job may run."""
        return self.patience.clip_s if self.job.template.kind == "video" else self.patience.job_s

    @property
    def prefix(self) -> str:
        """Where the server saves the files."""
        return prefix_of(self.job, self.again)

    def run(self) -> Outcome:
        """Find it there, or have it made. Raises what `dispatch` has a table for."""
        if self.look:
            found = files_there(self.server, self.job, self.opened, self.again, self.patience.fetch_s)
            if found is not None:
                return Outcome(found, self.server.name, self.left, found=True)
        began = time.monotonic()
        entry = self._left_behind()
        if entry is None:
            if not self.ticket:
                self._hand_over()
            entry = self._wait()
        waited_s = time.monotonic() - began
        self.ended()
        files = {output: self._fetch(file) for output, file in self._outputs(entry).items()}
        drawn_s, cached = _timing(entry)
        return Outcome(files, self.server.name, self.ticket, False, cached, drawn_s, round(waited_s, 3))

    def _left_behind(self) -> Any:
        """What was handed over before: its history, however it ended, or None; `ticket` is set when it is there."""
        if not self.left:
            return None
        is_waiting = self.left in self.server.queue()
        entry = None if is_waiting else self.server.history(self.left)
        if is_waiting or entry is not None:
            self.handed_over(self.left)
            self.ticket = self.left
        return entry

    def _hand_over(self) -> None:
        """Submit it, after the pictures that it names. When the answer does not come, look whether it was taken: it is
        never handed over twice."""
        self.server.queue()  # one that is no ComfyUI at this moment is told before it can have taken anything
        ticket = f"{self.job.key[:16]}-{uuid.uuid4().hex[:12]}"
        graph = self.job.graph(self.prefix)
        for name, data in self.uploads.items():
            self.server.upload(data, name)
        self.handed_over(ticket)
        self.ticket = ticket
        try:
            told = {**self.told, "job": self.job.key}
            self.server.submit(graph, ticket=ticket, client_id=self.client_id, number=self.number, told=told)
        except Unreached:
            self.ticket = ""
            raise
        except ServiceUnavailable as error:
            taken = self._was_taken(ticket)
            if taken is False:
                self.ticket = ""
            if not taken:
                raise error from None

    def _was_taken(self, ticket: str) -> bool | None:
        """Whether it was, as soon as the server can be asked: handed to another one it might be drawn twice. None when
        the server does not say."""
        until = time.monotonic() + self.patience.away_s
        while True:
            self._look_up()
            try:
                return ticket in self.server.queue() or self.server.history(ticket) is not None
            except ServiceUnavailable:
                if time.monotonic() > until:
                    return None
            time.sleep(self.patience.poll_s)

    def _wait(self) -> Any:
        """The history of the job once it has ended."""
        patience = self.patience
        idle_since = running_since = missing_since = away_since = moved_at = None
        seen: Queue | None = None
        while True:
            self._look_up()
            try:
                queue = self.server.queue()
                entry = None if self.ticket in queue else self.server.history(self.ticket)
            except ServiceUnavailable as error:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > patience.away_s:
                    raise ServiceUnavailable(f"{error} It had our job for {patience.away_s:.0f} s then.") from None
                time.sleep(patience.poll_s)
                continue
            now, away_since = time.monotonic(), None
            if entry is not None:
                return entry
            if seen is None or queue.running != seen.running:
                moved_at = now
            seen = queue
            if self.ticket in queue.running:
                if running_since is None:
                    running_since = now
                    self.started()
                if now - running_since > self.longest_s:
                    return self._stop()
            elif self.ticket in queue.pending:
                idle_since = (idle_since or now) if not queue.running else None
                if idle_since and now - idle_since > patience.idle_s:
                    self._give_up("its worker is dead: jobs wait and none runs")
                # Before ours may run a clip of another run, whatever ours is.
                if moved_at and now - moved_at > max(patience.job_s, patience.clip_s) + patience.stop_s:
                    self._give_up(f"the job before ours has run for {now - moved_at:.0f} s")
            else:
                missing_since = missing_since or now
                if now - missing_since > patience.late_s:
                    raise Lost(f"{self.server.name} does not know our job any more: it was restarted or cleared.")
            time.sleep(patience.poll_s)

    def _look_up(self) -> None:
        """Between two looks at the server: whether we are to go on at all."""
        if self.cancelled():
            self._take_back()
            told = "does not answer and still has it" if self.is_still_there else "was told"
            raise Cancelled(f"The run was stopped while the picture was being drawn; the server {told}.")
        if time.monotonic() - self._alive_at > self.patience.alive_s:
            self._alive_at = time.monotonic()
            self.alive()

    def _stop(self) -> Any:
        """It takes too long: stop this job and no other; its history when it was done at that very moment. A server
        that does not even stop it is stalled."""
        self._take_back()
        until = time.monotonic() + self.patience.stop_s
        while time.monotonic() < until:
            if self.ticket not in self.server.queue():
                if (entry := self.server.history(self.ticket)) is not None and _went_well(entry):
                    return entry
                raise TimedOut(
                    f"{self.server.name} had not drawn it after {self.longest_s:.0f} s; it was stopped.",
                    remedy="Raise DECKPORT_COMFYUI_TIMEOUT_S (_VIDEO_S for clips), or use fewer steps.",
                )
            time.sleep(self.patience.poll_s)
        raise Stalled(f"{self.server.name} does not end a job that was told to stop; it may have to be restarted.")

    def _give_up(self, why: str) -> None:
        self._take_back()
        raise Stalled(f"{self.server.name}: {why}. Our job was taken back.")

    def _take_back(self) -> None:
        self.handed_over("")
        try:
            self.server.take_back(self.ticket)
        except DeckportError:  # what there is to say is said by who called
            self.is_still_there = True
            self.handed_over(self.ticket)

    def _outputs(self, entry: Mapping[str, Any]) -> dict[str, File]:
        """The files of a job that has ended well, by output. Raises how it ended else."""
        graph = self.job.graph(self.prefix)
        if not _went_well(entry):
            raise failure(entry.get("status") or {}, graph, self.server.name)
        found: dict[str, File] = {}
        for output, node in self.job.outputs.items():
            each = (entry.get("outputs") or {}).get(node) or {}
            files = [item for kind in each.values() if isinstance(kind, list) for item in kind]
            named = [f for f in files if isinstance(f, dict) and f.get("filename") and f.get("type") == "output"]
            if not named:
                raise OutputMissing(f"{self.server.name} says success, and {called(node, graph)} saved nothing.")
            found[output] = File(str(named[0]["filename"]), str(named[0].get("subfolder", "")))
        return found

    def _fetch(self, file: File) -> Any:
        """What is in a file that the job saved. It lies on the server's disk, so a server that is away, and an answer
        that breaks off or does not end, are no reason yet to have it drawn again."""
        failed_at = 0.0
        while True:
            try:
                data = self.server.read(file, deadline_s=self.patience.fetch_s)
                break
            except ServiceUnavailable as error:
                failed_at = failed_at or time.monotonic()
                if time.monotonic() - failed_at > self.patience.away_s:
                    raise ServiceUnavailable(
                        f"{error} It had our picture for {self.patience.away_s:.0f} s then."
                    ) from None
                if self.cancelled():
                    raise Cancelled("The run was stopped before the picture was fetched.") from None
                time.sleep(self.patience.poll_s)
        try:
            opened = self.opened(data)
        except BadImage as error:
            raise OutputMissing(f"{self.server.name}: {file}, {len(data)} bytes: {error}") from None
        if not is_of(self.job, data):
            raise OutputMissing(f"{self.server.name}: {file} is another picture under the name of ours.")
        return opened


def prefix_of(job: Job, again: int = 0) -> str:
    """Where a server saves the files of a job: its key is in the path, so that they are found again."""
    return f"deckport/{job.key[:2]}/{job.key}/art{f'-{again}' if again else ''}"


def files_there(
    server: Server, job: Job, opened: Callable[[bytes], Any], again: int, fetch_s: float
) -> Mapping[str, Any] | None:
    """The files of a job that was done before, by us or for us, and that nobody fetched; None without all of them."""
    found: dict[str, Any] = {}
    folder, _, name = prefix_of(job, again).rpartition("/")
    for output in job.outputs:
        for extension in _EXTENSIONS[job.template.kind]:
            file = File(f"{name}_00001_.{extension}", folder)
            if server.has(file):
                data = server.read(file, deadline_s=fetch_s)
                if not is_of(job, data):
                    return None
                try:
                    found[output] = opened(data)
                except BadImage:
                    return None
                break
        else:
            return None
    return found


def is_of(job: Job, data: bytes) -> bool:
    """Whether a file says that it is this job's; one that says nothing (--disable-metadata) is believed."""
    from deckport_assets.studio.encoding import png_texts
    from deckport_assets.studio.video.clip import clip_texts

    said = clip_texts(data) if job.template.kind == "video" else png_texts(data)
    if "deckport" not in said and "prompt" not in said:
        return True
    return job.key in said.get("deckport", "")


def _went_well(entry: Mapping[str, Any]) -> bool:
    return (entry.get("status") or {}).get("status_str") == "success"


def failure(status: Mapping[str, Any], graph: Mapping[str, Any], server: str) -> DeckportError:
    """How a job ended that did not end well."""
    told = {name: data for name, data in (status.get("messages") or []) if isinstance(data, dict)}
    if (stopped := told.get("execution_interrupted")) is not None:
        return Interrupted(
            f"{server}: somebody stopped the job in {called(str(stopped.get('node_id')), graph)}.",
            remedy="Only a person asks for it again.",
        )
    error = told.get("execution_error") or {}
    message = " ".join(str(error.get("exception_message", "it says nothing more")).split())
    kind = str(error.get("exception_type", ""))
    where = called(str(error.get("node_id")), graph)
    if any(word in kind or word in message for word in _MEMORY):
        return OutOfMemory(f"{server}: {where} had too little memory: {message}")
    return NodeFailed(
        f"{server}: {where} failed: {kind}: {message}",
        remedy="Open the workflow in ComfyUI and run it there.",
    )


def _timing(entry: Mapping[str, Any]) -> tuple[float, int]:
    """How long a job took by the server's clock, and how many of its nodes came from its cache."""
    told = dict((entry.get("status") or {}).get("messages") or [])
    begin = (told.get("execution_start") or {}).get("timestamp", 0)
    end = (told.get("execution_success") or {}).get("timestamp", begin)
    return max(0.0, (end - begin) / 1000), len((told.get("execution_cached") or {}).get("nodes", []))
