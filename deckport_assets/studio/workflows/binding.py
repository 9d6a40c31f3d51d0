"""Filling a template in: validated values at their places, and the name of the job that comes of it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deckport_assets.errors import TemplateError
from deckport_assets.studio.workflows.binding_parts import SEEDS, Value
from deckport_assets.studio.workflows.template import PREFIX, Graph, Template

__all__ = ["SEEDS", "Job", "Value", "bind", "chosen", "filled", "seed_for"]


@dataclass(frozen=True)
class Job:
    """A graph that is ready to be sent but for its place on the server.

    `key` (32 hexadecimal digits of sha256 over the canonical graph: sorted keys, without `_meta`, without the outputs'
    file name prefix) is its identity: the same work has the same key, whoever asks. `outputs` are the ids of the nodes
    whose files are wanted, by the bindings' name.
    """

    template: Template
    values: Mapping[str, Value]
    key: str
    outputs: Mapping[str, str]
    _filled: Graph = field(repr=False)

    def graph(self, prefix: str) -> Graph:
        """The graph whose outputs are saved under `prefix` (as `deckport/ab/abcd.../art`)."""
        graph = copy.deepcopy(dict(self._filled))
        for node_id in self.outputs.values():
            graph[node_id]["inputs"][PREFIX] = prefix
        return graph


def bind(template: Template, values: Mapping[str, Value]) -> Job:
    """The template filled in.

    Raises TemplateError, naming template, input and what was expected, for: a value that no input takes, one that is
    missing and has no default, a wrong type, a number outside of its bounds or no multiple of its step, a choice that
    is none, a text that is too long.
    """
    effective, faults = _fitting(template, values)
    for key, part in template.bindings.inputs.items():
        if key not in values and part.required:
            faults.append(f"input {key!r} is missing: it must be {part.expected} and has no default")
        elif key not in values:
            effective[key] = template.defaults[key]
    _complain(template, faults)
    graph = filled(template, effective)
    return Job(template, effective, _key(graph, frozenset(template.outputs.values())), template.outputs, graph)


def chosen(template: Template, values: Mapping[str, Value]) -> dict[str, Value]:
    """Some of a template's values, as its inputs take them. Raises TemplateError for what `bind` would not take."""
    effective, faults = _fitting(template, values)
    _complain(template, faults)
    return effective


def filled(template: Template, values: Mapping[str, Value]) -> Graph:
    """The template's graph with these values, which were checked, at their places; the template stays as it is."""
    graph = dict(template.graph)
    for key, value in values.items():
        for node_id, name in template.places[key]:
            graph[node_id] = {**graph[node_id], "inputs": {**graph[node_id]["inputs"], name: value}}
    return graph


def seed_for(*parts: object) -> int:
    """A seed from what makes a picture another one: card, template, prompt, attempt. sha256, 53 bits."""
    digest = hashlib.sha256(_canonical([str(part) for part in parts])).digest()
    return int.from_bytes(digest[:8], "big") % SEEDS


def _fitting(template: Template, values: Mapping[str, Value]) -> tuple[dict[str, Value], list[str]]:
    inputs = template.bindings.inputs
    takes = ", ".join(inputs) or "none"
    faults = [f"there is no input {key!r} (it takes {takes})" for key in values if key not in inputs]
    effective: dict[str, Value] = {}
    for key in (key for key in inputs if key in values):
        try:
            effective[key] = inputs[key].fitting(values[key])
        except ValueError as error:
            faults.append(f"input {key!r} {error}")
    return effective, faults


def _complain(template: Template, faults: Sequence[str]) -> None:
    if faults:
        raise TemplateError(
            f"Template {template.name!r}: {'; '.join(faults)}.",
            remedy=f"Correct what is asked of it, or what {template.name}/bindings.toml allows.",
        )


def _key(graph: Graph, outputs: frozenset[str]) -> str:
    work = {
        node_id: {
            "class_type": node["class_type"],
            "inputs": {k: v for k, v in node["inputs"].items() if node_id not in outputs or k != PREFIX},
        }
        for node_id, node in graph.items()
    }
    return hashlib.sha256(_canonical(_whole(work))).hexdigest()[:32]


def _canonical(tree: Any) -> bytes:
    # A workflow may hold half characters as \ud83d: they count too, although no text of ours has them.
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _whole(tree: Any) -> Any:
    """The tree with whole floats as integers: 4.0 and 4 are the same work."""
    if isinstance(tree, dict):
        return {key: _whole(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_whole(value) for value in tree]
    return int(tree) if isinstance(tree, float) and tree.is_integer() else tree
