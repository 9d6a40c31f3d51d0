"""Filling in: only values that fit are taken, the same work has the same key, and a template stays as it is."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deckport_assets.errors import TemplateError
from deckport_assets.studio.workflows import SEEDS, Template, Value, bind, load_template, seed_for
from tests.studio.workflows.sample import write

LEAST: dict[str, Value] = {"prompt": "a fox", "seed": 7}

VALUES: dict[str, st.SearchStrategy[Value]] = {
    "prompt": st.text(max_size=40),
    "negative": st.text(max_size=100),
    "seed": st.integers(0, SEEDS - 1),
    "width": st.integers(8, 256).map(lambda eighth: eighth * 8),
    "cfg": st.integers(10, 200).map(lambda tenth: tenth / 10),
    "sampler": st.sampled_from(["euler", "dpmpp_2m"]),
}


@cache
def template() -> Template:
    with TemporaryDirectory() as folder:
        return load_template(write(Path(folder) / "mine"))


@pytest.mark.parametrize(
    ("values", "flaw"),
    [
        ({"promt": "x"}, "there is no input 'promt' (it takes prompt, negative, seed, width, cfg, sampler)"),
        ({"prompt": 5}, "input 'prompt' must be a text, not 5"),
        ({"prompt": "x" * 41}, "input 'prompt' must have at most 40 characters, not 41"),
        ({"prompt": "\ud83d"}, "input 'prompt' must be a text without half characters"),
        ({"seed": -1}, "input 'seed' must be an integer from 0 to 9007199254740991, not -1"),
        ({"seed": SEEDS}, "input 'seed' must be an integer from 0 to 9007199254740991"),
        ({"seed": "7"}, "input 'seed' must be an integer from 0 to 9007199254740991, not '7'"),
        ({"seed": True}, "input 'seed' must be an integer from 0 to 9007199254740991, not True"),
        ({"width": 512.0}, "input 'width' must be an integer, not 512.0"),
        ({"width": 56}, "input 'width' must be an integer from 64 to 2048 that is a multiple of 8, not 56"),
        ({"width": 4096}, "input 'width' must be an integer from 64 to 2048"),
        ({"width": 513}, "that is a multiple of 8, not 513"),
        ({"cfg": "7"}, "input 'cfg' must be a number, not '7'"),
        ({"cfg": float("nan")}, "input 'cfg' must be a number, not nan"),
        ({"cfg": 10**400}, "input 'cfg' must be a number"),
        ({"cfg": 0.5}, "input 'cfg' must be a number from 1.0 to 20.0 that is a multiple of 0.1, not 0.5"),
        ({"cfg": 7.05}, "that is a multiple of 0.1, not 7.05"),
        ({"sampler": "lms"}, "input 'sampler' must be one of 'euler', 'dpmpp_2m', not 'lms'"),
    ],
)
def test_a_value_that_does_not_fit_is_told(values: dict[str, Any], flaw: str) -> None:
    with pytest.raises(TemplateError) as caught:
        bind(template(), {**LEAST, **values})
    assert str(caught.value).startswith("Template 'mine': ") and flaw in str(caught.value)
    assert "mine/bindings.toml" in caught.value.remedy


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(TemplateError, match=r"'promt'.*'prompt' is missing: it must be a text.*'seed' is missing"):
        bind(template(), {"promt": "a fox"})


def test_a_picture_is_the_name_of_an_uploaded_file(tmp_path: Path) -> None:
    bindings = """
title = "Loop"
kind = "video"
version = "2"
[inputs.image]
type = "image"
at = [{ node = "", class = "LoadImage", input = "image" }]
required = true
[inputs.frames]
type = "choice"
at = [{ node = "", class = "Loop", input = "frames" }]
choices = [33, 49]
[outputs.video]
node = ""
class = "SaveVideo"
"""
    nodes = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "card.png"}},
        "2": {"class_type": "Loop", "inputs": {"image": ["1", 0], "frames": 49}},
        "3": {"class_type": "SaveVideo", "inputs": {"filename_prefix": "ComfyUI", "video": ["2", 0]}},
    }
    loop = load_template(write(tmp_path / "loop", nodes, bindings))
    job = bind(loop, {"image": "cards/fox.png"})
    assert job.values == {"image": "cards/fox.png", "frames": 49}
    assert job.graph("deckport/ab/loop")["3"]["inputs"]["filename_prefix"] == "deckport/ab/loop"
    with pytest.raises(TemplateError, match=r"'image' must be the name of an uploaded file.*one of 33, 49, not True"):
        bind(loop, {"image": " ", "frames": True})


def test_the_job_says_what_holds_for_every_input() -> None:
    job = bind(template(), {**LEAST, "cfg": 5})
    assert job.values == {
        "prompt": "a fox", "negative": "blurred", "seed": 7, "width": 512, "cfg": 5.0, "sampler": "euler"
    }  # fmt: skip
    graph = job.graph("deckport/ab/art")
    assert graph["9"]["inputs"] == {"filename_prefix": "deckport/ab/art", "images": ["8", 0]}
    assert (graph["5"]["inputs"]["width"], graph["5"]["inputs"]["height"]) == (512, 1024)
    assert (graph["3"]["inputs"]["seed"], graph["3"]["inputs"]["steps"]) == (7, 20)


def test_neither_template_nor_job_change_with_what_is_done_to_a_graph() -> None:
    before = copy.deepcopy(template().graph)
    job = bind(template(), LEAST)
    graph: Mapping[str, Any] = job.graph("a")
    graph["3"]["inputs"]["model"][0] = "77"
    graph["4"]["inputs"].clear()
    assert template().graph == before
    assert job.graph("b") == {
        **bind(template(), LEAST).graph("a"),
        "9": {**before["9"], "inputs": {"filename_prefix": "b", "images": ["8", 0]}},
    }


def test_the_key_leaves_out_titles_and_where_files_are_saved() -> None:
    key = bind(template(), LEAST).key
    assert len(key) == 32 and int(key, 16) >= 0
    graph = copy.deepcopy(dict(template().graph))
    graph["4"] = {**graph["4"], "_meta": {"title": "My checkpoint"}}
    graph["9"]["inputs"]["filename_prefix"] = "elsewhere"
    assert bind(dataclasses.replace(template(), graph=graph), LEAST).key == key
    graph["5"]["inputs"]["height"] = 1032
    assert bind(dataclasses.replace(template(), graph=graph), LEAST).key != key


def test_a_whole_number_is_the_same_work_however_it_is_written() -> None:
    assert bind(template(), {**LEAST, "cfg": 4}).key == bind(template(), {**LEAST, "cfg": 4.0}).key
    graph = copy.deepcopy(dict(template().graph))
    graph["3"]["inputs"]["denoise"] = 1.0
    assert bind(dataclasses.replace(template(), graph=graph), LEAST).key == bind(template(), LEAST).key


@given(st.data())
def test_the_key_does_not_depend_on_the_order_of_anything(data: st.DataObject) -> None:
    def shuffled(table: Mapping[str, Any]) -> dict[str, Any]:
        return {key: table[key] for key in data.draw(st.permutations(sorted(table)))}

    values: dict[str, Value] = {key: data.draw(strategy) for key, strategy in VALUES.items()}
    graph = {key: shuffled({**node, "inputs": shuffled(node["inputs"])}) for key, node in template().graph.items()}
    other = dataclasses.replace(template(), graph=shuffled(graph))
    assert bind(other, shuffled(values)).key == bind(template(), values).key


@given(st.sampled_from(sorted(VALUES)), st.data())
def test_the_key_changes_with_any_value(name: str, data: st.DataObject) -> None:
    values: dict[str, Value] = {key: data.draw(strategy) for key, strategy in VALUES.items()}
    other = data.draw(VALUES[name])
    assume(other != values[name])
    assert bind(template(), values).key != bind(template(), {**values, name: other}).key


def test_a_seed_is_the_same_for_the_same_picture_and_another_for_the_next_attempt() -> None:
    seeds = {seed_for("CRI-001", "card-art-flux", "a fox", attempt) for attempt in range(100)}
    assert len(seeds) == 100 and all(0 <= seed < SEEDS for seed in seeds)
    assert seed_for("CRI-001", "card-art-flux", "a fox", 0) == 2786452571887612
    assert seed_for("ab", "c") != seed_for("a", "bc")
