"""The finished cards of a home on one picture, as the README shows the demo set.

DECKPORT_HOME=var python -m benchmarks.contact_sheet docs/pictures/demo.webp [--columns 8]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from deckport_assets.catalog.cards import all_cards
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.line import looks
from deckport_assets.catalog.recipes import THUMBNAIL
from deckport_assets.media import MediaStore
from deckport_assets.settings import settings
from deckport_assets.studio.encoding import open_picture, webp

CARD_PX = (200, 280)


def main() -> None:
    """Read the thumbnails in the catalog's order and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--columns", type=int, default=8)
    given = parser.parse_args()
    chosen = settings()
    database, store = Database(chosen.catalog_url), MediaStore(chosen.media_location)
    with database.reading() as connection:
        cards = all_cards(connection)
        found = looks(connection, [THUMBNAIL], [card.slug for card in cards])
    pictures = []
    for card in cards:
        version = found[card.slug].made[THUMBNAIL]["small"]
        picture = open_picture(store.read(version.path, version.sha256))
        pictures.append(cv2.resize(picture, CARD_PX, interpolation=cv2.INTER_AREA))
    blank = np.zeros_like(pictures[0])
    pictures += [blank] * (-len(pictures) % given.columns)
    rows = [np.hstack(pictures[at : at + given.columns]) for at in range(0, len(pictures), given.columns)]
    given.out.write_bytes(webp(np.vstack(rows), quality=84))


if __name__ == "__main__":
    main()
