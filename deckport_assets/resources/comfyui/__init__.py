"""ComfyUI: one to four servers that draw pictures and clips, and that fail in many ways.

`server` is one server's HTTP (with `deadline`), `progress` its websocket, `execution` one job's life on one server,
`dispatch` many jobs over all of them, `drawing` and `animating` what the pipeline asks for: a card's picture, its loop.
"""

from deckport_assets.resources.comfyui.animating import ComfyUIAnimator
from deckport_assets.resources.comfyui.drawing import ComfyUI, ComfyUIArtist

__all__ = ["ComfyUI", "ComfyUIAnimator", "ComfyUIArtist"]
