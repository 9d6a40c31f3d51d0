"""What rendering a card costs, against the floor of decoding its art and encoding its composite.

    python -m benchmarks.render [--theme layers] [--cards 48]

Paints artwork for generated cards, renders them and prints one JSON object: CPU milliseconds a card by stage, ratios,
scaling with threads, storage and peak memory. Ratios are worth more than milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2

from benchmarks.make_catalog import write
from deckport_assets.catalog.cards import all_cards
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.models import Card
from deckport_assets.resources.studio import RenderedCard
from deckport_assets.studio.artist import paint
from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, layout, load_theme, render_card
from deckport_assets.studio.cards.compose import LOOKS_KEPT, _looks, _make_look, compose
from deckport_assets.studio.cards.theme import Theme
from deckport_assets.studio.encoding import open_picture, png
from tests.studio.cards.oracle import oracle

PASSES = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--theme", default="layers")
    parser.add_argument("--cards", type=int, default=48)
    given = parser.parse_args()
    cv2.setNumThreads(1)  # as in the pipeline: cards are made in threads of our own
    theme = load_theme(PACKAGE_THEMES / given.theme)
    cards = of_few_looks(some_cards(8 * given.cards), theme)[: given.cards]
    paintings = [png(paint(card, card.name, size_px=(1200, 1744))) for card in cards[:12]]
    art = [paintings[i % len(paintings)] for i in range(len(cards))]

    def card_from(i: int) -> bytes:
        return png(render_card(CardSpec.of(cards[i % len(cards)]), open_picture(art[i % len(art)]), theme).composite)

    for i in range(len(cards)):  # looks, fonts and kept letters are there in a pipeline that runs
        card_from(i)
    pixels = [open_picture(each) for each in paintings]
    lists = [layout(CardSpec.of(card), theme) for card in cards]
    rendered = [compose(lists[i], pixels[i % len(pixels)], theme) for i in range(min(12, len(cards)))]
    cost = {
        "decode art": cpu_ms(len(cards), lambda i: open_picture(art[i])),
        "lay out": cpu_ms(len(cards), lambda i: layout(CardSpec.of(cards[i]), theme)),
        "compose": cpu_ms(len(cards), lambda i: compose(lists[i], pixels[i % len(pixels)], theme)),
        "encode composite PNG": cpu_ms(len(cards), lambda i: png(rendered[i % len(rendered)].composite)),
        "art to composite PNG": cpu_ms(len(cards), card_from),
        "a look, when its first card comes": cpu_ms(min(8, len(cards)), lambda i: _make_look(lists[i], theme)),
        "all files of a card": cpu_ms(min(24, len(cards)), lambda i: files(cards[i], art[i], theme)),
    }
    floor = cost["decode art"] + cost["encode composite PNG"]
    incompressible = os.urandom(3_000_000)
    scaling = scaled(2 * len(cards), card_from)
    ceiling = scaled(2 * len(cards), lambda _: zlib.compress(incompressible, 1))
    sizes = files(cards[0], art[0], theme)
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    cost["the slow way (oracle)"] = cpu_ms(3, lambda i: oracle(lists[i], pixels[i % len(pixels)], theme))
    print(
        json.dumps(
            {
                "theme": given.theme,
                "cards": len(cards),
                "CPU ms a card": cost,
                "art to composite PNG / (decode + encode), goal 1.5": round(cost["art to composite PNG"] / floor, 2),
                "the same of neighbours whose looks come by for the first time": round(
                    first_time(art, theme) / floor, 2
                ),
                "oracle / compose": round(cost["the slow way (oracle)"] / cost["compose"], 1),
                "cards a second with 2 threads / with 1, goal 1.8": scaling,
                "the same of plain compression: what this machine gives": ceiling,
                "kB of one card by file": {name: round(size / 1000, 1) for name, size in sizes.items()},
                "peak memory MB, the benchmark's pictures in it": peak_mb,
            },
            indent=2,
        )
    )


def some_cards(count: int) -> list[Card]:
    """Generated cards, as the catalog would hold them."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/catalog.db")
        database.migrate()
        import_catalog(database, Path(folder), *write(Path(folder) / "source", count), retire=True)
        with database.reading() as connection:
            found = all_cards(connection)
        database.close()
    return found


def of_few_looks(cards: list[Card], theme: Theme) -> list[Card]:
    """The cards of as many looks as stay in memory: a catalog's neighbours have the same."""
    plates = {card.slug: layout(CardSpec.of(card), theme).plate for card in cards}
    kept = set(list(dict.fromkeys(plates.values()))[:LOOKS_KEPT])
    return [card for card in cards if plates[card.slug] in kept]


def first_time(art: list[bytes], theme: Theme) -> float:
    """CPU milliseconds a card, from art to PNG, of 265 cards in the order of a source: by category, then colour."""
    cards = sorted(some_cards(265), key=lambda card: (card.category, card.colour, card.rarity))
    _looks.forget()
    began = time.process_time()
    for i, card in enumerate(cards):
        png(render_card(CardSpec.of(card), open_picture(art[i % len(art)]), theme).composite)
    return (time.process_time() - began) / len(cards) * 1000


def files(card: Card, art: bytes, theme: Theme) -> dict[str, int]:
    """The bytes of every file that the pipeline publishes of a card."""
    rendered = RenderedCard(render_card(CardSpec.of(card), open_picture(art), theme))
    return {
        f"{asset} {variant}".strip(): len(file.data)
        for asset in ("composite", "frame", "thumbnail")
        for variant, file in rendered.files(asset).items()
    }


def cpu_ms(count: int, work: Callable[[int], object]) -> float:
    """CPU milliseconds of each, in the best of some passes (what disturbs only ever adds)."""
    spent_s = []
    for _ in range(PASSES):
        began = time.process_time()
        for i in range(count):
            work(i)
        spent_s.append(time.process_time() - began)
    return round(min(spent_s) / count * 1000, 1)


def scaled(count: int, work: Callable[[int], object]) -> float:
    """How many times as much two threads do as one, by the best of some passes that take turns."""
    rates = [[rate(threads, count, work) for threads in (1, 2)] for _ in range(PASSES)]
    return round(max(two for _, two in rates) / max(one for one, _ in rates), 2)


def rate(threads: int, count: int, work: Callable[[int], object]) -> float:
    """Cards a second."""
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(count)))
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
