"""What a server's websocket says of our jobs: the steps of their samplers. For the eye alone: it may die at any time.

A new socket is a new client: when the old socket of a client closes late, the server forgets the new one as well. So a
job whose socket broke is drawn without a word, and the next job has the next socket.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from deckport_assets.resources.comfyui.server import Server, called
from deckport_assets.studio.workflows.binding import Job

TELL_EVERY_S = 1.0
"""A step is told when the last one was told so long ago: a log is no film."""
_AGAIN_S = 10.0
_QUIET = logging.getLogger(f"{__name__}.websocket")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # the library tells of a lost socket with a traceback, which is no news here


@dataclass(slots=True)
class _Followed:
    job: Job
    partition: str
    tell: Callable[[str], None]
    told_at: float = field(default_factory=time.monotonic)


class Listener:
    """The websocket to one server, opened with the first job that is followed, in a thread of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.client_id = f"deckport-{uuid.uuid4().hex}"
        self._followed: dict[str, _Followed] = {}
        self._thread: threading.Thread | None = None
        self._socket: ClientConnection | None = None
        self._lock = threading.Lock()
        self._closed = False

    def follow(self, ticket: str, job: Job, partition: str, tell: Callable[[str], None]) -> None:
        """Tell of the steps of this job from now on."""
        with self._lock:
            self._followed[ticket] = _Followed(job, partition, tell)
            while len(self._followed) > 64:
                del self._followed[next(iter(self._followed))]
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="comfyui-steps", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        if self._socket is not None:
            with suppress(WebSocketException, OSError):
                self._socket.close()

    def _listen(self) -> None:
        address = self._server.name.replace("http", "ws", 1) + f"/ws?clientId={self.client_id}"
        headers = {}
        if self._server.login:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(self._server.login).encode()).decode()
        while not self._closed:
            try:
                with connect(
                    address, additional_headers=headers, open_timeout=5, max_size=64_000_000, logger=_QUIET, proxy=None
                ) as socket:
                    self._socket = socket
                    for message in socket:
                        if isinstance(message, str):
                            self._hear(message)
            except (WebSocketException, OSError, TimeoutError):
                pass  # only the eye misses it: the queue and the history are the authority
            self.client_id = f"deckport-{uuid.uuid4().hex}"
            address = address.rpartition("=")[0] + f"={self.client_id}"
            time.sleep(_AGAIN_S if not self._closed else 0)

    def _hear(self, message: str) -> None:
        try:
            told: dict[str, Any] = json.loads(message)
            data: dict[str, Any] = told.get("data") or {}
            followed = self._followed.get(str(data.get("prompt_id")))
            step, most, node = data.get("value"), data.get("max"), str(data.get("node"))
        except (ValueError, AttributeError):
            return  # not ours to understand
        if told.get("type") != "progress" or followed is None or not isinstance(most, int) or most < 2:
            return
        now = time.monotonic()
        if step == most or now - followed.told_at >= TELL_EVERY_S:
            followed.told_at = now
            where = called(node, followed.job.template.graph)
            followed.tell(f"{followed.partition}: step {step} of {most}, {where}, {self._server.name}")
