"""A producer's small workflow and its bindings, for the tests to break; and what a server says of its nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BINDINGS = """
title = "Mine"
kind = "image"
version = "1"

[inputs.prompt]
type = "text"
at = [{ node = "Prompt", class = "CLIPTextEncode", input = "text" }]
max_length = 40
required = true

[inputs.negative]
type = "text"
at = [{ node = "Negative", class = "CLIPTextEncode", input = "text" }]

[inputs.seed]
type = "seed"
at = [{ node = "", class = "KSampler", input = "seed" }]
required = true

[inputs.width]
type = "integer"
at = [{ node = "Latent", class = "EmptyLatentImage", input = "width" }]
default = 512
min = 64
max = 2048
multiple_of = 8

[inputs.cfg]
type = "number"
at = [{ node = "Sampler", class = "KSampler", input = "cfg" }]
min = 1
max = 20
multiple_of = 0.1

[inputs.sampler]
type = "choice"
at = [{ node = "Sampler", class = "KSampler", input = "sampler_name" }]
choices = ["euler", "dpmpp_2m"]

[outputs.image]
node = "Save"
class = "SaveImage"
"""


def graph() -> dict[str, Any]:
    def node(class_type: str, title: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title}}

    return {
        "4": node("CheckpointLoaderSimple", "Checkpoint", ckpt_name="sd_xl_base_1.0.safetensors"),
        "5": node("EmptyLatentImage", "Latent", width=1024, height=1024, batch_size=1),
        "6": node("CLIPTextEncode", "Prompt", text="", clip=["4", 1]),
        "7": node("CLIPTextEncode", "Negative", text="blurred", clip=["4", 1]),
        "3": node(
            "KSampler",
            "Sampler",
            seed=0,
            steps=20,
            cfg=7,
            sampler_name="euler",
            scheduler="karras",
            denoise=1,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        ),
        "8": node("VAEDecode", "Decode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", "Save", filename_prefix="ComfyUI", images=["8", 0]),
    }


def write(folder: Path, workflow: object = None, bindings: str = BINDINGS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = workflow if isinstance(workflow, str) else json.dumps(workflow or graph())
    (folder / "workflow.json").write_text(text, encoding="utf-8")
    (folder / "bindings.toml").write_text(bindings, encoding="utf-8")
    return folder


def object_info() -> dict[str, Any]:
    """A server's answer for the classes of our templates, with their models there."""
    info: dict[str, Any] = json.loads(Path(__file__).with_name("object_info.json").read_text("utf-8"))
    return info
