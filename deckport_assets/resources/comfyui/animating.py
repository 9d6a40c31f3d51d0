"""The moving card from ComfyUI: its artwork goes to the server, a clip comes back, the studio lays it under the frame.

Which server, and what is done when one fails, is `dispatch`'s; the craft of video is the studio's.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from deckport_assets.errors import TemplateError
from deckport_assets.models import Card
from deckport_assets.resources.comfyui.drawing import Painter, no_own_card
from deckport_assets.resources.providers import Animated, Occasion, Still

if TYPE_CHECKING:
    from deckport_assets.studio.workflows import Template
    from deckport_assets.studio.workflows.binding import Value
    from deckport_assets.studio.workflows.binding_parts import IntegerPart

FOLDER = "deckport"
"""Where on a server, below its input folder, the pictures lie that clips begin with."""
MOST_ART_WIDTH_PX = 2048
"""Wider artwork is made smaller before it is uploaded: clips are smaller still, and servers refuse 100 MB."""


class ComfyUIAnimator(Painter):
    """Has clips drawn, and makes loops of them."""

    def fitting(self) -> Template:
        """The template. Raises TemplateError when it makes no clip of a card's artwork with these values."""
        template = self.comfyui.template(self.template)
        fit_for_clips(template, self.values)
        return template

    def animate(self, card: Card, still: Still, *, attempt: int, occasion: Occasion) -> Animated:
        """A loop of the clip's own length and rate.

        Raises TemplateError for a workflow that makes no clip of a picture, BadImage for a clip that fits no card, and
        what `ComfyUI.draw` raises.
        """
        from deckport_assets.studio.encoding import open_layer, open_picture, png, shrink
        from deckport_assets.studio.prompts.motion import in_motion
        from deckport_assets.studio.video import (
            MP4,
            SIZE_PX,
            THEORA,
            clip_loop,
            has_no_seam,
            moves,
            read_clip,
            usable,
        )
        from deckport_assets.studio.workflows.binding import seed_for

        template = self.fitting()
        art = open_picture(still.art_png)
        sent = still.art_png if art.shape[1] <= MOST_ART_WIDTH_PX else png(shrink(art, MOST_ART_WIDTH_PX))
        # Its content is its name: it is the same on each server, and so is the job.
        name = f"{FOLDER}/{hashlib.sha256(sent).hexdigest()}.png"
        seed = seed_for("video", card.slug, template.name, attempt)
        offered: dict[str, Value] = {"image": name, "prompt": in_motion(still.prompt, still.motion), "seed": seed}
        offered |= clip_size(template, art.shape[1], art.shape[0])
        values = {key: value for key, value in offered.items() if key in template.bindings.inputs} | self.values
        told = {"card": card.slug, "sku": card.sku, "attempt": attempt, "template": template.name}
        result = self.comfyui.draw(
            template,
            values,
            partition=card.slug,
            occasion=occasion,
            told=told,
            opened=read_clip,
            uploads={name: sent},
        )
        clip = usable(next(iter(result.files.values())))
        occasion.progress(f"{card.slug}: a clip of {clip.seconds:.2f} s came; it is laid under the frame.")
        files = clip_loop(clip, open_layer(still.frame_png), still.opening, cancelled=occasion.cancelled)
        claims = {"has_no_seam": has_no_seam(clip.small), "moves": moves(clip.small)}
        return Animated(files[MP4.name], files[THEORA.name], *SIZE_PX, result.provenance, claims)


def fit_for_clips(template: Template, values: Mapping[str, Value]) -> None:
    """Raises TemplateError for a workflow that makes no clip of a picture, and for values that nobody may set."""
    from deckport_assets.studio.workflows import chosen

    if template.kind != "video" or "image" not in template.bindings.inputs:
        raise TemplateError(
            f"Template {template.name!r} makes no clip of a card's artwork.",
            remedy='DECKPORT_COMFYUI_TEMPLATE_VIDEO names a workflow of kind "video" with an input "image".',
        )
    no_own_card(values)
    chosen(template, values)


def clip_size(template: Template, width_px: int, height_px: int) -> dict[str, Value]:
    """The clip's width and height: as many pixels as the template's own, in the proportions of the art.

    Else the server would crop the art to the template's proportions, and the card's window would crop it once more.
    Nothing for a template that does not let both be chosen.
    """
    from deckport_assets.studio.workflows.binding_parts import IntegerPart

    sides = {"width": width_px, "height": height_px}
    parts = {key: part for key in sides if isinstance(part := template.bindings.inputs.get(key), IntegerPart)}
    own = [size for key in parts if isinstance(size := template.defaults.get(key), int)]
    if len(own) < len(sides):
        return {}
    scale = math.sqrt(math.prod(own) / math.prod(sides.values()))
    return {key: _nearest(part, sides[key] * scale) for key, part in parts.items()}


def _nearest(part: IntegerPart, length_px: float) -> int:
    """The length that the input takes which is nearest."""
    steps = round(length_px / part.multiple_of)
    if part.max is not None:
        steps = min(steps, part.max // part.multiple_of)
    if part.min is not None:
        steps = max(steps, -(-part.min // part.multiple_of))
    return max(1, steps) * part.multiple_of
