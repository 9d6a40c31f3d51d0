"""The fake as a process of its own, which may be killed: `python -m tests.fakes.comfyui PORT FOLDER [--seconds 1]`."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from tests.fakes.comfyui.serving import FakeComfyUI
from tests.fakes.comfyui.switches import Switches


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=0.0)
    given = parser.parse_args()
    switches = Switches(seconds=given.seconds, more_checkpoints=("tiny-sd15.ckpt", "empty.safetensors"))
    fake = FakeComfyUI(given.folder, switches)
    fake.worker.start()
    uvicorn.run(fake.app(), host="127.0.0.1", port=given.port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
