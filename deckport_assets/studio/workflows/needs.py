"""What a server needs for a workflow: its node classes, model files and choices, held against `/object_info`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deckport_assets.studio.workflows.template import Graph, Template


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a server lacks for a workflow, in words that name the node by title and class."""

    kind: Literal["node", "model", "choice", "input", "seed"]
    node: str
    message: str
    remedy: str


def needs_of(graph: Graph) -> frozenset[str]:
    """The node classes of a graph."""
    raise NotImplementedError


def unmet(template: Template, object_info: Mapping[str, Any]) -> tuple[Lack, ...]:
    """What is missing on a server with this `/object_info`: node classes, models by name, choices, required inputs,
    and seeds (inputs with `control_after_generate`) that no binding fills in."""
    raise NotImplementedError
