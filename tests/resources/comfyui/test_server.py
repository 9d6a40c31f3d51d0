"""One server over HTTP: what it answers too slowly, or not at all, holds nobody for long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from deckport_assets.errors import ServiceUnavailable
from deckport_assets.resources.comfyui.server import Server


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a server that sends the headers of its answer by the byte, and never the last."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.02):
                    connection.sendall(b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    over.set()
    listener.close()
    thread.join()


def test_headers_that_come_by_the_byte_are_no_answer(dripping: str) -> None:
    with pytest.raises(ServiceUnavailable, match="/queue: no answer in time"):
        Server(dripping, answer_s=0.2).queue()
