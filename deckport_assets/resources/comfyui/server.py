"""One ComfyUI server over HTTP: each route once, with a deadline, a cap on what is read, and its refusals in words.

Knows no job's life (that is `execution`) and no other server (`dispatch`). Every error is one of the project's tree;
none carries the password that may be in the address.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import requests
import urllib3

from deckport_assets.errors import (
    BadImage,
    DeckportError,
    Lost,
    MissingModel,
    MissingNode,
    OutputMissing,
    ServiceUnavailable,
    TemplateError,
    Unauthorised,
    Unreached,
)
from deckport_assets.resources.comfyui.deadline import PunctualAdapter
from deckport_assets.studio.workflows.template import Graph

CONNECT_S = 5.0
SILENCE_S = 15.0
"""How long a server may say nothing in the middle of an answer."""
HEALTH_S = 5.0
"""The same when it is only asked how it is."""
UPLOAD_S = 120.0
"""How long a picture may take on its way there."""
ANSWER_S = 30.0
"""How long it may take until the headers of an answer are there."""
MOST_JSON_BYTES = 64_000_000
MOST_FILE_BYTES = 256_000_000


@dataclass(frozen=True, slots=True)
class Queue:
    """The ids of the jobs that a server runs and that wait there, in the order in which they will run."""

    running: tuple[str, ...]
    pending: tuple[str, ...]

    def __contains__(self, job: object) -> bool:
        return job in self.running or job in self.pending

    def __len__(self) -> int:
        return len(self.running) + len(self.pending)


@dataclass(frozen=True, slots=True)
class File:
    """A file on a server, as its history names it."""

    filename: str
    subfolder: str
    type: str = "output"

    def __str__(self) -> str:
        return f"{self.subfolder}/{self.filename}" if self.subfolder else self.filename


class _Answer(NamedTuple):
    """An answer: its body, and how long the server said that it is."""

    status: int
    data: bytes
    announced: str


class Server:
    """A ComfyUI server. Safe to share between threads.

    `address` may hold a user and a password (`http://user:secret@host:8188`); `name` is the address without them.
    """

    def __init__(self, address: str, *, answer_s: float = ANSWER_S) -> None:
        self._answer_s = answer_s
        parts = urlsplit(address.rstrip("/"))
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        netloc = f"{host}:{parts.port}" if parts.port else host
        self.name = f"{parts.scheme}://{netloc}{parts.path}"
        self.login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._own = threading.local()
        self.queue_length = 0
        """How much waited there when it was last asked."""

    def __repr__(self) -> str:
        return f"Server({self.name})"

    def system_stats(self) -> dict[str, Any]:
        """Versions and devices. Answers even when the worker inside is dead."""
        told = self._json("GET", "/system_stats", silence_s=HEALTH_S)
        if not isinstance(told.get("system"), dict) or not isinstance(told.get("devices"), list):
            raise self._no_comfyui("/system_stats", str(told).encode())
        return told

    def object_info(self) -> dict[str, Any]:
        """Every node class with its inputs and choices."""
        told = self._json("GET", "/object_info", deadline_s=60)
        if "SaveImage" not in told or not all(isinstance(node, dict) for node in told.values()):
            raise self._no_comfyui("/object_info", str(told).encode())
        return told

    def queue(self) -> Queue:
        """What runs and what waits."""
        told = self._json("GET", "/queue")
        try:
            pending = sorted(told["queue_pending"], key=lambda item: (item[0], str(item[1])))
            found = Queue(tuple(str(i[1]) for i in told["queue_running"]), tuple(str(i[1]) for i in pending))
        except (KeyError, IndexError, TypeError):
            raise self._no_comfyui("/queue", str(told).encode()) from None
        self.queue_length = len(found)
        return found

    def history(self, ticket: str) -> dict[str, Any] | None:
        """What became of a job; None while it waits, runs, is unknown, was deleted or forgotten in a restart."""
        return self._json("GET", f"/history/{ticket}").get(ticket)

    def submit(
        self, graph: Graph, *, ticket: str, client_id: str, number: float | None = None, told: Mapping[str, Any]
    ) -> None:
        """Hand a job over under the id `ticket`. `told` is written into the files' metadata.

        Raises MissingNode, MissingModel or TemplateError when the server refuses it, also when it would take it and
        skip an output in silence (the job is taken back then).
        """
        body = {
            "prompt": graph,
            "client_id": client_id,
            "prompt_id": ticket,
            "extra_data": {"extra_pnginfo": {"deckport": dict(told)}},
        } | ({"number": number} if number is not None else {})
        answer = self._json("POST", "/prompt", json=body, refusals=(400,))
        if "error" in answer or answer.get("node_errors"):
            if "prompt_id" in answer:
                self.take_back(ticket)
            raise refusal(answer, graph, self.name)

    def take_back(self, ticket: str) -> None:
        """Take a job out of the queue, and stop it when it runs. Nobody else's job is touched."""
        self.queue()  # somebody's error page answers the two below with 200 as well
        self._ask("POST", "/queue", json={"delete": [ticket]})
        self._ask("POST", "/interrupt", json={"prompt_id": ticket})

    def free(self) -> None:
        """Have the models unloaded and the cache dropped."""
        self._ask("POST", "/free", json={"unload_models": True, "free_memory": True})

    def has(self, file: File, *, size: int | None = None) -> bool:
        """Whether a file is there; with `size`, whether it has so many bytes, as far as the server says."""
        answer = self._ask("HEAD", "/view", params=_named(file), refusals=(404,), silence_s=HEALTH_S)
        return answer.status == 200 and (size is None or answer.announced == str(size))

    def read(self, file: File, *, deadline_s: float = 120) -> bytes:
        """The bytes of a file. Raises OutputMissing when it is not there."""
        answer = self._ask(
            "GET", "/view", params=_named(file), refusals=(404,), deadline_s=deadline_s, most_bytes=MOST_FILE_BYTES
        )
        if answer.status == 404:
            raise OutputMissing(f"{self.name} has no file {file}, though its history names it.")
        return answer.data

    def upload(self, data: bytes, name: str) -> None:
        """Put a picture under the name by which a graph refers to it, as `deckport/HASH.png`: it tells the content.

        What is there already with that name and so many bytes is not sent again. Raises ServiceUnavailable when the
        server gives it another name, BadImage when it is too large for it.
        """
        subfolder, _, filename = name.rpartition("/")
        if self.has(File(filename, subfolder, "input"), size=len(data)):
            return
        sent = self._json(
            "POST",
            "/upload/image",
            files={"image": (filename, data, "image/png")},
            data={"subfolder": subfolder, "type": "input", "overwrite": "true"},
            deadline_s=UPLOAD_S,
            send_s=UPLOAD_S,
        )
        if (sent.get("name"), sent.get("subfolder", "")) != (filename, subfolder):
            raise ServiceUnavailable(f"{self.name} keeps the uploaded {name} as {sent.get('name')!r}.")

    def _json(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        data = self._ask(method, path, **how).data
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._no_comfyui(path, data)
        return found

    def _no_comfyui(self, path: str, data: bytes) -> ServiceUnavailable:
        begin = data[:60].decode("utf-8", "replace").strip()
        return ServiceUnavailable(
            f"{self.name}{path} answered with something that is not ComfyUI's: {begin!r}.",
            remedy="Check the address in DECKPORT_COMFYUI_SERVERS, and any proxy between.",
        )

    def _ask(
        self,
        method: str,
        path: str,
        *,
        refusals: Sequence[int] = (),
        deadline_s: float = 30.0,
        most_bytes: int = MOST_JSON_BYTES,
        silence_s: float = SILENCE_S,
        send_s: float = CONNECT_S,
        **how: Any,
    ) -> _Answer:
        """The whole answer. A status of `refusals` is the caller's to read; any other than 200 is raised."""
        until = time.monotonic() + deadline_s
        try:
            with self._session.request(
                method,
                self.name + path,
                stream=True,
                timeout=(send_s, min(silence_s, deadline_s)),  # the first also holds for sending a body
                allow_redirects=False,
                auth=self.login,
                **how,
            ) as response:
                data = self._body(response, path, until, most_bytes)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            never_sent = isinstance(error, requests.ConnectTimeout) or _is_refusal(error)
            kind = Unreached if never_sent else ServiceUnavailable
            raise kind(f"{self.name}{path}: {_why(error)}.") from None
        if response.status_code != 200 and response.status_code not in refusals:
            raise self._status_error(response.status_code, path, data)
        return _Answer(response.status_code, data, response.headers.get("content-length", ""))

    def _body(self, response: requests.Response, path: str, until: float, most_bytes: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(65536, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > most_bytes:
                raise BadImage(f"{self.name}{path} sends more than {most_bytes / 1e6:.0f} MB.")
            if time.monotonic() > until:
                raise ServiceUnavailable(f"{self.name}{path}: no whole answer in time; {size} bytes had come.")
        announced = response.headers.get("content-length")
        plain = response.request.method != "HEAD" and "content-encoding" not in response.headers
        if plain and announced and size != int(announced):
            raise ServiceUnavailable(f"{self.name}{path}: {size} of {announced} bytes came.")
        return b"".join(parts)

    def _status_error(self, status: int, path: str, data: bytes) -> DeckportError:
        begin = " ".join(data[:160].decode("utf-8", "replace").split())
        told = f"{self.name}{path} answered {status}{f': {begin}' if begin else ''}"
        if status in (401, 403):
            return Unauthorised(told, remedy="Put user and password into the server's address (user:password@host).")
        if status == 413:
            return BadImage(
                told, remedy="The picture is too large for the server, or for a proxy before it: raise its limit."
            )
        return ServiceUnavailable(told)

    @property
    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = requests.Session()
            session.mount("http://", PunctualAdapter(self._answer_s))
            session.mount("https://", PunctualAdapter(self._answer_s))
            session.trust_env = False  # no proxy and no .netrc of whoever started the run
        return session


def refusal(answer: Mapping[str, Any], graph: Graph, server: str) -> DeckportError:
    """What a server's refusal means: the nodes by title and class, and what to do."""
    error, nodes = answer.get("error") or {}, answer.get("node_errors") or {}
    found: list[tuple[str, str]] = []
    for node, each in nodes.items():
        for wrong in each.get("errors", []):
            told = wrong.get("details") or wrong.get("message") or wrong.get("type", "")
            kind = "model" if wrong.get("type") == "value_not_in_list" and "not in" in str(told) else "input"
            if wrong.get("type") == "custom_validation_failed" and "Invalid image file" in str(told):
                kind = "upload"
            found.append((kind, f"{called(node, graph)}: {_short(str(told))}"))
    if found:
        told = f"{server} refuses the workflow: {'; '.join(message for _, message in found)}"
        if all(kind == "upload" for kind, _ in found):
            return Lost(told, remedy="Something removes the pictures that are uploaded there: stop it.")
        if all(kind == "model" for kind, _ in found):
            return MissingModel(told, remedy="Put the file into the server's models folder, or bind another name.")
        return TemplateError(told, remedy="deckport comfyui check says what each server lacks.")
    message = str(error.get("message") or "it says nothing more")
    details = f" ({error['details']})" if error.get("details") else ""
    if "does not exist" in message:
        return MissingNode(
            f"{server} refuses the workflow: {message}{details}", remedy="Install the node there, or update ComfyUI."
        )
    return TemplateError(
        f"{server} refuses the workflow: {message}{details}", remedy="Open the workflow in ComfyUI and run it there."
    )


def called(node: str, graph: Graph) -> str:
    """A node by title and class, as people find it in ComfyUI."""
    each = graph.get(node, {})
    title = str(each.get("_meta", {}).get("title", ""))
    kind = str(each.get("class_type", "?"))
    return f"node {node} {title!r} ({kind})" if title and title != kind else f"node {node} ({kind})"


def _short(text: str) -> str:
    """A list of two hundred model files helps nobody."""
    return text if len(text) <= 300 else f"{text[:280]}…"


def _named(file: File) -> dict[str, str]:
    return {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, requests.ConnectionError) and "refused" in str(error)


def _why(error: Exception) -> str:
    """The reason without the address, which may hold a password."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "no answer in time"
    if _is_refusal(error):
        return "connection refused"
    return f"the connection broke ({type(error).__name__})"
