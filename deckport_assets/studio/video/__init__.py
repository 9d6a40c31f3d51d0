"""The card's video: its art alive under the still frame, as a loop without a seam.

Which card gets a video, and videos that a service paints, belong to the assets.
"""

from deckport_assets.studio.video.encoding import MP4, THEORA, Format
from deckport_assets.studio.video.loop import FPS, SECONDS, SIZE_PX, VIDEO_VERSION, loop

__all__ = ["FPS", "MP4", "SECONDS", "SIZE_PX", "THEORA", "VIDEO_VERSION", "Format", "loop"]
