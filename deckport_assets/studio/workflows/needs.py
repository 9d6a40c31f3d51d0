"""What a server needs for a workflow: its node classes, model files and choices, held against `/object_info`.

Asking the server for it is not done here. Whatever the server answers is read with care: nodes are other people's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from deckport_assets.studio.workflows.binding import filled
from deckport_assets.studio.workflows.binding_parts import Value
from deckport_assets.studio.workflows.template import Graph, Place, Template, is_link, label

_MODEL_FILES = (".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".onnx")
_SEED_NAMES = ("seed", "noise_seed")
_MOST_TOLD = 8


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a server lacks for a workflow, in words that name the node by title and class."""

    kind: Literal["node", "model", "choice", "input", "seed"]
    node: str
    message: str
    remedy: str


def needs_of(graph: Graph) -> frozenset[str]:
    """The node classes of a graph."""
    return frozenset(node["class_type"] for node in graph.values())


def unmet(
    template: Template, object_info: Mapping[str, Any], values: Mapping[str, Value] | None = None
) -> tuple[Lack, ...]:
    """What is missing on a server with this `/object_info`: node classes, models by name, choices, required inputs,
    and seeds (inputs with `control_after_generate`) that no binding fills in.

    `values`, as those of a job, hold instead of the template's defaults: a model that is never asked for is no lack.
    """
    return tuple(_Look(template, object_info, values or {}).lacks())


class _Look:
    """A template with what is known of its values filled in, held against one server."""

    def __init__(self, template: Template, object_info: Mapping[str, Any], values: Mapping[str, Value]) -> None:
        self._known = {**template.defaults, **values}
        self._graph = filled(template, self._known)
        self._info = object_info
        self._outputs = template.outputs
        self._inputs = template.bindings.inputs
        self._bound = {place: key for key, places in template.places.items() for place in places}

    def lacks(self) -> Iterator[Lack]:
        # A server refuses a workflow for any class that it lacks, but looks at the inputs only of what is run.
        run = self._run()
        for node_id, node in self._graph.items():
            info = self._info.get(node["class_type"])
            if not isinstance(info, dict):
                yield self._lack(
                    "node",
                    node_id,
                    f"this server has no node class {node['class_type']!r}",
                    "Update ComfyUI, or install the custom nodes that have it, and start it again.",
                )
            elif node_id in run:
                yield from self._lacks_of(node_id, info)

    def _lacks_of(self, node_id: str, info: Mapping[str, Any]) -> Iterator[Lack]:
        inputs = self._graph[node_id]["inputs"]
        if node_id in self._outputs.values() and info.get("output_node") is not True:
            yield self._lack(
                "node",
                node_id,
                "it is an output of the template, and saves nothing on this server",
                "Name a node that saves, as SaveImage, under [outputs] of bindings.toml.",
            )
        for name, _ in _specs(info, "required"):
            # A group of inputs that grows is required as "images" and given as "images.image0".
            if name not in inputs and not any(each.startswith(f"{name}.") for each in inputs):
                yield self._lack(
                    "input",
                    node_id,
                    f"it has no {name!r}, which this server requires",
                    "Open the workflow in this server's ComfyUI, set that input and export it again.",
                )
        for name, spec in (*_specs(info, "required"), *_specs(info, "optional")):
            if name in inputs and not is_link(inputs[name]):
                yield from self._choice_lacks((node_id, name), spec, inputs[name])
                if _is_seed(name, spec) and (node_id, name) not in self._bound:
                    yield self._seed_lack(node_id, name, node_id)
            elif name in inputs and _is_seed(name, spec):
                # The seed comes from another node, as a primitive that several samplers share.
                source = inputs[name][0]
                if not self._leading_to([source]) & {place[0] for place in self._bound}:
                    yield self._seed_lack(node_id, name, source)

    def _choice_lacks(self, place: Place, spec: Sequence[Any], value: object) -> Iterator[Lack]:
        offered, node_id, name, key = _offered(spec), *place, self._bound.get(place, "")
        if offered is None or (key and (key not in self._known or self._inputs[key].type == "image")):
            return
        if _is_upload(spec) and "/" in str(value):
            return  # The server lists the pictures of its top folder only, and takes those of others too.
        for each in value if isinstance(value, list) else [value]:
            if each in offered:
                continue
            told = [repr(one) for one in offered[:_MOST_TOLD]]
            told += [f"{len(offered) - _MOST_TOLD} more"] if len(offered) > _MOST_TOLD else []
            message = f"{name} {each!r} is not on this server, which has {', '.join(told) or 'none'}"
            give = f", or give {key!r} another value" if key else ""
            if str(each).lower().endswith(_MODEL_FILES):
                remedy = f"Put that file into the server's models folder{give}, or change it in the workflow."
                yield self._lack("model", node_id, message, remedy)
            elif _is_upload(spec):
                remedy = 'Bind this input with type = "image", so that the picture is uploaded.'
                yield self._lack("choice", node_id, message, remedy)
            else:
                yield self._lack("choice", node_id, message, f"Choose one of these in the workflow{give}.")

    def _seed_lack(self, node_id: str, name: str, source: str) -> Lack:
        return self._lack(
            "seed",
            node_id,
            f"no binding fills its seed {name!r} in, so that every picture would be the same",
            f'Add an input of type "seed" to bindings.toml, at node {label(self._graph, source)}.',
        )

    def _lack(self, kind: Literal["node", "model", "choice", "input", "seed"], node_id: str, message: str,
              remedy: str) -> Lack:  # fmt: skip
        node = label(self._graph, node_id)
        return Lack(kind, node, f"Node {node}: {message}.", remedy)

    def _run(self) -> frozenset[str]:
        """The nodes that the server runs: those that save, and what leads to them."""
        saving = {
            node_id
            for node_id, node in self._graph.items()
            if isinstance(info := self._info.get(node["class_type"]), dict) and info.get("output_node") is True
        }
        return self._leading_to([*saving, *self._outputs.values()])

    def _leading_to(self, node_ids: Sequence[str]) -> frozenset[str]:
        """These nodes and all whose outputs go into them."""
        found: set[str] = set()
        to_do = list(node_ids)
        while to_do:
            node_id = to_do.pop()
            if node_id not in found:
                found.add(node_id)
                to_do += [each[0] for each in self._graph[node_id]["inputs"].values() if is_link(each)]
        return frozenset(found)


def _specs(info: Mapping[str, Any], group: str) -> Iterator[tuple[str, Sequence[Any]]]:
    groups = info.get("input")
    specs = groups.get(group) if isinstance(groups, dict) else None
    for name, spec in specs.items() if isinstance(specs, dict) else ():
        if isinstance(spec, list) and spec:
            yield name, spec


def _options(spec: Sequence[Any]) -> Mapping[str, Any]:
    return spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}


def _offered(spec: Sequence[Any]) -> list[Any] | None:
    """The choices of an input, in either shape: `[[...]]` or `["COMBO", {"options": [...]}]`. None when it has none."""
    offered = spec[0] if isinstance(spec[0], list) else _options(spec).get("options") if spec[0] == "COMBO" else None
    return offered if isinstance(offered, list) else None


def _is_upload(spec: Sequence[Any]) -> bool:
    return any(key.endswith("_upload") and value for key, value in _options(spec).items())


def _is_seed(name: str, spec: Sequence[Any]) -> bool:
    """Whether ComfyUI's editor gives the input another value after each run, as it does by name too."""
    options = _options(spec)
    least = options.get("min", 0)
    # A primitive integer has it too, but may be negative and be anything: what it leads to says whether it is a seed.
    counts = bool(options.get("control_after_generate")) and isinstance(least, int | float) and least >= 0
    return spec[0] == "INT" and (counts or name in _SEED_NAMES)
