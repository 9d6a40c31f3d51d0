"""Anthropic's service on loopback: messages and batches, with a switch for each thing that goes wrong.

It answers as the real one does (seen with the SDK); what it is asked is kept, so that a test can hold it against the
service's published description. Nothing here judges what our code does.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Write = Callable[[dict[str, Any]], str]


@dataclass
class Switches:
    """All off. Lists and counts are used up, one by one."""

    status: list[int | tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status codes (with headers) that the next requests are answered with."""
    error_code: str = ""
    """What those answers name as the cause, in `error.details.error_code`."""
    hang: int = 0
    """Requests that are taken and never answered."""
    cut: int = 0
    """Answers that end in the middle."""
    broken_json: int = 0
    stop_reason: str = "end_turn"
    seconds: float = 0.0
    """How long an answer takes."""
    key: str = "sk-test"
    expire: int = 0
    """Requests of the next batch that expire."""
    errored: int = 0
    """Requests of the next batch that end with an error."""
    batch_seconds: float = 0.0
    lose_batch: int = 0
    """Batches that are taken and whose number never comes back."""


class FakeClaude:
    """The service, its answers written by `write(body)`."""

    def __init__(self, write: Write, switches: Switches | None = None) -> None:
        self.write = write
        self.switches = switches or Switches()
        self.requests: list[tuple[str, str, Any, dict[str, str]]] = []
        """Method, path, body and headers of each request."""
        self.answered: Counter[str] = Counter()
        self.batches: dict[str, dict[str, Any]] = {}
        self.results: dict[str, list[dict[str, Any]]] = {}
        self.lock = threading.Lock()
        self.url = ""
        self.at_once = 0
        self.most_at_once = 0

    @property
    def calls(self) -> int:
        """How many messages were asked for."""
        return sum(path == "/v1/messages" for _, path, _, _ in self.requests)

    def message(self, body: dict[str, Any]) -> dict[str, Any]:
        """An answer, with counts that follow the lengths."""
        text = self.write(body)
        read = sum(len(block["text"]) for block in body.get("system", [])) + len(json.dumps(body["messages"]))
        return {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [] if self.switches.stop_reason == "refusal" else [{"type": "text", "text": text}],
            "stop_reason": self.switches.stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": read // 4,
                "output_tokens": len(text) // 4,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "service_tier": "standard",
            },
        }

    def begin_batch(self, body: dict[str, Any]) -> dict[str, Any]:
        number = f"msgbatch_{uuid.uuid4().hex[:24]}"
        results: list[dict[str, Any]] = []
        for request in body["requests"]:
            if self.switches.expire:
                self.switches.expire -= 1
                result: dict[str, Any] = {"type": "expired"}
            elif self.switches.errored:
                self.switches.errored -= 1
                error = {"type": "api_error", "message": "Internal server error"}
                result = {"type": "errored", "error": {"type": "error", "error": error, "request_id": "req_batch"}}
            else:
                result = {"type": "succeeded", "message": self.message(request["params"])}
                self.answered[request["custom_id"]] += 1
            results.append({"custom_id": request["custom_id"], "result": result})
        self.results[number] = list(reversed(results))  # in no order that means anything
        self.batches[number] = {
            "ready_at": time.monotonic() + self.switches.batch_seconds,
            "asked": len(results),
            "begun": datetime.now(UTC),
        }
        return self.batch(number)

    def list_batches(self) -> dict[str, Any]:
        listed = [self.batch(number) for number in reversed(self.batches)]
        ends = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"]} if listed else {}
        return {"data": listed, "has_more": False, "first_id": None, "last_id": None} | ends

    def cancel(self, number: str) -> dict[str, Any]:
        """What is not answered yet is cancelled."""
        if time.monotonic() < self.batches[number]["ready_at"]:
            self.batches[number]["ready_at"] = time.monotonic()
            for result in self.results[number]:
                result["result"] = {"type": "canceled"}
        return self.batch(number)

    def batch(self, number: str) -> dict[str, Any]:
        kept = self.batches[number]
        ended = time.monotonic() >= kept["ready_at"]
        kinds = Counter(each["result"]["type"] for each in self.results[number]) if ended else Counter()
        counts = {kind: kinds.get(kind, 0) for kind in ("succeeded", "errored", "canceled", "expired")}
        begun = kept["begun"]
        moment = begun.isoformat()
        return {
            "id": number,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": counts | {"processing": 0 if ended else kept["asked"]},
            "ended_at": moment if ended else None,
            "created_at": moment,
            "expires_at": (begun + timedelta(days=1)).isoformat(),
            "cancel_initiated_at": None,
            "archived_at": None,
            "results_url": f"{self.url}/v1/messages/batches/{number}/results" if ended else None,
        }


@contextmanager
def running(write: Write, switches: Switches | None = None, port: int = 0) -> Iterator[FakeClaude]:
    """The service on a port of its own, for as long as the block lasts."""
    fake = FakeClaude(write, switches)
    server = _Server(("127.0.0.1", port), _handler(fake))
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """Says nothing of a client that was killed."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(fake: FakeClaude) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return None

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            self._answer(json.loads(self.rfile.read(length) or b"null"))

        def _answer(self, body: Any) -> None:
            switches = fake.switches
            path = self.path.partition("?")[0]
            with fake.lock:
                fake.requests.append((self.command, path, body, {k.lower(): v for k, v in self.headers.items()}))
                fake.at_once += 1
                fake.most_at_once = max(fake.most_at_once, fake.at_once)
            try:
                if switches.key not in (self.headers.get("x-api-key"), self._bearer()):
                    self._error(401, "authentication_error", "invalid x-api-key")
                elif self.command == "POST" and switches.status:
                    given = switches.status.pop(0)
                    status, headers = given if isinstance(given, tuple) else (given, {})
                    self._error(status, _KINDS.get(status, "api_error"), _KINDS.get(status, "an error"), headers)
                elif path == "/v1/messages":
                    self._message(body)
                elif path == "/v1/messages/batches" and self.command == "POST":
                    begun = json.dumps(fake.begin_batch(body)).encode()
                    if switches.lose_batch:
                        switches.lose_batch -= 1
                        self.close_connection = True
                        return
                    self._send(200, begun)
                elif path == "/v1/messages/batches":
                    self._send(200, json.dumps(fake.list_batches()).encode())
                elif path.endswith("/cancel"):
                    self._send(200, json.dumps(fake.cancel(path.split("/")[-2])).encode())
                elif path.endswith("/results"):
                    lines = [json.dumps(each) for each in fake.results[path.split("/")[-2]]]
                    self._send(200, "\n".join(lines).encode(), "application/x-jsonl")
                elif path.startswith("/v1/messages/batches/") and path.rpartition("/")[2] in fake.batches:
                    self._send(200, json.dumps(fake.batch(path.rpartition("/")[2])).encode())
                else:
                    self._error(404, "not_found_error", f"no {path}")
            finally:
                with fake.lock:
                    fake.at_once -= 1

        def _bearer(self) -> str:
            """The SDK sends its key so since 2.x."""
            return self.headers.get("Authorization", "").removeprefix("Bearer ")

        def _message(self, body: Any) -> None:
            switches = fake.switches
            if switches.hang:
                switches.hang -= 1
                time.sleep(switches.seconds or 5)
                self.close_connection = True
                return
            time.sleep(switches.seconds)
            message = fake.message(body)
            sent = json.dumps(message).encode()
            if switches.broken_json:
                switches.broken_json -= 1
                sent = sent[: len(sent) // 2]
            if switches.cut:
                switches.cut -= 1
                self._send(200, sent[: len(sent) // 2], length=len(sent))
                self.close_connection = True
                return
            fake.answered["message"] += 1
            self._send(200, sent)

        def _error(self, status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> None:
            error: dict[str, Any] = {"type": kind, "message": message}
            if fake.switches.error_code:
                error["details"] = {"error_code": fake.switches.error_code}
            told = {"type": "error", "error": error, "request_id": "req_error"}
            self._send(status, json.dumps(told).encode(), headers=headers)

        def _send(
            self,
            status: int,
            data: bytes,
            kind: str = "application/json",
            *,
            length: int | None = None,
            headers: dict[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(data) if length is None else length),
                "request-id": f"req_{uuid.uuid4().hex[:20]}",
                **(headers or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler


_KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error",
    529: "overloaded_error",
}  # fmt: skip
