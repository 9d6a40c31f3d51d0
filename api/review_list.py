"""The review page's contents: what waits for a person's word, with what was found and the two commands. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from api.documents import MediaFile
from api.records import CardRecord
from api.wording import short_asset
from deckport_assets.catalog.recipes import ARTWORK, THUMBNAIL
from deckport_assets.catalog.reviewing import findings
from deckport_assets.catalog.standing import Standing
from deckport_assets.catalog.versions import Version

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """One version that waits, with its card."""

    record: CardRecord
    version: Version

    @property
    def file(self) -> MediaFile:
        """What is judged."""
        return MediaFile.of(self.version)

    @property
    def shown(self) -> MediaFile | None:
        """The card that it is in, small; itself when the card shows another or none, and nothing of a video."""
        if self.record.stands[THUMBNAIL] is Standing.FRESH:
            return self.record.files.get((THUMBNAIL, "normal"))
        return self.file if self.file.media_type.startswith("image/") else None

    @property
    def findings(self) -> list[str]:
        """What the check found, as sentences."""
        return findings(self.version)

    def command(self, verdict: str) -> str:
        """What a person types to approve or reject the very file that is shown."""
        asset = "" if self.version.asset == ARTWORK else f" --asset {short_asset(self.version.asset)}"
        return f"deckport review {self.version.partition}{asset} --{verdict} --seen {self.version.sha256[:12]}"


def review_list(records: Iterable[CardRecord]) -> list[Waiting]:
    """All that waits, in the catalog's order."""
    return [Waiting(record, version) for record in records for version in record.waiting]
