"""A template: a workflow as ComfyUI exports it ("Export (API)"), and the bindings that say where values go in.

A folder `workflows/<name>/` with `workflow.json` and `bindings.toml`. A producer's own folder of the same name wins
over the package's. Filling in is `binding`'s, what a server needs for it is `needs`'.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from deckport_assets.errors import TemplateError
from deckport_assets.studio.workflows.binding_parts import Bindings, Kind, NodePart, Value

__all__ = [
    "PACKAGE_WORKFLOWS",
    "Graph",
    "Kind",
    "Place",
    "Template",
    "find_template",
    "is_link",
    "label",
    "load_template",
]

Graph = Mapping[str, Mapping[str, Any]]
"""As ComfyUI's API takes it: node id -> {"class_type", "inputs", "_meta"}."""
Place = tuple[str, str]
"""A node's id and the name of one of its inputs."""

PACKAGE_WORKFLOWS = Path(__file__).parents[2] / "workflows"
PREFIX = "filename_prefix"
"""The input of saving nodes that says where on the server their files go."""

_MOST_BYTES = 5_000_000
_MOST_TOLD = 8
_NAME = re.compile(r"[\w-]+")
_EXPORT = "In ComfyUI choose Workflow > Export (API) and save that file."


@dataclass(frozen=True)
class Template:
    """A loaded, checked template. `sha256` is that of its two files: it changes whenever one of them does.

    `places` are the node inputs that each input of the bindings fills, `outputs` the ids of the nodes whose files are
    wanted, `defaults` what holds for each input that is not required.
    """

    name: str
    title: str
    version: str
    kind: Kind
    graph: Graph
    bindings: Bindings
    sha256: str
    places: Mapping[str, tuple[Place, ...]]
    outputs: Mapping[str, str]
    defaults: Mapping[str, Value]


def load_template(folder: Path) -> Template:
    """The template in a folder.

    Raises TemplateError, naming the file and what was expected, for: a file that is absent or no JSON/TOML; a workflow
    in the UI's own format (remedy: "Export (API)"); a node without class_type; a link to a node that is not there; an
    unknown key in the bindings; a binding that matches no node, or several; an input that its node does not have; an
    output that is no node.
    """
    name = folder.name
    workflow, table = _read(folder, "workflow.json"), _read(folder, "bindings.toml")
    graph = _graph(name, workflow)
    bindings = _bindings(name, table)
    match = _Match(graph)
    places = {key: tuple(match.places(key, part.at)) for key, part in bindings.inputs.items()}
    outputs = {key: found for key, part in bindings.outputs.items() if (found := match.output(key, part))}
    defaults = dict(match.defaults(bindings, places))
    if match.faults:
        raise TemplateError(
            f"Template {name!r}, bindings.toml: {'; '.join(match.faults)}.",
            remedy="Correct bindings.toml, or the titles of the nodes in ComfyUI, and export the workflow again.",
        )
    digest = hashlib.sha256()
    for file, content in (("workflow.json", workflow), ("bindings.toml", table)):
        digest.update(f"{file}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    return Template(
        name=name,
        title=bindings.title,
        version=bindings.version,
        kind=bindings.kind,
        graph=graph,
        bindings=bindings,
        sha256=digest.hexdigest(),
        places=places,
        outputs=outputs,
        defaults=defaults,
    )


def find_template(name: str, folders: Sequence[Path]) -> Template:
    """The template of that name in the first of these folders that has it. Raises TemplateError, naming those there."""
    if _NAME.fullmatch(name):
        for folder in folders:
            if (folder / name).is_dir():
                return load_template(folder / name)
    there = sorted({path.parent.name for folder in folders for path in folder.glob("*/workflow.json")})
    raise TemplateError(
        f"There is no template {name!r}; there are: {', '.join(there) or 'none'}.",
        remedy="Say the name of one of these, or add a folder of that name with workflow.json and bindings.toml.",
    )


def is_link(value: object) -> bool:
    """Whether an input's value is another node's output, as ["4", 0]."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) in (int, float)


def label(graph: Graph, node_id: str) -> str:
    """A node as a person knows it: by title and class."""
    node = graph[node_id]
    return f"{_title(node)!r} ({node['class_type']})" if _title(node) else f"{node_id} ({node['class_type']})"


def _title(node: Mapping[str, Any]) -> str:
    meta = node.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else ""
    return title if isinstance(title, str) else ""


def _read(folder: Path, file: str) -> bytes:
    path = folder / file
    try:
        with path.open("rb") as source:
            content = source.read(_MOST_BYTES + 1)
    except OSError as error:
        raise TemplateError(
            f"Template {folder.name!r} has no readable {file}: {error.strerror}.",
            remedy="A template is a folder with workflow.json, which ComfyUI exports, and bindings.toml beside it.",
        ) from error
    if len(content) > _MOST_BYTES:
        raise TemplateError(
            f"Template {folder.name!r}: {file} is larger than {_MOST_BYTES // 1_000_000} MB.",
            remedy="Take what is no workflow out of it; pictures are uploaded, not put into a workflow.",
        )
    return content


def _graph(name: str, content: bytes) -> Graph:
    """The nodes of a workflow.json, each with a class and inputs, and links that lead somewhere and never back."""
    try:
        graph = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"Template {name!r}: workflow.json is no valid JSON: {error}.", remedy=_EXPORT) from error
    if not isinstance(graph, dict) or not graph:
        raise TemplateError(f"Template {name!r}: workflow.json has no nodes.", remedy=_EXPORT)
    if any(key in graph and not _is_node(graph[key]) for key in ("nodes", "links", "last_node_id")):
        raise TemplateError(f"Template {name!r}: workflow.json is in the format of ComfyUI's editor.", remedy=_EXPORT)
    faults = []
    for node_id, node in graph.items():
        if not _is_node(node):
            faults.append(f"node {node_id!r} has no class_type")
        elif not isinstance(node.get("inputs"), dict):
            faults.append(f"node {label(graph, node_id)} has no inputs")
        else:
            faults += [
                f"node {label(graph, node_id)}: its input {key!r} is a link to node {value[0]!r}, which is not there"
                for key, value in node["inputs"].items()
                if is_link(value) and value[0] not in graph
            ]
    if not faults:
        links = {each: [v[0] for v in node["inputs"].values() if is_link(v)] for each, node in graph.items()}
        try:
            TopologicalSorter(links).prepare()
        except CycleError as error:
            faults.append(f"its links go round in a circle: {' - '.join(label(graph, each) for each in error.args[1])}")
    if faults:
        more = [f"{len(faults) - _MOST_TOLD} more"] if len(faults) > _MOST_TOLD else []
        raise TemplateError(
            f"Template {name!r}, workflow.json: {'; '.join(faults[:_MOST_TOLD] + more)}.", remedy=_EXPORT
        )
    return graph


def _is_node(node: object) -> bool:
    return isinstance(node, dict) and isinstance(node.get("class_type"), str)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _bindings(name: str, content: bytes) -> Bindings:
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise TemplateError(
            f"Template {name!r}: bindings.toml is no valid TOML: {error}.", remedy="Correct that line."
        ) from error
    try:
        return Bindings.model_validate(table)
    except ValidationError as error:
        raise TemplateError(
            f"Template {name!r}, bindings.toml: {'; '.join(_in_words(each) for each in error.errors())}.",
            remedy="Correct these in bindings.toml; the package's own templates show how they are written.",
        ) from error


def _in_words(wrong: ErrorDetails) -> str:
    # Behind the name of an input stands its type, which is in no file.
    steps = [step for at, step in enumerate(wrong["loc"]) if (wrong["loc"][0], at) != ("inputs", 2)]
    place = ".".join(str(step) for step in steps)
    if wrong["type"] == "missing":
        return f"there is no {place!r}"
    if wrong["type"] == "extra_forbidden":
        return f"{place!r} is an unknown key"
    return f"{place!r}: {wrong['msg'].removeprefix('Value error, ')}"


class _Match:
    """Bindings against a graph; what does not match is gathered in `faults`."""

    def __init__(self, graph: Graph) -> None:
        self.faults: list[str] = []
        self._graph = graph
        self._taken: dict[Place, str] = {}

    def places(self, key: str, parts: Sequence[Any]) -> Iterator[Place]:
        for part in parts:
            place = (self._node(f"inputs.{key}", part), part.input)
            if place[0] and self._is_free(f"inputs.{key}", place):
                self._taken[place] = f"inputs.{key}"
                yield place

    def output(self, key: str, part: NodePart) -> str:
        """The id of the output's node, or nothing."""
        found = self._node(f"outputs.{key}", part)
        return found if found and self._is_free(f"outputs.{key}", (found, PREFIX)) else ""

    def defaults(self, bindings: Bindings, places: Mapping[str, Sequence[Place]]) -> Iterator[tuple[str, Value]]:
        for key, part in bindings.inputs.items():
            if part.required or not places[key]:
                continue
            if part.default is not None:
                yield key, part.fitting(part.default)
                continue
            own = [self._graph[node_id]["inputs"][name] for node_id, name in places[key]]
            if any(each != own[0] for each in own):
                self.faults.append(f"inputs.{key}: its places hold different values, so that it needs a default")
                continue
            try:
                yield key, part.fitting(own[0])
            except ValueError as error:
                self.faults.append(f"inputs.{key}: the workflow's own value {error}; give a default")

    def _node(self, where: str, part: NodePart) -> str:
        same_class = [each for each, node in self._graph.items() if node["class_type"] == part.class_type]
        found = [each for each in same_class if not part.node or _title(self._graph[each]) == part.node]
        if len(found) == 1:
            return found[0]
        if found:
            which = ", ".join(found)
            self.faults.append(f"{where}: node {part} is {len(found)} nodes ({which}): titles must tell them apart")
        else:
            there = ", ".join(repr(_title(self._graph[each])) for each in same_class)
            self.faults.append(f"{where}: there is no node {part}" + (f"; of that class are {there}" if there else ""))
        return ""

    def _is_free(self, where: str, place: Place) -> bool:
        """Whether the node has that input, as a value that nothing else sets."""
        node_id, name = place
        inputs, node = self._graph[node_id]["inputs"], label(self._graph, node_id)
        if name not in inputs:
            self.faults.append(f"{where}: node {node} has no input {name!r} (it has {', '.join(inputs) or 'none'})")
        elif is_link(inputs[name]):
            self.faults.append(f"{where}: the input {name!r} of node {node} is a link, which takes no value")
        elif place in self._taken:
            self.faults.append(f"{where}: the input {name!r} of node {node} is filled by {self._taken[place]} already")
        else:
            return True
        return False
