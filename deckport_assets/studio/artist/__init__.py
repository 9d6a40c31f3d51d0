"""The embedded artist: procedural paintings for cards. Only `paint` is for others."""

from deckport_assets.studio.artist.painter import PAINTER_VERSION, SIZE_PX, paint

__all__ = ["PAINTER_VERSION", "SIZE_PX", "paint"]
