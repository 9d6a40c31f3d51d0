"""The inside of the fake: its queue, its worker's thread, its history and its files."""

from __future__ import annotations

import heapq
import json
import random
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np

from deckport_assets.studio.encoding import png
from tests.fakes.comfyui.switches import Switches

Graph = dict[str, dict[str, Any]]
SAVES = {"SaveImage": "png", "SaveVideo": "mp4", "PreviewImage": "png"}
SAMPLERS = ("KSampler", "SamplerCustomAdvanced")


class SafetensorError(Exception):
    """What a loader raises for a file that is empty."""

    __module__ = "safetensors._safetensors_rust"


class Interrupted(Exception):
    """The job was interrupted."""


@dataclass
class Worker:
    """Does one job after the other, in order of (number, id), in a thread of its own."""

    folder: Path
    switches: Switches
    tell: Callable[[str, dict[str, Any], str | None], None]
    queue: list[tuple[float, str, Graph, dict[str, Any], list[str]]] = field(default_factory=list)
    running: list[Any] | None = None
    history: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    """Ids of the jobs that were executed, in order; what was cached is not among them."""
    interrupted: bool = False
    freed: int = 0
    counter: float = 0
    cache: dict[str, Any] = field(default_factory=dict)
    lock: threading.Condition = field(default_factory=threading.Condition)
    ended: bool = False

    def start(self) -> None:
        threading.Thread(target=self._work, daemon=True).start()

    def note(self, what: str, job: str, extra: Mapping[str, Any] | None, **more: Any) -> None:
        """One line in FOLDER/jobs.jsonl, which outlives a kill: what happened to which job when."""
        told = ((extra or {}).get("extra_pnginfo") or {}).get("deckport") or {}
        line = {
            "at": time.time(),
            "what": what,
            "ticket": job,
            "job": told.get("job"),
            "card": told.get("card"),
            **more,
        }
        with (self.folder / "jobs.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")

    def put(self, item: tuple[float, str, Graph, dict[str, Any], list[str]]) -> None:
        self.note("submitted", item[1], item[3], number=item[0])
        with self.lock:
            twins = [each for each in self.queue if each[:2] == item[:2]]
            heapq.heappush(self.queue, item) if not twins else self.queue.append(item)
            if twins or item[3] is None:
                self.switches.worker_dead = True  # heapq compares the graphs: TypeError in the worker's thread
            self.lock.notify_all()
        if twins:
            raise TypeError("'<' not supported between instances of 'dict' and 'dict'")

    def drop(self, ids: list[str]) -> None:
        with self.lock:
            self.queue = [each for each in self.queue if each[1] not in ids]
            heapq.heapify(self.queue)

    def _work(self) -> None:
        while not self.ended:
            with self.lock:
                while not self.ended and (not self.queue or self.switches.worker_dead):
                    self.lock.wait(0.02)
                if self.ended:
                    return
                item = heapq.heappop(self.queue)
                self.running = list(item)
                self.interrupted = False
            entry = self._execute(*item)
            if self.switches.late_history:
                time.sleep(self.switches.late_history)
            with self.lock:
                self.history[item[1]] = entry
                self.running = None

    def _execute(
        self, number: float, job: str, graph: Graph, extra: dict[str, Any], outputs: list[str]
    ) -> dict[str, Any]:
        client = extra.get("client_id")
        said: list[Any] = []

        def say(event: str, **data: Any) -> None:
            data = {**data, "prompt_id": job}
            if event.startswith("execution_"):
                data["timestamp"] = int(time.time() * 1000)
                said.append([event, data])
            self.tell(event, data, client)

        self.note("began", job, extra)
        say("execution_start")
        files: dict[str, Any] = {}
        known = {node: self.cache[key] for node in outputs if (key := _signature(graph, node)) in self.cache}
        cached = sorted(graph) if len(known) == len(outputs) else []
        say("execution_cached", nodes=cached)
        status = {"status_str": "success", "completed": True, "messages": said}
        at = ""
        try:
            if cached:
                files = dict(known)
            else:
                self.done.append(job)
                for at in _in_order(graph, outputs):
                    self._node(at, graph, job, outputs, files, extra, say)
            # Of earlier jobs nothing is kept, as in the server's usual cache.
            self.cache = {_signature(graph, node): files[node] for node in outputs}
            say("execution_success")
        except Interrupted:
            say("execution_interrupted", node_id=at, node_type=graph[at]["class_type"], executed=[])
            status |= {"status_str": "error", "completed": False}
        except Exception as error:  # noqa: BLE001 - as the server does: whatever a node raises is told
            say(
                "execution_error",
                node_id=at,
                node_type=graph[at]["class_type"],
                executed=[],
                exception_message=f"{error}\n",
                exception_type=_full_name(error),
                traceback=[],
                current_inputs={},
                current_outputs=[],
            )
            status |= {"status_str": "error", "completed": False}
        self.note("ended", job, extra, status=status["status_str"], cached=bool(cached))
        self.tell("executing", {"node": None, "prompt_id": job}, client)
        return {"prompt": [number, job, graph, extra, outputs], "outputs": files, "status": status, "meta": {}}

    def _node(
        self,
        node: str,
        graph: Graph,
        job: str,
        outputs: list[str],
        files: dict[str, Any],
        extra: Mapping[str, Any],
        say: Callable[..., None],
    ) -> None:
        kind = graph[node]["class_type"]
        say("executing", node=node, display_node=node)
        if kind == self.switches.node_fails:
            raise ValueError("Unsupported blend mode: bogus")
        if self.interrupted:
            raise Interrupted  # it is looked at before each node, not in the sampler alone
        if "empty.safetensors" in graph[node]["inputs"].values():
            raise SafetensorError("Error while deserializing header: header too small")
        if kind in SAMPLERS:
            self._sample(node, say)
        if node in outputs:
            files[node] = self._save(node, graph, extra)
            say("executed", node=node, display_node=node, output=files[node])

    def _sample(self, node: str, say: Callable[..., None]) -> None:
        if self.switches.oom:
            self.switches.oom -= 1
            raise MemoryError("Allocation on device 0 would exceed allowed memory. (out of memory)")
        stuck = self.switches.stuck > 0
        self.switches.stuck -= 1 if stuck else 0
        while stuck and not self.ended:
            time.sleep(0.02)
        steps = self.switches.steps
        for step in range(1, steps + 1):
            until = time.monotonic() + self.switches.seconds / steps
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(0.02, left))
                if self.interrupted or self.ended:
                    raise Interrupted
            say("progress", node=node, value=step, max=steps)

    def _save(self, node: str, graph: Graph, extra: Mapping[str, Any]) -> dict[str, Any]:
        inputs = graph[node]["inputs"]
        subfolder, _, name = str(inputs.get("filename_prefix", "ComfyUI")).rpartition("/")
        folder = self.folder / "output" / subfolder
        if not folder.resolve().is_relative_to((self.folder / "output").resolve()):
            raise ValueError("Saving image outside the output folder is not allowed.")
        folder.mkdir(parents=True, exist_ok=True)
        extension = SAVES[graph[node]["class_type"]]
        taken = [int(path.stem[len(name) + 1 :].rstrip("_") or 0) for path in folder.glob(f"{name}_*_.*")]
        path = folder / f"{name}_{max(taken, default=0) + 1:05}_.{extension}"
        data = self._drawn(graph, extension, extra)
        if self.switches.other_bytes:
            self.switches.other_bytes -= 1
            data = self._drawn(
                {"1": {"class_type": "KSampler", "inputs": {"seed": 1, "text": "another"}}}, extension, {}
            )
        if self.switches.half_file:
            self.switches.half_file -= 1
            data = data[: len(data) // 2]
        path.write_bytes(data)
        if self.switches.lose_file:
            self.switches.lose_file -= 1
            path.unlink()
        found = {"images": [{"filename": path.name, "subfolder": subfolder, "type": "output"}]}
        return found | ({"animated": [True]} if extension == "mp4" else {})

    def _drawn(self, graph: Graph, extension: str, extra: Mapping[str, Any]) -> bytes:
        width, height = size_of(graph)
        flat = self.switches.flat > 0
        self.switches.flat -= 1 if flat else 0
        pixels = picture(graph, min(width, 4096), min(height, 4096), flat=flat)
        texts = {**(extra.get("extra_pnginfo") or {}), "prompt": graph} if not self.switches.no_metadata else {}
        if extension == "mp4":
            lengths = [node["inputs"]["length"] for node in graph.values() if "length" in node["inputs"]]
            return _mp4(pixels, min(lengths, default=9), texts)
        return with_texts(png(pixels), {key: json.dumps(value) for key, value in texts.items()})


def picture(graph: Graph, width: int, height: int, *, flat: bool = False) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A picture that is another one for each seed and text."""
    dice = random.Random(json.dumps([_value(graph, "seed"), _value(graph, "noise_seed"), _texts(graph)]))
    if flat:
        return np.full((height, width, 3), 30, np.uint8)
    small = np.array([[[dice.randrange(256) for _ in range(3)] for _ in range(7)] for _ in range(9)], np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def with_texts(data: bytes, texts: Mapping[str, str]) -> bytes:
    """A PNG with text chunks after its head, as SaveImage writes them."""
    chunks = b""
    for key, text in texts.items():
        body = b"tEXt" + key.encode("latin-1") + b"\0" + text.encode("latin-1")
        chunks += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    head = 8 + 25  # the signature and IHDR
    return data[:head] + chunks + data[head:]


def size_of(graph: Graph) -> tuple[int, int]:
    """The size that the graph asks for: of the node that has both."""
    for node in graph.values():
        width, height = node["inputs"].get("width"), node["inputs"].get("height")
        if isinstance(width, int) and isinstance(height, int):
            return width, height
    return 64, 64


def _full_name(error: Exception) -> str:
    """An error's type as the server tells it: with its module, but for Python's own."""
    if isinstance(error, MemoryError):
        return "torch.OutOfMemoryError"
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _value(graph: Graph, name: str) -> Any:
    found = (node["inputs"].get(name) for node in graph.values())
    return next((value for value in found if isinstance(value, int)), None)


def _texts(graph: Graph) -> list[str]:
    return [node["inputs"]["text"] for node in graph.values() if isinstance(node["inputs"].get("text"), str)]


def _in_order(graph: Graph, outputs: list[str]) -> list[str]:
    """The nodes that the outputs need, what feeds before what is fed."""
    order: list[str] = []

    def visit(node: str) -> None:
        for value in graph[node]["inputs"].values():
            if isinstance(value, list) and len(value) == 2 and str(value[0]) in graph and str(value[0]) not in order:
                visit(str(value[0]))
        if node not in order:
            order.append(node)

    for output in outputs:
        visit(output)
    return order


def _signature(graph: Graph, node: str) -> str:
    needed = {each: graph[each]["class_type"] for each in _in_order(graph, [node])}
    return json.dumps([node, {each: [kind, graph[each]["inputs"]] for each, kind in needed.items()}], sort_keys=True)


def _mp4(pixels: np.ndarray[Any, np.dtype[np.uint8]], count: int, texts: Mapping[str, Any]) -> bytes:
    """The picture, turned once round; what SaveVideo writes of the workflow is written as it does that."""
    height, width = pixels.shape[:2]
    path = Path(tempfile.gettempdir()) / f"fake-{threading.get_ident()}-{time.monotonic_ns()}.mp4"
    written = [f"{key}={json.dumps(value)}" for key, value in texts.items()]
    params = ["-preset", "veryfast", "-movflags", "use_metadata_tags"]
    params += [part for each in written for part in ("-metadata", each)]
    writer = imageio_ffmpeg.write_frames(
        str(path), (width, height), fps=16, codec="libx264", macro_block_size=1, output_params=params
    )
    writer.send(None)
    for n in range(count):
        writer.send(np.roll(pixels, round(width * n / count), axis=1).tobytes())
    writer.close()
    data = path.read_bytes()
    path.unlink()
    return data
