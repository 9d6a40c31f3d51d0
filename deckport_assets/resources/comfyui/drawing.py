"""What the pipeline asks of ComfyUI: a template filled in and drawn, and the picture of a card.

A plain class and no Dagster resource with fields: Dagster shows those in its pages, and addresses may hold passwords.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from deckport_assets.catalog.database import Database
from deckport_assets.errors import TemplateError
from deckport_assets.models import PAINTED_FACTS, Card
from deckport_assets.resources.comfyui.dispatch import Dispatch, Errand, refuse_what_none_can
from deckport_assets.resources.comfyui.execution import Outcome, Patience
from deckport_assets.resources.comfyui.server import Server
from deckport_assets.resources.providers import Drawn, Occasion, Provenance

if TYPE_CHECKING:
    from deckport_assets.studio.workflows import Template
    from deckport_assets.studio.workflows.binding import Value

CARD_PX = 1200, 1744
"""The size at which artwork fills a card's window at 600 dpi."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of `draw`: what is in each output's file, as `opened` gave it, and how it was made."""

    files: Mapping[str, Any]
    provenance: Provenance


class ComfyUI:
    """The servers, as one: `draw` a template. Its `repr` shows no password."""

    def __init__(
        self,
        addresses: Sequence[str],
        catalog_url: str,
        *,
        in_flight: int = 2,
        workflows: Sequence[Path] = (),
        patience: Patience | None = None,
        wait_s: float = 900,
    ) -> None:
        self.servers = [Server(address) for address in addresses]
        self.in_flight = in_flight
        self.workflows = tuple(workflows)
        self.patience = patience or Patience()
        self.wait_s = wait_s
        self._catalog_url = SecretStr(catalog_url)

    def __repr__(self) -> str:
        return f"ComfyUI({', '.join(server.name for server in self.servers)})"

    @property
    def at_once(self) -> int:
        """How many jobs are worth holding: what the servers take, and one each that is fetched and put away."""
        return len(self.servers) * (self.in_flight + 1)

    @cached_property
    def database(self) -> Database:
        """Where circuits and slots are."""
        return Database(self._catalog_url.get_secret_value())

    @cached_property
    def dispatch(self) -> Dispatch:
        """Who sends each job to a server."""
        return Dispatch(self.servers, self.database, most=self.in_flight, patience=self.patience, wait_s=self.wait_s)

    def template(self, name: str) -> Template:
        """A workflow with its bindings: a producer's own, else the package's. Raises TemplateError."""
        from deckport_assets.studio.workflows import find_template
        from deckport_assets.studio.workflows.template import PACKAGE_WORKFLOWS

        return find_template(name, [*self.workflows, PACKAGE_WORKFLOWS])

    def draw(
        self,
        template: Template,
        values: Mapping[str, Value],
        *,
        partition: str,
        occasion: Occasion,
        told: Mapping[str, Any],
        opened: Callable[[bytes], Any],
        uploads: Mapping[str, bytes] | None = None,
    ) -> Result:
        """Have a template drawn with these values.

        `opened` gives what is in a file, and raises BadImage for one that cannot be opened to its end. `told` is
        written into the file on the server, for who finds it there. `uploads` are the pictures that the values name,
        by these names. Raises what the table of errors in docs/operators.md says; which of them is worth another try
        is the error's own word.
        """
        from deckport_assets.studio.workflows import bind

        job = bind(template, values)
        errand = Errand(
            partition,
            occasion.run_id,
            occasion.priority,
            told,
            occasion.progress,
            occasion.cancelled,
            opened,
            uploads or {},
        )
        outcome = self.dispatch.draw(job, errand)
        seed = next((v for k, v in job.values.items() if k == "seed" and isinstance(v, int)), None)
        provenance = Provenance(
            "comfyui",
            _models(job.values) or template.title,
            draft=False,
            seed=seed,
            workflow=f"{template.name} {template.version}",
            workflow_sha256=template.sha256,
            more=_more(job.key, outcome),
        )
        return Result(outcome.files, provenance)


class Painter(ABC):
    """Works with one template of ComfyUI; `values` hold for everything it makes (a checkpoint, a size)."""

    def __init__(self, comfyui: ComfyUI, template: str, values: Mapping[str, Value] | None = None) -> None:
        self.comfyui = comfyui
        self.template = template
        self.values = dict(values or {})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.comfyui!r}, {self.template!r})"

    @property
    def at_once(self) -> int:
        """As many as the servers take, and one each that is fetched and put away."""
        return self.comfyui.at_once

    @property
    def real(self) -> bool:
        """Yes: what it makes is no draft."""
        return True

    def ready(self) -> list[str]:
        """Raises TemplateError for a workflow or values that fit no card, and what `refuse_what_none_can` raises."""
        silent, able = refuse_what_none_can(self.comfyui.servers, self.fitting(), self.values)
        if not able:
            told = f"No ComfyUI that can draw this answers now; one is waited for up to {self.comfyui.wait_s:.0f} s."
            return [f"{told} {' '.join(silent)}"]
        return [f"{words} {'The other goes' if able == 1 else 'The others go'} on without it." for words in silent]

    @abstractmethod
    def fitting(self) -> Template:
        """The template. Raises TemplateError when it or the values are not fit for the work."""


class ComfyUIArtist(Painter):
    """Draws the pictures of cards."""

    def fitting(self) -> Template:
        """The template. Raises TemplateError when it draws no picture of a card with these values."""
        template = self.comfyui.template(self.template)
        fit_for_artwork(template, self.values)
        return template

    def draw(self, card: Card, prompt: str, *, negative: str, attempt: int, occasion: Occasion) -> Drawn:
        """The card's picture."""
        from deckport_assets.studio.encoding import open_picture, png, preview
        from deckport_assets.studio.workflows.binding import seed_for

        template = self.fitting()
        seed = seed_for(*card.facts(PAINTED_FACTS).values(), template.name, prompt, attempt)
        offered: dict[str, Value] = {
            "prompt": prompt, "negative": negative, "seed": seed, "width": CARD_PX[0], "height": CARD_PX[1]
        }  # fmt: skip
        values = {name: value for name, value in offered.items() if name in template.bindings.inputs} | self.values
        told = {"card": card.slug, "sku": card.sku, "attempt": attempt, "template": template.name}
        result = self.comfyui.draw(
            template, values, partition=card.slug, occasion=occasion, told=told, opened=open_picture
        )
        pixels = next(iter(result.files.values()))
        # Encoded anew: the server writes the whole workflow into its file, and nothing of that is published.
        return Drawn(png(pixels), pixels, preview(pixels), result.provenance)


OURS = ("prompt", "seed", "image")
"""Inputs that belong to the card, and cannot be set for every picture."""


def fit_for_artwork(template: Template, values: Mapping[str, Value]) -> None:
    """Raises TemplateError for a workflow that draws no picture of a card, and for values that nobody may set."""
    from deckport_assets.studio.workflows import chosen

    missing = [name for name in ("prompt", "seed") if name not in template.bindings.inputs]
    if template.kind != "image" or missing:
        lacks = f"it has no input {' and no input '.join(missing)}" if missing else f"it makes a {template.kind}"
        raise TemplateError(
            f"Template {template.name!r} draws no picture of a card: {lacks}.",
            remedy='DECKPORT_COMFYUI_TEMPLATE_ART names a workflow of kind "image" with inputs "prompt" and "seed".',
        )
    no_own_card(values)
    chosen(template, values)


def no_own_card(values: Mapping[str, Value]) -> None:
    """Raises TemplateError when one of OURS is among the values for every picture: all would be the same."""
    if taken := [name for name in OURS if name in values]:
        raise TemplateError(
            f"{', '.join(taken)} cannot be set for every picture: that comes from the card.",
            remedy="Take it out of DECKPORT_COMFYUI_VALUES_ART or DECKPORT_COMFYUI_VALUES_VIDEO.",
        )


def _models(values: Mapping[str, Value]) -> str:
    """The model files that were used, as the bindings name them."""
    files = (".safetensors", ".sft", ".ckpt", ".pt", ".gguf")
    return ", ".join(str(value) for value in values.values() if str(value).endswith(files))


def _more(key: str, outcome: Outcome) -> dict[str, Any]:
    return {
        "job": key,
        "server": outcome.server,
        **outcome.runs_on,
        "ticket": outcome.ticket,
        "found_on_the_server": outcome.found,
        "cached_nodes": outcome.cached_nodes,
        "drawn_s": outcome.drawn_s,
        "waited_s": outcome.waited_s,
    }
