"""The media store as a Dagster resource. The store itself is `deckport_assets.media`."""

from functools import cached_property
from typing import Any

import dagster as dg
from pydantic import Field

from deckport_assets.media import MediaStore


class Media(dg.ConfigurableResource[Any]):
    """The folder or bucket that media lie in."""

    location: str = Field(description="A folder, or s3://bucket/prefix.")

    @cached_property
    def store(self) -> MediaStore:
        """The store, ready to use."""
        return MediaStore(self.location)
