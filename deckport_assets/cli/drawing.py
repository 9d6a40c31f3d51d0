"""`deckport comfyui check`: how each server is doing, and what each lacks for our workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json
from deckport_assets.errors import DeckportError, Refused, TemplateError

if TYPE_CHECKING:
    from deckport_assets.catalog.services import Circuit
    from deckport_assets.resources.comfyui import ComfyUI
    from deckport_assets.resources.comfyui.server import Server
    from deckport_assets.settings import Settings
    from deckport_assets.studio.workflows import Lack, Template, Value


@click.group()
def comfyui() -> None:
    """Look after the servers that draw.

    \b
    Example: deckport comfyui check
    """


@dataclass(frozen=True, slots=True)
class Checked:
    """One server: what it says of itself, how it moves, and what it lacks for each workflow."""

    server: str
    problem: str = ""
    version: str = ""
    device: str = ""
    running: int = 0
    waiting: int = 0
    circuit: str = "closed"
    lacks: Mapping[str, Sequence[Lack]] | None = None

    def can(self, template: str) -> bool:
        """Whether it has all that a workflow needs."""
        return self.lacks is not None and not self.lacks[template]

    @property
    def moves(self) -> bool:
        """Whether its worker is alive, as far as the queue says: jobs wait only while one runs."""
        return not self.problem and (self.running > 0 or self.waiting == 0)


@comfyui.command()
@click.option("--all", "every", is_flag=True, help="Look at every workflow, not only at those in use.")
@json_option
@click.pass_context
def check(context: click.Context, every: bool, as_json: bool) -> None:
    """Say of each server its version, device and queue, whether its worker moves, and what it lacks for each workflow:
    nodes, models by name, choices, seeds that no binding fills in. Exits with 0 when at least one can draw artwork.

    \b
    Example: deckport comfyui check --all
    """
    chosen = chosen_settings()
    from deckport_assets.catalog.services import circuits
    from deckport_assets.definitions import comfyui as configured
    from deckport_assets.resources.comfyui.dispatch import service_of
    from deckport_assets.studio.workflows.template import PACKAGE_WORKFLOWS

    if not chosen.comfyui_servers:
        raise Refused(
            "No ComfyUI is configured: pictures are drafts of the embedded artist.",
            remedy="DECKPORT_COMFYUI_SERVERS=http://127.0.0.1:8188 deckport comfyui check",
        )
    named = {chosen.comfyui_template_art, chosen.comfyui_template_video}
    if every:
        folders = (chosen.home / "workflows", PACKAGE_WORKFLOWS)
        named |= {path.parent.name for folder in folders for path in folder.glob("*/workflow.json")}
    servers = configured(chosen)
    templates, broken = _sound(servers, chosen, sorted(named))
    with open_catalog() as database, database.reading() as connection:
        states = circuits(connection)
    values = {chosen.comfyui_template_art: chosen.comfyui_values_art}
    values |= {chosen.comfyui_template_video: chosen.comfyui_values_video}
    found = [_checked(server, templates, values, states.get(service_of(server))) for server in servers.servers]
    able = {t.name: [each.server for each in found if each.can(t.name)] for t in templates}
    if as_json:
        servers_told = [asdict(each) | {"moves": each.moves} for each in found]
        say_json({"servers": servers_told, "able": able, "broken": broken})
    else:
        for each in found:
            _say(each)
        for name, on in able.items():
            click.secho(f"{name}: {', '.join(on) or 'no server can do it'}", fg="green" if on else "yellow")
        for name, why in broken.items():
            click.secho(f"{name}: {why}", fg="red")
    artwork = chosen.comfyui_template_art
    can_be_drawn = artwork in able and any(each.moves and each.can(artwork) for each in found)
    context.exit(0 if can_be_drawn else 1)


def _sound(servers: ComfyUI, chosen: Settings, names: Sequence[str]) -> tuple[list[Template], dict[str, str]]:
    """The workflows that can be used, and of the others why they cannot; those in use are held against their values."""
    from deckport_assets.resources.comfyui.animating import fit_for_clips
    from deckport_assets.resources.comfyui.drawing import fit_for_artwork

    sound: list[Template] = []
    broken: dict[str, str] = {}
    for name in names:
        try:
            template = servers.template(name)
            if name == chosen.comfyui_template_art:
                fit_for_artwork(template, chosen.comfyui_values_art)
            if name == chosen.comfyui_template_video:
                fit_for_clips(template, chosen.comfyui_values_video)
        except TemplateError as error:
            broken[name] = f"{error} {error.remedy}"
        else:
            sound.append(template)
    return sound, broken


def _checked(
    server: Server,
    templates: Sequence[Template],
    values: Mapping[str, Mapping[str, Value]],
    circuit: Circuit | None,
) -> Checked:
    from deckport_assets.studio.workflows import unmet

    state = f"{circuit.state}: {circuit.cause}" if circuit and circuit.cause else "closed"
    try:
        told: dict[str, Any] = server.system_stats()
        queue, info = server.queue(), server.object_info()
    except DeckportError as error:
        return Checked(server.name, str(error), circuit=state)
    system, devices = told.get("system") or {}, told.get("devices") or [{}]
    memory = f", {devices[0]['vram_free'] / 1e9:.0f} GB free" if devices[0].get("vram_free") else ""
    return Checked(
        server.name,
        version=str(system.get("comfyui_version", "?")),
        device=f"{devices[0].get('name', '?')}{memory}",
        running=len(queue.running),
        waiting=len(queue.pending),
        circuit=state,
        lacks={t.name: unmet(t, info, values.get(t.name)) for t in templates},
    )


def _say(each: Checked) -> None:
    if each.problem:
        click.secho(f"{each.server}: {each.problem}", fg="red")
        return
    click.echo(
        f"{each.server}: ComfyUI {each.version} on {each.device}; {each.running} running, {each.waiting} waiting"
    )
    if not each.moves:
        click.secho("  Its worker does not move: jobs wait and none runs. Start it again.", fg="red")
    if each.circuit != "closed":
        click.secho(f"  It is left alone: {each.circuit}", fg="yellow")
    for name, lacks in (each.lacks or {}).items():
        for lack in lacks:
            click.secho(f"  {name}: {lack.message}", fg="yellow")
            if lack.kind != "model":
                click.secho(f"    {lack.remedy}", fg="yellow")
    if any(lack.kind == "model" for lacks in (each.lacks or {}).values() for lack in lacks):
        click.secho("  Put the files into its models folder, or name others: DECKPORT_COMFYUI_VALUES_ART, _VIDEO.")
