"""HTTP connections that end when an answer's headers are not there in time.

A read timeout starts anew with each byte, so a server that sends its headers one by one would hold a caller for hours.
How long a body may take is `server`'s to say: it reads that in parts.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse


class PunctualAdapter(HTTPAdapter):
    """An adapter for a `requests.Session`: headers that take longer than `answer_s` break the connection."""

    def __init__(self, answer_s: float) -> None:
        self._answer_s = answer_s
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """As requests has it, with pools of such connections."""
        super().init_poolmanager(*arguments, **named)
        http = type("_Http", (_Punctual, HTTPConnection), {"answer_s": self._answer_s})
        https = type("_Https", (_Punctual, HTTPSConnection), {"answer_s": self._answer_s})
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("_HttpPool", (HTTPConnectionPool,), {"ConnectionCls": http}),
            "https": type("_HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
        }


class _Punctual:
    """What both kinds of connection do more than urllib3's own."""

    answer_s: float
    sock: socket.socket | None

    def getresponse(self) -> HTTPResponse:
        """The answer once its headers are there."""
        late = threading.Event()
        watch = threading.Timer(self.answer_s, self._break, [late])
        watch.daemon = True
        watch.start()
        try:
            answer: HTTPResponse = super().getresponse()  # type: ignore[misc]
        finally:
            watch.cancel()
        if late.is_set():
            answer.close()
            raise TimeoutError("the headers were not there in time")
        return answer

    def _break(self, late: threading.Event) -> None:
        late.set()
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
