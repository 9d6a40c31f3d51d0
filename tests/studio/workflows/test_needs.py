"""Before anything is sent: what a server lacks is told with the node's title and class, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deckport_assets.studio.workflows import PACKAGE_WORKFLOWS, Lack, find_template, load_template, needs_of, unmet
from tests.studio.workflows.sample import BINDINGS, graph, object_info, write


@pytest.fixture
def info() -> dict[str, Any]:
    return object_info()


def lacks(
    tmp_path: Path, info: dict[str, Any], workflow: dict[str, Any] | None = None, bindings: str = BINDINGS
) -> tuple[Lack, ...]:
    found = unmet(load_template(write(tmp_path / "mine", workflow, bindings)), info)
    assert all(each.remedy and each.node in each.message for each in found)
    return found


def without(name: str) -> str:
    """The bindings without one of the inputs."""
    before, after = BINDINGS.split(f"[inputs.{name}]", 1)
    return before + "[" + after.split("\n[", 1)[1]


def test_a_server_that_has_everything_lacks_nothing(tmp_path: Path, info: dict[str, Any]) -> None:
    assert lacks(tmp_path, info) == ()
    assert "KSampler" in needs_of(graph()) and len(needs_of(graph())) == 6


def test_a_missing_class_is_told_for_every_node_of_it(tmp_path: Path, info: dict[str, Any]) -> None:
    del info["CLIPTextEncode"]
    found = lacks(tmp_path, info)
    assert [(each.kind, each.node) for each in found] == [
        ("node", "'Prompt' (CLIPTextEncode)"),
        ("node", "'Negative' (CLIPTextEncode)"),
    ]
    assert found[0].message == "Node 'Prompt' (CLIPTextEncode): this server has no node class 'CLIPTextEncode'."


@pytest.mark.parametrize("there", [[], ["tiny-sd15.ckpt"]])
@pytest.mark.parametrize("shape", ["old", "v3"])
def test_a_missing_model_is_told_with_those_there(
    tmp_path: Path, info: dict[str, Any], there: list[str], shape: str
) -> None:
    required = info["CheckpointLoaderSimple"]["input"]["required"]
    required["ckpt_name"] = [there] if shape == "old" else ["COMBO", {"options": there}]
    (found,) = lacks(tmp_path, info)
    assert (found.kind, found.node) == ("model", "'Checkpoint' (CheckpointLoaderSimple)")
    assert f"which has {there[0]!r}" in found.message if there else "which has none" in found.message
    assert "ckpt_name 'sd_xl_base_1.0.safetensors' is not on this server" in found.message


@pytest.mark.parametrize("spec", [[["normal", "simple"]], ["COMBO", {"options": ["normal", "simple"]}]])
def test_a_choice_that_the_server_has_not_is_told(tmp_path: Path, info: dict[str, Any], spec: list[Any]) -> None:
    info["KSampler"]["input"]["required"]["scheduler"] = spec
    (found,) = lacks(tmp_path, info)
    assert found.kind == "choice"
    assert found.message == (
        "Node 'Sampler' (KSampler): scheduler 'karras' is not on this server, which has 'normal', 'simple'."
    )


def test_a_bound_choice_can_be_given_another_value(tmp_path: Path, info: dict[str, Any]) -> None:
    info["KSampler"]["input"]["required"]["sampler_name"] = [[f"sampler {i}" for i in range(30)]]
    (found,) = lacks(tmp_path, info)
    assert "or give 'sampler' another value" in found.remedy and "22 more" in found.message


def test_a_model_that_is_not_asked_for_is_no_lack(tmp_path: Path, info: dict[str, Any]) -> None:
    info["UNETLoader"]["input"]["required"]["unet_name"] = [["flux1-dev-fp8.safetensors"]]
    flux = find_template("card-art-flux", (PACKAGE_WORKFLOWS,))
    (found,) = unmet(flux, info)
    assert "or give 'unet' another value" in found.remedy
    assert unmet(flux, info, {"unet": "flux1-dev-fp8.safetensors"}) == ()
    (found,) = unmet(flux, info, {"unet": "schnell.safetensors"})
    assert "'schnell.safetensors' is not on this server" in found.message


def test_an_input_that_a_newer_server_requires_is_told(tmp_path: Path, info: dict[str, Any]) -> None:
    info["VAEDecode"]["input"]["required"]["tiling"] = ["BOOLEAN", {"default": False}]
    (found,) = lacks(tmp_path, info)
    assert found.kind == "input"
    assert found.message == "Node 'Decode' (VAEDecode): it has no 'tiling', which this server requires."
    del info["VAEDecode"]["input"]["required"]["tiling"]
    info["VAEDecode"]["input"]["optional"] = {"tiling": ["BOOLEAN", {"default": False}]}
    assert lacks(tmp_path, info) == ()


def test_inputs_that_grow_are_given_by_their_parts(tmp_path: Path, info: dict[str, Any]) -> None:
    info["SaveImage"]["input"]["required"]["images"] = ["COMFY_AUTOGROW_V3", {"template": {}}]
    workflow = graph()
    workflow["9"]["inputs"] = {"filename_prefix": "ComfyUI", "images.image0": ["8", 0]}
    assert lacks(tmp_path, info, workflow) == ()


def test_a_seed_that_no_binding_fills_in_is_told(tmp_path: Path, info: dict[str, Any]) -> None:
    (found,) = lacks(tmp_path, info, bindings=without("seed"))
    assert (found.kind, found.node) == ("seed", "'Sampler' (KSampler)")
    assert "no binding fills its seed 'seed' in" in found.message


def test_a_seed_that_the_editor_knows_by_name_only_is_told_too(tmp_path: Path, info: dict[str, Any]) -> None:
    del info["KSampler"]["input"]["required"]["seed"][1]["control_after_generate"]
    (found,) = lacks(tmp_path, info, bindings=without("seed"))
    assert found.kind == "seed"


def test_a_seed_may_come_from_another_node_that_a_binding_fills_in(tmp_path: Path, info: dict[str, Any]) -> None:
    counted = {"default": 0, "min": -(2**63), "max": 2**63, "control_after_generate": True}
    info["PrimitiveInt"] = {"input": {"required": {"value": ["INT", counted]}}, "output_node": False}
    workflow = graph()
    workflow["1"] = {"class_type": "PrimitiveInt", "inputs": {"value": 5}, "_meta": {"title": "Seed"}}
    workflow["3"]["inputs"]["seed"] = ["1", 0]
    bound = BINDINGS.replace('node = "", class = "KSampler", input = "seed"', 'node = "Seed", class = "PrimitiveInt", '
                             'input = "value"')  # fmt: skip
    assert lacks(tmp_path, info, workflow, bound) == ()
    (found,) = lacks(tmp_path, info, workflow, without("seed"))
    assert "at node 'Seed' (PrimitiveInt)" in found.remedy


def test_a_picture_is_bound_or_there(tmp_path: Path, info: dict[str, Any]) -> None:
    workflow = graph()
    workflow["1"] = {"class_type": "LoadImage", "inputs": {"image": "fox.png"}, "_meta": {"title": "Fox"}}
    workflow["2"] = {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["1", 0]}}
    (found,) = lacks(tmp_path, info, workflow)
    assert (found.kind, found.node) == ("choice", "'Fox' (LoadImage)") and "uploaded" in found.remedy
    place = 'type = "image"\nat = [{ node = "", class = "LoadImage", input = "image" }]\n'
    bound = BINDINGS.replace("[outputs.image]", f"[inputs.art]\n{place}[outputs.image]")
    assert lacks(tmp_path, info, workflow, bound) == ()
    workflow["1"]["inputs"]["image"] = "cards/fox.png"
    assert lacks(tmp_path, info, workflow) == ()


def test_only_the_class_of_a_node_that_is_not_run_matters(tmp_path: Path, info: dict[str, Any]) -> None:
    workflow = graph()
    workflow["1"] = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "left_over.safetensors"}}
    assert lacks(tmp_path, info, workflow) == ()
    workflow["1"]["class_type"] = "SomebodysLoader"
    assert [each.kind for each in lacks(tmp_path, info, workflow)] == ["node"]


def test_an_output_that_saves_nothing_is_told(tmp_path: Path, info: dict[str, Any]) -> None:
    info["SaveImage"]["output_node"] = False
    (found,) = lacks(tmp_path, info)
    assert found.kind == "node" and "saves nothing on this server" in found.message


@pytest.mark.parametrize("odd", [None, [], {"input": None}, {"input": {"required": {"text": "STRING", "clip": []}}}])
def test_odd_answers_of_a_server_are_no_crash(tmp_path: Path, info: dict[str, Any], odd: object) -> None:
    info["CLIPTextEncode"] = odd
    assert {each.kind for each in lacks(tmp_path, info)} <= {"node"}
