"""The outside of the fake: its routes and its websocket, answered as 0.3.64 answers them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.fakes.comfyui.switches import Switches
from tests.fakes.comfyui.worker import SAVES, Graph, Worker

OBJECT_INFO = Path(__file__).parents[2] / "studio" / "workflows" / "object_info.json"


class FakeComfyUI:
    """One server: `url` is where it answers, `switches` what goes wrong, `worker` what is inside."""

    def __init__(self, folder: Path, switches: Switches | None = None) -> None:
        self.folder = folder
        self.switches = switches or Switches()
        self.requests: list[str] = []
        self.sockets: dict[str, WebSocket] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.worker = Worker(folder, self.switches, self._tell)
        self.url = ""
        for name in ("output", "input", "temp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.object_info: dict[str, Any] = json.loads(OBJECT_INFO.read_text()) if OBJECT_INFO.exists() else {}

    def app(self) -> Starlette:
        """The routes; each also exists below /api."""
        routes = [
            ("/system_stats", self.system_stats, ["GET"]),
            ("/object_info", self.all_nodes, ["GET"]),
            ("/object_info/{node}", self.one_node, ["GET"]),
            ("/prompt", self.count, ["GET"]),
            ("/prompt", self.submit, ["POST"]),
            ("/queue", self.queue, ["GET"]),
            ("/queue", self.change_queue, ["POST"]),
            ("/history", self.all_history, ["GET"]),
            ("/history", self.change_history, ["POST"]),
            ("/history/{job}", self.one_history, ["GET"]),
            ("/interrupt", self.interrupt, ["POST"]),
            ("/free", self.free, ["POST"]),
            ("/view", self.view, ["GET", "HEAD"]),
            ("/upload/image", self.upload, ["POST"]),
            ("/features", self.features, ["GET"]),
        ]
        every = [Route(p + path, self._guarded(call), methods=m) for p in ("", "/api") for path, call, m in routes]
        return Starlette(routes=[*every, WebSocketRoute("/ws", self.websocket)])

    def _guarded(self, call: Any) -> Any:
        async def answer(request: Request) -> Response:
            self.requests.append(f"{request.method} {request.url.path}")
            self.loop = asyncio.get_running_loop()
            if self.switches.login:
                wanted = base64.b64encode(":".join(self.switches.login).encode()).decode()
                if request.headers.get("authorization") != f"Basic {wanted}":
                    return PlainTextResponse("401 Authorization Required", 401)
            origin = request.headers.get("origin")
            if origin and origin.partition("//")[2] != request.headers.get("host"):
                return PlainTextResponse("", 403)
            if self.switches.html:
                self.switches.html -= 1
                return Response("<html><h1>It works!</h1></html>", media_type="text/html")
            return await call(request)  # type: ignore[no-any-return]

        return answer

    async def system_stats(self, _: Request) -> Response:
        device = {"name": "cpu", "type": "cpu", "index": None, "vram_total": 25276510208, "vram_free": 19534028928}
        system = {"os": "posix", "comfyui_version": "0.3.64", "pytorch_version": "2.13.0+cpu", "argv": ["main.py"]}
        return JSONResponse({"system": system, "devices": [device]})

    async def features(self, _: Request) -> Response:
        return JSONResponse({"supports_preview_metadata": True, "max_upload_size": self.switches.most_upload_bytes})

    def nodes(self) -> dict[str, Any]:
        """/object_info without what the switches take away."""
        found = {name: node for name, node in self.object_info.items() if name not in self.switches.missing_nodes}
        text = json.dumps(found)
        for model in self.switches.missing_models:
            text = text.replace(json.dumps(model) + ", ", "").replace(json.dumps(model), "")
        nodes: dict[str, Any] = json.loads(text)
        if self.switches.more_checkpoints:
            nodes["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0] += self.switches.more_checkpoints
        return nodes

    async def all_nodes(self, _: Request) -> Response:
        return JSONResponse(self.nodes())

    async def one_node(self, request: Request) -> Response:
        name = request.path_params["node"]
        return JSONResponse({name: node} if (node := self.nodes().get(name)) else {})

    async def count(self, _: Request) -> Response:
        with self.worker.lock:
            left = len(self.worker.queue) + (self.worker.running is not None)
        return JSONResponse({"exec_info": {"queue_remaining": left}})

    async def submit(self, request: Request) -> Response:
        if self.switches.status:
            return PlainTextResponse("500 Internal Server Error", self.switches.status.pop(0))
        try:
            sent = await request.json()
        except ValueError:
            return self._trouble()
        if not sent.get("prompt"):
            no = "prompt_no_outputs" if sent.get("prompt") == {} else "no_prompt"
            return _refused(no, "No prompt provided" if no == "no_prompt" else "Prompt has no outputs")
        graph: Graph = sent["prompt"]
        if not all(isinstance(node, dict) for node in graph.values()):
            return self._trouble()  # a workflow in the UI's own format
        job, extra = sent.get("prompt_id") or str(uuid.uuid4()), sent.get("extra_data", {})
        refused, errors, outputs = self._validated(graph)
        if refused is not None:
            return refused
        if extra is not None and "client_id" in sent:
            extra = {**extra, "client_id": sent["client_id"]}
        number = sent.get("number")
        if number is None:
            number = -self.worker.counter if sent.get("front") else self.worker.counter
            self.worker.counter += 1
        try:
            self.worker.put((float(number), job, graph, extra, outputs))
        except TypeError:
            return self._trouble()
        if self.switches.take_but_fail:
            self.switches.take_but_fail -= 1
            return self._trouble()
        return JSONResponse({"prompt_id": job, "number": number, "node_errors": errors})

    def _trouble(self) -> Response:
        return PlainTextResponse("500 Internal Server Error\n\nServer got itself in trouble", 500)

    def _validated(self, graph: Graph) -> tuple[Response | None, dict[str, Any], list[str]]:
        known = self.nodes()
        for node, each in graph.items():
            if "class_type" not in each:
                return _refused("invalid_prompt", "Cannot execute because a node is missing the class_type property.",
                                f"Node ID '#{node}'"), {}, []  # fmt: skip
            if known and each["class_type"] not in known:
                told = f"Cannot execute because node {each['class_type']} does not exist."
                return _refused("invalid_prompt", told, f"Node ID '#{node}'"), {}, []
        outputs = [node for node, each in graph.items() if each["class_type"] in SAVES]
        if not outputs:
            return _refused("prompt_no_outputs", "Prompt has no outputs"), {}, []
        errors: dict[str, Any] = {}
        for node, each in graph.items():
            wrong = self._wrong_inputs(each, known.get(each["class_type"], {}))
            if wrong:
                errors[node] = {"errors": wrong, "dependent_outputs": outputs, "class_type": each["class_type"]}
        if errors and not self.switches.skip_invalid_outputs:
            told = "Prompt outputs failed validation"
            return _refused("prompt_outputs_failed_validation", told, node_errors=errors), {}, []
        return None, errors, outputs

    def _wrong_inputs(self, node: dict[str, Any], known: dict[str, Any]) -> list[dict[str, Any]]:
        wrong = []
        for name, spec in (known.get("input", {}).get("required") or {}).items():
            if name not in node["inputs"]:
                wrong.append(_wrong("required_input_missing", "Required input is missing", name, name))
                continue
            value, choices = node["inputs"][name], spec[0]
            if node["class_type"] == "LoadImage" and name == "image":
                if not (self.folder / "input" / str(value)).is_file():
                    told = f"image - Invalid image file: {value}"
                    wrong.append(_wrong("custom_validation_failed", "Custom validation failed for node", told, name))
            elif isinstance(choices, list) and not isinstance(value, list) and value not in choices:
                listed = choices if len(choices) <= 20 else ""
                told = f"{name}: {value!r} not in {listed}"
                wrong.append(_wrong("value_not_in_list", "Value not in list", told, name, value))
            elif choices == "INT" and isinstance(value, int) and value > spec[1].get("max", value):
                wrong.append(_wrong("value_bigger_than_max", f"Value {value} bigger than max", name, name, value))
        return wrong

    async def queue(self, _: Request) -> Response:
        with self.worker.lock:
            running = [self.worker.running] if self.worker.running else []
            pending = [list(each) for each in self.worker.queue]
        return JSONResponse({"queue_running": running, "queue_pending": pending})

    async def change_queue(self, request: Request) -> Response:
        sent = await request.json()
        self.worker.drop([each[1] for each in self.worker.queue] if sent.get("clear") else sent.get("delete", []))
        return Response(status_code=200)

    async def all_history(self, request: Request) -> Response:
        most = int(request.query_params.get("max_items", 10_000))
        with self.worker.lock:
            return JSONResponse(dict(list(self.worker.history.items())[-most:]))

    async def one_history(self, request: Request) -> Response:
        job = request.path_params["job"]
        with self.worker.lock:
            return JSONResponse({job: self.worker.history[job]} if job in self.worker.history else {})

    async def change_history(self, request: Request) -> Response:
        sent = await request.json()
        with self.worker.lock:
            for job in list(self.worker.history) if sent.get("clear") else sent.get("delete", []):
                self.worker.history.pop(job, None)
        return Response(status_code=200)

    async def interrupt(self, request: Request) -> Response:
        body = await request.body()
        wanted = json.loads(body).get("prompt_id") if body else None
        with self.worker.lock:
            if self.worker.running and wanted in (None, self.worker.running[1]):
                self.worker.interrupted = True
        return Response(status_code=200)

    async def free(self, _: Request) -> Response:
        if self.switches.fails_to_free:
            return self._trouble()
        self.worker.freed += 1
        self.worker.cache.clear()
        return Response(status_code=200)

    async def view(self, request: Request) -> Response:
        asked = request.query_params
        root = self.folder / asked.get("type", "output")
        path = (root / asked.get("subfolder", "") / asked.get("filename", "")).resolve()
        if ".." in asked.get("filename", "") or asked.get("type", "output") not in ("output", "input", "temp"):
            return Response(status_code=400)
        if not path.is_relative_to(root.resolve()):
            return Response(status_code=403)
        if not path.is_file():
            return Response(status_code=404)
        data = path.read_bytes()
        headers = {"content-length": str(len(data)), "etag": f'"{hashlib.sha256(data).hexdigest()[:16]}"'}
        media = "image/png" if path.suffix == ".png" else "video/mp4"
        if request.method == "HEAD":
            return Response(headers=headers, media_type=media)
        if self.switches.drip:
            self.switches.drip -= 1
            return StreamingResponse(_dripping(data), media_type=media)
        if self.switches.cut:
            self.switches.cut -= 1
            return StreamingResponse(_cut(data), headers=headers, media_type=media)
        return Response(data, headers=headers, media_type=media)

    async def upload(self, request: Request) -> Response:
        if int(request.headers.get("content-length", 0)) > self.switches.most_upload_bytes:
            return PlainTextResponse("Maximum request body size exceeded", 413)
        form = _form(request.headers["content-type"], await request.body())
        name, data = form["image"]
        subfolder = form.get("subfolder", ("", b""))[1].decode()
        folder = self.folder / "input" / subfolder
        if not folder.resolve().is_relative_to((self.folder / "input").resolve()):
            return Response(status_code=400)
        folder.mkdir(parents=True, exist_ok=True)
        path, n = folder / name, 1
        while not form.get("overwrite") and path.exists() and path.read_bytes() != data:
            path, n = folder / f"{Path(name).stem} ({n}){Path(name).suffix}", n + 1
        path = path.with_stem(f"{path.stem} (1)") if self.switches.renames_uploads else path
        path.write_bytes(data)
        return JSONResponse({"name": path.name, "subfolder": subfolder, "type": "input"})

    async def websocket(self, socket: WebSocket) -> None:
        """Events of one client. When an old socket of the same client closes, the new one is forgotten too."""
        await socket.accept()
        self.loop = asyncio.get_running_loop()
        client = socket.query_params.get("clientId") or uuid.uuid4().hex
        self.sockets[client] = socket
        status = {"status": {"exec_info": {"queue_remaining": len(self.worker.queue)}}, "sid": client}
        await socket.send_json({"type": "status", "data": status})
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            self.sockets.pop(client, None)

    def _tell(self, event: str, data: dict[str, Any], client: str | None) -> None:
        """From the worker's thread: to the socket of the job's client alone."""
        socket = self.sockets.get(client or "")
        if socket is None or self.loop is None or self.switches.silent_socket:
            return
        asyncio.run_coroutine_threadsafe(_send(socket, {"type": event, "data": data}), self.loop)


async def _send(socket: WebSocket, message: dict[str, Any]) -> None:
    try:
        await socket.send_json(message)
    except (RuntimeError, WebSocketDisconnect):
        return  # it closed meanwhile; the server too goes on


async def _dripping(data: bytes) -> AsyncIterator[bytes]:
    for byte in data:
        yield bytes([byte])
        await asyncio.sleep(0.05)


async def _cut(data: bytes) -> AsyncIterator[bytes]:
    yield data[: len(data) // 2]
    raise ConnectionResetError("cut")


def _form(content_type: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """The fields of a multipart form: name -> (file name, content)."""
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields = {}
    for part in whole.iter_parts():
        told = part["content-disposition"].params
        fields[told["name"]] = (str(told.get("filename", "")), bytes(part.get_payload(decode=True)))
    return fields


def _refused(kind: str, message: str, details: str = "", node_errors: dict[str, Any] | None = None) -> Response:
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return JSONResponse({"error": error, "node_errors": node_errors or {}}, 400)


def _wrong(kind: str, message: str, details: str, name: str, value: object = None) -> dict[str, Any]:
    info = {"input_name": name} | ({"received_value": value} if value is not None else {})
    return {"type": kind, "message": message, "details": details, "extra_info": info}


@contextmanager
def running(folder: Path, switches: Switches | None = None, *, port: int = 0) -> Iterator[FakeComfyUI]:
    """A fake that serves on loopback until the block ends."""
    fake = FakeComfyUI(folder, switches)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)  # from now on a request waits, and is not refused
    fake.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(fake.app(), log_level="critical", timeout_graceful_shutdown=0, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    fake.worker.start()
    thread.start()
    try:
        yield fake
    finally:
        fake.worker.ended = True
        server.should_exit = True
        server.force_exit = True
        thread.join(5)
        listener.close()
