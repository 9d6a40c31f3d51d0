"""Do two cards of a catalog get pictures that look alike? The nearest pairs by perceptual hash, and a sheet of them.

    python -m benchmarks.likeness [--cards 2600 | --source GAMEPLAY.csv ART.csv] [--width 300] [--sheet pairs.webp]

Paints a catalog with the embedded artist (a generated one, if no other is named) and compares every pair by the hash of
`studio.likeness`. Exits with 1 when a pair is not more than 4 bits apart.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.make_catalog import write
from deckport_assets.catalog.cards import all_cards
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.line import looks
from deckport_assets.catalog.recipes import ARTWORK, PROMPT
from deckport_assets.models import Card
from deckport_assets.studio.artist import SIZE_PX, paint
from deckport_assets.studio.encoding import webp
from deckport_assets.studio.likeness import ALIKE_BITS, hash_bits
from deckport_assets.studio.prompts import write as written

SHOWN = 8


def main() -> None:
    """Paint, compare, print one JSON object, write the sheet of the nearest pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=int, default=2600)
    parser.add_argument("--source", type=Path, nargs=2)
    parser.add_argument("--width", type=int, default=300)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--sheet", type=Path)
    given = parser.parse_args()
    asked = [(card, prompt, given.width) for card, prompt in cards_and_prompts(given.cards, given.source)]
    with ProcessPoolExecutor(given.processes) as pool:
        painted = list(pool.map(painting, asked, chunksize=8))
    signs = np.array([2.0 * hash_bits(pixels) - 1 for pixels, _ in painted], np.float32)
    apart = np.rint((64 - signs @ signs.T) / 2).astype(np.int32)
    first, second = np.triu_indices(len(asked), 1)
    distances = apart[first, second]
    nearest = np.argsort(distances, kind="stable")[:SHOWN]
    print(
        json.dumps(
            {
                "cards": len(asked),
                "pairs": len(distances),
                "nearest bits, goal more than 4": int(distances.min()),
                "pairs by bits": {bits: int((distances == bits).sum()) for bits in range(13)},
                "nearest pairs": [f"{asked[first[at]][0].slug} {asked[second[at]][0].slug}" for at in nearest],
                "CPU ms a picture": round(1000 * sum(spent_s for _, spent_s in painted) / len(painted)),
            },
            indent=2,
        )
    )
    if given.sheet:
        rows = [np.hstack([painted[first[at]][0], painted[second[at]][0]]) for at in nearest]
        given.sheet.write_bytes(
            webp(np.vstack([np.hstack(rows[: SHOWN // 2]), np.hstack(rows[SHOWN // 2 :])]), quality=80)
        )
    sys.exit(int(distances.min()) <= ALIKE_BITS)


def cards_and_prompts(count: int, source: list[Path] | None) -> list[tuple[Card, str]]:
    """The cards, each with the prompt that it would be painted from."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/catalog.db")
        database.migrate()
        gameplay, art = source or write(Path(folder) / "source", count)
        import_catalog(database, Path(folder), gameplay, art, retire=True)
        with database.reading() as connection:
            cards = all_cards(connection)
            found = looks(connection, [PROMPT, ARTWORK], [card.slug for card in cards])
        database.close()
    counting = {slug: look.prompt for slug, look in found.items()}
    return [(card, prompt.text if (prompt := counting[card.slug]) else written(card).text) for card in cards]


def painting(asked: tuple[Card, str, int]) -> tuple[NDArray[np.uint8], float]:
    """The picture, and the CPU seconds that it took."""
    card, prompt, width_px = asked
    cv2.setNumThreads(1)
    began = time.process_time()
    pixels = paint(card, prompt, size_px=(width_px, round(width_px * SIZE_PX[1] / SIZE_PX[0])))
    return pixels, time.process_time() - began


if __name__ == "__main__":
    main()
