"""One server over HTTP: what it answers too slowly, or not at all, holds nobody for long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deckport_assets.errors import BadImage, ServiceUnavailable
from deckport_assets.resources.comfyui import server as comfyui_server
from deckport_assets.resources.comfyui.server import File, Server


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


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """The address of a server that answers everything with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "body",
    [b'{"detail": "x"}', b'{"system": 5, "devices": 5, "queue_pending": [5], "queue_running": 5}', b"[]", b"<html>"],
)
def test_what_answers_and_is_no_comfyui_is_away_and_no_crash(body: bytes) -> None:
    with answering(body) as address:
        server = Server(address)
        for ask in (server.system_stats, server.object_info, server.queue):
            with pytest.raises(ServiceUnavailable, match="not ComfyUI's"):
                ask()


def test_an_address_may_be_one_of_ipv6() -> None:
    assert Server("http://joe:secret@[::1]:8188").name == "http://[::1]:8188"


def test_headers_that_come_by_the_byte_are_no_answer(dripping: str) -> None:
    with pytest.raises(ServiceUnavailable, match="/queue: no answer in time"):
        Server(dripping, answer_s=0.2).queue()


def test_an_answer_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfyui_server, "MOST_FILE_BYTES", 1000)
    with answering(b"x" * 200_000) as address, pytest.raises(BadImage, match="sends more than"):
        Server(address).read(File("art.png", ""))
