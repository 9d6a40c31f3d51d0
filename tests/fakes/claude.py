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
    says: str = ""
    """What those answers say, in place of what is usual."""
    echo: bool = False
    """Those answers repeat the request's headers, as the page of a proxy may."""
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


@dataclass
class Exchange:
    """One request and what it was answered with, as both went over the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b""


class FakeClaude:
    """The service, its answers written by `write(body)`."""

    def __init__(self, write: Write, switches: Switches | None = None) -> None:
        self.write = write
        self.switches = switches or Switches()
        self.special: dict[str, Switches] = {}
        """The switches of those requests in which certain words stand."""
        self.requests: list[tuple[str, str, Any, dict[str, str]]] = []
        """Method, path, body and headers of each request."""
        self.exchanges: list[Exchange] = []
        """Each request with its answer; one that was never answered has the status 0."""
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

    def switches_for(self, body: Any) -> Switches:
        """The switches that a request is answered with."""
        said = json.dumps(body)
        return next((special for words, special in self.special.items() if words in said), self.switches)

    def message(self, body: dict[str, Any], tier: str = "standard") -> dict[str, Any]:
        """An answer, with counts that follow the lengths."""
        text = self.write(body)
        switches = self.switches_for(body)
        refused = switches.stop_reason == "refusal"
        read = sum(len(block["text"]) for block in body.get("system", [])) + len(json.dumps(body["messages"]))
        return {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [] if refused else [{"type": "text", "text": text, "citations": None}],
            "stop_reason": switches.stop_reason,
            "stop_sequence": None,
            "stop_details": {"type": "refusal", "category": None, "explanation": None} if refused else None,
            "container": None,
            "usage": {
                "input_tokens": read // 4,
                "output_tokens": len(text) // 4,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "output_tokens_details": {"thinking_tokens": 0},
                "server_tool_use": None,
                "inference_geo": "not_available",
                "service_tier": tier,
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
                result = {"type": "succeeded", "message": self.message(request["params"], "batch")}
                self.answered[request["custom_id"]] += 1
            results.append({"custom_id": request["custom_id"], "result": result})
        self.results[number] = list(reversed(results))  # in no order that means anything
        self.batches[number] = {
            "ready_at": time.monotonic() + self.switches.batch_seconds,
            "asked": len(results),
            "begun": datetime.now(UTC),
        }
        return self.batch(number)

    def cancel_batch(self, number: str) -> dict[str, Any]:
        """What was not answered by then never is. It ends as soon as somebody looks again."""
        kept = self.batches[number]
        if time.monotonic() < kept["ready_at"]:
            kept["cancelled"] = True
            for each in self.results[number]:
                if each["result"]["type"] == "succeeded":
                    self.answered[each["custom_id"]] -= 1
                each["result"] = {"type": "canceled"}
        told = self.batch(number)
        kept["ready_at"] = min(kept["ready_at"], time.monotonic())
        return told

    def list_batches(self) -> dict[str, Any]:
        """All of them on one page, the latest first."""
        numbers = list(reversed(self.batches))
        ends = {"first_id": numbers[0], "last_id": numbers[-1]} if numbers else {"first_id": None, "last_id": None}
        return {"data": [self.batch(number) for number in numbers], "has_more": False, **ends}

    def batch(self, number: str) -> dict[str, Any]:
        kept = self.batches[number]
        ended = time.monotonic() >= kept["ready_at"]
        items = [each["result"] for each in self.results[number] if isinstance(each, dict) and each.get("result")]
        kinds = Counter(item["type"] for item in items) if ended else Counter()
        counts = {kind: kinds.get(kind, 0) for kind in ("succeeded", "errored", "canceled", "expired")}
        going = "canceling" if "cancelled" in kept else "in_progress"
        begun = kept["begun"]
        moment = begun.isoformat()
        return {
            "id": number,
            "type": "message_batch",
            "processing_status": "ended" if ended else going,
            "request_counts": counts | {"processing": 0 if ended else kept["asked"]},
            "ended_at": moment if ended else None,
            "created_at": moment,
            "expires_at": (begun + timedelta(days=1)).isoformat(),
            "cancel_initiated_at": moment if "cancelled" in kept else None,
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
            self.switches = switches = fake.switches_for(body)
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.exchange = Exchange(self.command, path, query, headers, body)
            with fake.lock:
                fake.requests.append((self.command, path, body, headers))
                fake.exchanges.append(self.exchange)
                fake.at_once += 1
                fake.most_at_once = max(fake.most_at_once, fake.at_once)
                self.is_out = True
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
                elif path.startswith("/v1/messages/batches/") and path.split("/")[4] in fake.batches:
                    self._batch(*path.split("/")[4:])
                else:
                    self._error(404, "not_found_error", f"no {path}")
            finally:
                self._came_back()

        def _came_back(self) -> None:
            """Not out any more: from before the answer is sent, whose reader may ask again before we get to run."""
            with fake.lock:
                fake.at_once -= self.is_out
                self.is_out = False

        def _bearer(self) -> str:
            """The SDK sends its key so since 2.x."""
            return self.headers.get("Authorization", "").removeprefix("Bearer ")

        def _batch(self, number: str, what: str = "") -> None:
            told = fake.cancel_batch(number) if what == "cancel" else fake.batch(number)
            if what != "results":
                self._send(200, json.dumps(told).encode())
            elif told["processing_status"] == "ended":
                lines = [json.dumps(each) for each in fake.results[number]]
                self._send(200, "\n".join(lines).encode(), "application/x-jsonl")
            else:
                self._error(404, "not_found_error", f"{number} has no results yet")

        def _message(self, body: Any) -> None:
            switches = self.switches
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
            error: dict[str, Any] = {"type": kind, "message": self.switches.says or message}
            if self.switches.error_code:
                error["details"] = {"error_code": self.switches.error_code}
            if self.switches.echo:
                error["message"] += f" {self.exchange.headers}"
            number = f"req_{uuid.uuid4().hex[:20]}"
            told = {"type": "error", "error": error, "request_id": number}
            self._send(status, json.dumps(told).encode(), headers={"request-id": number} | (headers or {}))

        def _send(
            self,
            status: int,
            data: bytes,
            kind: str = "application/json",
            *,
            length: int | None = None,
            headers: dict[str, str] | None = None,
        ) -> None:
            told = {
                "content-type": kind,
                "content-length": str(len(data) if length is None else length),
                "request-id": f"req_{uuid.uuid4().hex[:20]}",
                "anthropic-organization-id": "00000000-0000-0000-0000-000000000000",
                **(headers or {}),
            }
            self.exchange.status, self.exchange.answer_headers, self.exchange.answer = status, told, data
            self._came_back()
            self.send_response(status)
            for name, value in told.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler


_KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip
