"""The card's video: its art alive under the still frame, as a loop without a seam.

Which card gets a video, and who draws clips, belong to the assets and the resources.
"""

from deckport_assets.studio.video.clip import clip_loop, has_no_seam, moves, open_clip, read_clip, usable
from deckport_assets.studio.video.encoding import MP4, THEORA, Format
from deckport_assets.studio.video.loop import FPS, SECONDS, SIZE_PX, VIDEO_VERSION, loop

__all__ = [
    "FPS", "MP4", "SECONDS", "SIZE_PX", "THEORA", "VIDEO_VERSION", "Format", "clip_loop", "has_no_seam",
    "loop", "moves", "open_clip", "read_clip", "usable",
]  # fmt: skip
