"""The workflows that we ship: each is read, filled in with the least, and complete for a server of core nodes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from deckport_assets.errors import TemplateError
from deckport_assets.studio.workflows import (
    PACKAGE_WORKFLOWS,
    Kind,
    Template,
    Value,
    bind,
    find_template,
    needs_of,
    unmet,
)
from deckport_assets.studio.workflows.template import is_link, label
from tests.studio.workflows.sample import object_info

LEAST: dict[str, Value] = {"prompt": "a fox", "seed": 7}
SHIPPED: dict[str, tuple[Kind, dict[str, Value], tuple[int, int]]] = {
    "card-art-flux": ("image", LEAST, (1200, 1744)),
    "card-art-sd": ("image", LEAST, (832, 1208)),
    "card-video-wan": ("video", {**LEAST, "image": "cards/fox.png"}, (640, 928)),
    "arena-image-flux": ("image", LEAST, (1792, 1024)),
    "arena-clip-wan": ("video", {**LEAST, "image": "arenas/forge.png"}, (896, 512)),
}


def shipped(name: str) -> Template:
    return find_template(name, (PACKAGE_WORKFLOWS,))


def test_these_are_all_that_we_ship() -> None:
    assert {path.name for path in PACKAGE_WORKFLOWS.iterdir()} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_filled_in_with_the_least(name: str) -> None:
    kind, least, size = SHIPPED[name]
    template = shipped(name)
    job = bind(template, least)
    assert template.kind == kind and list(template.outputs) == [kind]
    assert (job.values["width"], job.values["height"]) == size
    graph = job.graph("deckport/ab/it")
    assert all(graph[node]["inputs"]["filename_prefix"] == "deckport/ab/it" for node in job.outputs.values())
    with pytest.raises(TemplateError, match="'seed' is missing"):
        bind(template, {key: value for key, value in least.items() if key != "seed"})


@pytest.mark.parametrize("name", SHIPPED)
def test_a_server_of_core_nodes_with_the_models_lacks_nothing(name: str) -> None:
    _, least, _ = SHIPPED[name]
    template = shipped(name)
    assert unmet(template, object_info()) == ()
    assert unmet(dataclasses.replace(template, graph=bind(template, least).graph("x")), object_info()) == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_its_links_carry_what_their_inputs_take_and_its_values_are_of_their_type(name: str) -> None:
    info, (_, least, _) = object_info(), SHIPPED[name]
    graph = bind(shipped(name), least).graph("x")
    types: dict[str, Any] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool, "COMBO": str}
    for node_id, node in graph.items():
        groups = info[node["class_type"]]["input"]
        specs = {**groups["required"], **groups.get("optional", {})}
        assert node["inputs"].keys() <= specs.keys(), label(graph, node_id)
        for key, value in node["inputs"].items():
            taken, *options = specs[key]
            if is_link(value):
                given = info[graph[value[0]]["class_type"]]["output"][value[1]]
                assert given == taken, f"{label(graph, node_id)}: {key}"
            elif isinstance(taken, str):
                assert type(value) is types[taken], f"{label(graph, node_id)}: {key}"
                if taken in ("INT", "FLOAT"):
                    assert options[0]["min"] <= value <= options[0]["max"]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_node_has_a_title_of_its_own(name: str) -> None:
    titles = [node["_meta"]["title"] for node in shipped(name).graph.values()]
    assert all(titles) and len(set(titles)) == len(titles)


def test_every_model_can_be_given_another_name() -> None:
    models = ("unet_name", "clip_name", "clip_name1", "clip_name2", "vae_name", "ckpt_name")
    for name in SHIPPED:
        template = shipped(name)
        bound = {place for places in template.places.values() for place in places}
        there = {(node_id, key) for node_id, node in template.graph.items() for key in node["inputs"] if key in models}
        assert there and there <= bound


def test_the_card_loop_ends_on_the_art_that_it_begins_with_and_lasts_three_seconds() -> None:
    graph = bind(shipped("card-video-wan"), SHIPPED["card-video-wan"][1]).graph("x")
    inputs = {node["class_type"]: node["inputs"] for node in graph.values()}
    loop, kept = inputs["WanFirstLastFrameToVideo"], inputs["ImageFromBatch"]
    assert loop["start_image"] == loop["end_image"]
    assert loop["length"] == 49 and loop["length"] % 4 == 1
    assert kept["length"] == loop["length"] - 1 == 3 * inputs["CreateVideo"]["fps"]


def test_the_excerpt_has_what_the_templates_use_and_no_more() -> None:
    used = frozenset[str]().union(*(needs_of(shipped(name).graph) for name in SHIPPED))
    assert set(object_info()) == used
