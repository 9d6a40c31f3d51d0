"""A template: a workflow as ComfyUI exports it ("Export (API)"), and the bindings that say where values go in.

A folder `workflows/<name>/` with `workflow.json` and `bindings.toml`. A producer's own folder of the same name wins
over the package's. Filling in is `binding`'s, what a server needs for it is `needs`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["image", "video"]
Graph = Mapping[str, Mapping[str, Any]]
"""As ComfyUI's API takes it: node id -> {"class_type", "inputs", "_meta"}."""

PACKAGE_WORKFLOWS = Path(__file__).parents[2] / "workflows"


@dataclass(frozen=True)
class Template:
    """A loaded, checked template. `sha256` is that of its two files: it changes whenever one of them does."""

    name: str
    title: str
    version: str
    kind: Kind
    graph: Graph
    bindings: Any
    sha256: str


def load_template(folder: Path) -> Template:
    """The template in a folder.

    Raises TemplateError, naming the file and what was expected, for: a file that is absent or no JSON/TOML; a workflow
    in the UI's own format (remedy: "Export (API)"); a node without class_type; a link to a node that is not there; an
    unknown key in the bindings; a binding that matches no node, or several; an input that its node does not have; an
    output that is no node.
    """
    raise NotImplementedError


def find_template(name: str, folders: Sequence[Path]) -> Template:
    """The template of that name in the first of these folders that has it. Raises TemplateError, naming those there."""
    raise NotImplementedError
