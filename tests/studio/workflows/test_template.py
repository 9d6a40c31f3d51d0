"""A producer drops a folder in: it is found, read and matched, and whatever is wrong in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from deckport_assets.errors import TemplateError
from deckport_assets.studio.workflows import PACKAGE_WORKFLOWS, bind, find_template, load_template
from tests.studio.workflows.sample import BINDINGS, graph, write


def told(folder: Path) -> str:
    with pytest.raises(TemplateError) as caught:
        load_template(folder)
    assert caught.value.remedy
    return str(caught.value)


def test_a_producers_own_workflow_wins_over_the_packages_and_is_bound_without_code(tmp_path: Path) -> None:
    write(tmp_path / "card-art-sd")
    template = find_template("card-art-sd", (tmp_path, PACKAGE_WORKFLOWS))
    assert (template.name, template.title, template.kind, template.version) == ("card-art-sd", "Mine", "image", "1")
    assert template.outputs == {"image": "9"}
    assert bind(template, {"prompt": "a fox", "seed": 7}).graph("x")["6"]["inputs"]["text"] == "a fox"


def test_the_packages_template_is_found_where_the_producer_has_none(tmp_path: Path) -> None:
    assert find_template("card-art-sd", (tmp_path, PACKAGE_WORKFLOWS)).title != "Mine"


@pytest.mark.parametrize("name", ["card-art", "../card-art-sd", "", "card-art-sd/"])
def test_a_name_that_no_template_has_is_told_with_those_there(tmp_path: Path, name: str) -> None:
    write(tmp_path / "mine")
    with pytest.raises(TemplateError, match=r"there are: .*card-art-sd.*, mine"):
        find_template(name, (tmp_path, tmp_path / "nowhere", PACKAGE_WORKFLOWS))


def test_a_broken_template_of_the_producer_is_told_and_not_passed_over(tmp_path: Path) -> None:
    (write(tmp_path / "card-art-sd") / "bindings.toml").unlink()
    with pytest.raises(TemplateError, match=r"'card-art-sd' has no readable bindings.toml"):
        find_template("card-art-sd", (tmp_path, PACKAGE_WORKFLOWS))


def test_the_template_is_another_one_when_either_file_changes(tmp_path: Path) -> None:
    first = load_template(write(tmp_path / "a"))
    assert load_template(write(tmp_path / "b")).sha256 == first.sha256
    other = {**graph(), "5": {**graph()["5"], "inputs": {"width": 512, "height": 512, "batch_size": 1}}}
    assert load_template(write(tmp_path / "b", other)).sha256 != first.sha256
    assert load_template(write(tmp_path / "b", bindings=BINDINGS + "# more")).sha256 != first.sha256


def test_files_may_begin_as_windows_editors_write_them(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine")
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_template(folder).title == "Mine"


def test_what_the_editor_saves_is_answered_with_how_to_export(tmp_path: Path) -> None:
    editor = {"last_node_id": 9, "last_link_id": 9, "nodes": [{"id": 9, "type": "SaveImage"}], "links": []}
    with pytest.raises(TemplateError, match="format of ComfyUI's editor") as caught:
        load_template(write(tmp_path / "mine", editor))
    assert caught.value.remedy == "In ComfyUI choose Workflow > Export (API) and save that file."


def test_a_missing_workflow_is_told(tmp_path: Path) -> None:
    (write(tmp_path / "mine") / "workflow.json").unlink()
    assert told(tmp_path / "mine") == "Template 'mine' has no readable workflow.json: No such file or directory."


@pytest.mark.parametrize(
    ("workflow", "flaw"),
    [
        ("{", "workflow.json is no valid JSON"),
        ("[" * 100_000, "workflow.json is no valid JSON"),
        ('{"1": {"class_type": "A", "inputs": {"x": NaN}}}', "NaN is no number of JSON"),
        ("[]", "workflow.json has no nodes"),
        ('{"prompt": {"1": {}}}', "node 'prompt' has no class_type"),
        ('{"1": {"class_type": "SaveImage"}}', "node 1 (SaveImage) has no inputs"),
        (" " * 5_000_001, "workflow.json is larger than 5 MB"),
    ],
)
def test_a_workflow_that_is_none_is_told(tmp_path: Path, workflow: str, flaw: str) -> None:
    assert flaw in told(write(tmp_path / "mine", workflow))


def test_links_must_lead_somewhere(tmp_path: Path) -> None:
    workflow = graph()
    workflow["8"]["inputs"]["vae"] = ["44", 0]
    flaw = "Template 'mine', workflow.json: node 'Decode' (VAEDecode): its input 'vae' is a link to node '44', which is"
    assert flaw in told(write(tmp_path / "mine", workflow))


def test_links_must_not_go_round(tmp_path: Path) -> None:
    workflow = graph()
    workflow["5"]["inputs"]["batch_size"] = ["8", 0]
    assert "go round in a circle" in told(write(tmp_path / "mine", workflow))


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (("title =", "titel ="), "'titel' is an unknown key"),
        (('title = "Mine"', ""), "there is no 'title'"),
        (('kind = "image"', 'kind = "song"'), "'kind': Input should be 'image' or 'video'"),
        (("max_length", "max_lenght"), "'inputs.prompt.max_lenght' is an unknown key"),
        (('type = "seed"', 'type = "dice"'), "'inputs.seed'"),
        (
            ("default = 512", "default = 500"),
            "'inputs.width': its default must be an integer from 64 to 2048 that is a",
        ),
        (("default = 512", "default = true"), "its default must be an integer, not True"),
        (("default = 512", "default = 512\nrequired = true"), "has a default and is required"),
        (('["euler", "dpmpp_2m"]', "[]"), "'inputs.sampler.choices'"),
        (("[outputs.image]", "[output.image]"), "there is no 'outputs'; 'output' is an unknown key"),
        (('"Prompt", class', '"Promt", class'), "no node 'Promt' (CLIPTextEncode); of that class are 'Prompt', 'Neg"),
        (('"Latent", class = "EmptyLatentImage"', '"Latent", class = "Latent"'), "there is no node 'Latent' (Latent)"),
        (('"Prompt", class', '"", class'), "inputs.prompt: node (CLIPTextEncode) is 2 nodes (6, 7)"),
        (('"text"', '"texts"'), "'inputs.prompt'"),
        (
            ('input = "width"', 'input = "wide"'),
            "'Latent' (EmptyLatentImage) has no input 'wide' (it has width, height",
        ),
        (('input = "seed"', 'input = "model"'), "the input 'model' of node 'Sampler' (KSampler) is a link"),
        (('input = "seed"', 'input = "cfg"'), "is filled by inputs.seed already"),
        (("\nmin = 1\nmax = 20", "\nmin = 8\nmax = 20"), "inputs.cfg: the workflow's own value must be a number from"),
        (('node = "Save"', 'node = "Sav"'), "outputs.image: there is no node 'Sav' (SaveImage); of that class are 'Sa"),
        (('node = "Save"\nclass = "SaveImage"', 'node = ""\nclass = "VAEDecode"'), "has no input 'filename_prefix'"),
        (('version = "1"', "version ="), "bindings.toml is no valid TOML"),
    ],
)
def test_bindings_that_do_not_fit_are_told(tmp_path: Path, change: tuple[str, str], flaw: str) -> None:
    assert change[0] in BINDINGS
    assert flaw in told(write(tmp_path / "mine", bindings=BINDINGS.replace(*change)))


def test_all_that_is_wrong_in_the_bindings_is_told_at_once(tmp_path: Path) -> None:
    bindings = BINDINGS.replace('"Prompt", class', '"Promt", class').replace('"width"', '"wide"')
    flaws = told(write(tmp_path / "mine", bindings=bindings.replace('node = "Save"', 'node = "Sav"')))
    assert all(each in flaws for each in ("inputs.prompt", "inputs.width", "outputs.image"))


def test_without_a_default_the_workflows_own_value_holds(tmp_path: Path) -> None:
    template = load_template(write(tmp_path / "mine"))
    assert template.defaults == {"negative": "blurred", "width": 512, "cfg": 7.0, "sampler": "euler"}


def test_places_with_different_values_need_a_default(tmp_path: Path) -> None:
    workflow = graph()
    workflow["5"]["inputs"]["height"] = 768
    height = '{ node = "Latent", class = "EmptyLatentImage", input = "height" }'
    both = BINDINGS.replace('input = "width" }]', f'input = "width" }}, {height}]')
    template = load_template(write(tmp_path / "mine", workflow, both))
    assert template.places["width"] == (("5", "width"), ("5", "height"))
    flaws = told(write(tmp_path / "mine", workflow, both.replace("default = 512\n", "")))
    assert "inputs.width: its places hold different values, so that it needs a default" in flaws
