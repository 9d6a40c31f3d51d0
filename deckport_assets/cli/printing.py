"""`deckport print`: finished cards onto sheets of paper, or as single files for a print service."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deckport_assets.catalog.cards import all_cards
from deckport_assets.catalog.database import Database, is_full_disk
from deckport_assets.catalog.line import code_versions, looks
from deckport_assets.catalog.recipes import COMPOSITE
from deckport_assets.catalog.standing import Standing
from deckport_assets.catalog.versions import Version
from deckport_assets.cli.producing import chosen_cards, progress_bar, selection_options
from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json
from deckport_assets.errors import BadDeck, BadImage, BadProfile, Damaged, Refused, WaitsForInput
from deckport_assets.media import MediaStore, whole_file
from deckport_assets.models import Card

if TYPE_CHECKING:
    from deckport_assets.studio.encoding import Pixels
    from deckport_assets.studio.print.colour import Profile
    from deckport_assets.studio.print.sheets import Printed
    from deckport_assets.studio.print.singles import Format

CARD_PX = (1500, 2100)
MOST_NAMED = 8
"""How many cards a remedy spells out; the rest is left to `produce` to find."""

file_to_read = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("print")
@selection_options
@click.option("--deck", type=file_to_read, help="The cards and copies of this list: lines as `3 Sky Voyager`.")
@click.option("--copies", type=click.IntRange(1, 999), help="How many of each card on the sheets; 1 when not said.")
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write sheets to this file.")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@click.option("--flip", type=click.Choice(["long", "short"]), default="long", show_default=True,
              help="The edge about which the printer turns the sheet.")  # fmt: skip
@click.option("--no-backs", is_flag=True, help="Only fronts.")
@click.option("--back", type=file_to_read, help="Another card back: PNG, JPEG or WebP, without bleed.")
@click.option("--singles", type=click.Path(file_okay=False, path_type=Path), help="Write a file per card there.")
@click.option("--format", "file_format", type=click.Choice(["png", "tiff"]), default="png", show_default=True,
              help="Of the single files.")  # fmt: skip
@click.option("--dpi", type=click.Choice(["300", "600"]), default="300", show_default=True, help="Of the single files.")
@click.option("--icc", type=file_to_read, help="The colour profile (RGB or CMYK) of the printer or the print service.")
@click.option("--skip-missing", is_flag=True, help="Print the others when some cards cannot be printed.")
@json_option
def print_(
    card: tuple[str, ...],
    card_set: str | None,
    colour: str | None,
    rarity: str | None,
    deck: Path | None,
    copies: int | None,
    pdf: Path | None,
    paper: str,
    flip: str,
    no_backs: bool,
    back: Path | None,
    singles: Path | None,
    file_format: str,
    dpi: str,
    icc: Path | None,
    skip_missing: bool,
    as_json: bool,
) -> None:
    """Print cards: sheets to cut with --pdf, single files for a print service with --singles, or both.

    CARD is a slug, a SKU or a name; without any, all cards are printed. Sheets carry 9 cards on A4 and 8 on Letter,
    with bleed and crop marks, and backs on every second page. Print them at 100 %, on both sides.

    \b
    Examples: deckport print --pdf cards.pdf
              deckport print --deck deck.txt --paper letter --pdf deck.pdf
              deckport print --colour azure --copies 3 --no-backs --pdf azure.pdf
              deckport print --singles to-print --format tiff --dpi 600 --icc press.icc
    """
    from deckport_assets.studio.print.geometry import PAPERS, Flip
    from deckport_assets.studio.print.sheets import write_sheets
    from deckport_assets.studio.print.singles import Format, require_room_for_colours

    if pdf is None and singles is None:
        raise Refused("Say what to write.", remedy="Add --pdf OUT.pdf for sheets, or --singles FOLDER, or both.")
    if deck and (card or card_set or colour or rarity or copies):
        raise Refused(
            "--deck says which cards and how many.", remedy="Leave out CARD, --set, --colour, --rarity and --copies."
        )
    if no_backs and back:
        raise Refused("--no-backs and --back contradict each other.", remedy="Leave one of them out.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end is as good as Ctrl-C: no half file stays
    profile = profile_of(icc) if icc else None
    if singles:
        require_room_for_colours(Format(file_format), profile)
    behind = None if no_backs or pdf is None else card_back(back)
    chosen = chosen_settings()
    store = MediaStore(chosen.media_location)
    with open_catalog() as database:
        if deck:
            wanted = cards_of_deck(database, deck)
        else:
            once = {c.slug: c for c in chosen_cards(database, card, card_set, colour, rarity)}
            wanted = [(c, copies or 1) for c in once.values()]
        if not wanted:
            raise Refused("There is no card to print.", remedy="Widen the selection, or import cards first.")
        found = find_composites(database, store, wanted, quiet=as_json)
    if found.unprintable:
        tell_unprintable(found, skip=skip_missing)
    printed: Printed | None = None
    written = Written()
    with progress_bar(len(found.orders), quiet=as_json, doing="printing") as show:
        pictures = opened(store, found.orders, show)
        if singles:
            pictures = beside_singles(pictures, singles, Format(file_format), int(dpi), profile, written)
        ready = ((picture, order.copies) for order, picture in pictures)
        if pdf is None:
            for _ in ready:
                pass
        else:
            with writing(pdf), whole_file(pdf) as file:
                printed = write_sheets(file, ready, PAPERS[paper], back=behind, flip=Flip(flip), profile=profile)
    say_printed(found, printed, written, pdf, singles, as_json=as_json)


@dataclass(frozen=True, slots=True)
class PrintOrder:
    """A card that can be printed, the file that it is printed from, and how many are wanted."""

    card: Card
    composite: Version
    copies: int
    stale: bool


@dataclass(frozen=True, slots=True)
class Composites:
    """What can be printed, and what cannot: never made, damaged, or of a size that is no card's, with why by slug."""

    orders: Sequence[PrintOrder]
    missing: Mapping[str, str]
    damaged: Mapping[str, str]
    odd: Mapping[str, str]

    @property
    def unprintable(self) -> dict[str, str]:
        """All that cannot be printed."""
        return {**self.missing, **self.damaged, **self.odd}

    @property
    def remedy(self) -> str:
        """The ways to have the rest made."""
        slugs = " ".join(self.missing) if len(self.missing) <= MOST_NAMED else ""
        ways = {
            f"deckport produce {slugs}".rstrip(): self.missing,
            "deckport verify --repair, then deckport retry": self.damaged,
            f"a theme of {CARD_PX[0]} x {CARD_PX[1]} pixels, then deckport produce --stale": self.odd,
        }
        return "; ".join(way for way, cards in ways.items() if cards)


@dataclass(slots=True)
class Written:
    """The single files so far."""

    files: int = 0
    bytes: int = 0


def cards_of_deck(database: Database, deck: Path) -> list[tuple[Card, int]]:
    """The deck's cards and how many of each. Raises BadDeck, naming every line that is wrong."""
    from deckport_assets.studio.print.deck import read_deck

    try:
        text = deck.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadDeck(f"{deck.name} is no UTF-8 text.", remedy="Save it as plain text in UTF-8.") from None
    with database.reading() as connection:
        cards = all_cards(connection)
    by_slug = {card.slug: card for card in cards}
    return [(by_slug[slug], copies) for slug, copies in read_deck(text, deck.name, cards).items()]


def profile_of(file: Path) -> Profile:
    """The colour profile. Raises BadProfile, naming the file."""
    from deckport_assets.studio.print.colour import read_profile

    try:
        return read_profile(file.read_bytes())
    except BadProfile as error:
        raise BadProfile(f"{file.name}: {error}", remedy=error.remedy) from None


def card_back(file: Path | None) -> Pixels:
    """The given back, or our own. Raises BadImage, naming the file, when it is no picture of a card's shape."""
    from deckport_assets.studio.cards.card_back import draw_card_back
    from deckport_assets.studio.encoding import open_picture
    from deckport_assets.studio.print.bleed import without_clear_corners

    if file is None:
        return draw_card_back(*CARD_PX, square=True)
    try:
        return without_clear_corners(open_picture(file.read_bytes(), keep_clear=True))
    except BadImage as error:
        raise BadImage(f"{file.name}: {error}", remedy=error.remedy) from None


def find_composites(
    database: Database, store: MediaStore, wanted: Sequence[tuple[Card, int]], *, quiet: bool
) -> Composites:
    """Look every card's composite up and read its file once, so that nothing is begun that cannot be finished."""
    with database.reading() as connection:
        found = looks(connection, [COMPOSITE], [card.slug for card, _ in wanted])
        versions_now = code_versions(connection)
    orders: list[PrintOrder] = []
    missing: dict[str, str] = {}
    damaged: dict[str, str] = {}
    odd: dict[str, str] = {}
    with progress_bar(len(wanted), quiet=quiet, doing="checking") as show:
        for count, (card, copies) in enumerate(wanted, start=1):
            composite = found[card.slug].version(COMPOSITE)
            stands = found[card.slug].standings([COMPOSITE], versions_now)[COMPOSITE]
            if composite is None:
                missing[card.slug] = "was never made"
            elif (composite.width_px, composite.height_px) != CARD_PX:
                odd[card.slug] = f"is {composite.width_px} x {composite.height_px} pixels"
            elif why := damage(store, composite):
                damaged[card.slug] = why
            else:
                orders.append(PrintOrder(card, composite, copies, stands in (Standing.STALE, Standing.FAILED)))
            show(len(orders), count - len(orders))
    return Composites(orders, missing, damaged, odd)


def damage(store: MediaStore, composite: Version) -> str:
    """What is wrong with a file, in words; nothing when it is whole."""
    try:
        store.read(composite.path, composite.sha256)
    except Damaged as error:
        return f"is damaged: {error}"
    return ""


def tell_unprintable(found: Composites, *, skip: bool) -> None:
    """List what cannot be printed. Raises WaitsForInput or Damaged unless it is to be skipped and others are left."""
    unprintable = found.unprintable
    for slug, why in unprintable.items():
        click.secho(f"{slug}: its composite {why}", fg="yellow", err=True)
    if skip and found.orders:
        return
    kind = Damaged if found.damaged else WaitsForInput
    total = len(unprintable) + len(found.orders)
    raise kind(
        f"{len(unprintable)} of {total} cards cannot be printed: {', '.join(unprintable)}. Nothing was printed.",
        remedy=found.remedy if skip else f"{found.remedy} (or print the others with --skip-missing)",
    )


def opened(
    store: MediaStore, orders: Iterable[PrintOrder], show: Callable[[int, int], None]
) -> Iterator[tuple[PrintOrder, Pixels]]:
    """Each card's picture, one at a time. Raises Damaged when a file was lost since it was checked."""
    from deckport_assets.studio.encoding import open_picture

    for count, order in enumerate(orders, start=1):
        data = store.read(order.composite.path, order.composite.sha256)
        yield order, open_picture(data, keep_clear=True)
        show(count, 0)


def beside_singles(
    pictures: Iterable[tuple[PrintOrder, Pixels]],
    folder: Path,
    file_format: Format,
    dpi: int,
    profile: Profile | None,
    written: Written,
) -> Iterator[tuple[PrintOrder, Pixels]]:
    """Write each picture as a file of its own, and hand it on."""
    from deckport_assets.studio.print.singles import single

    for order, picture in pictures:
        data = single(picture, file_format, dpi, profile)
        target = folder / f"{order.card.sku}-{order.card.slug}.{file_format}"
        with writing(target), whole_file(target) as file:
            file.write(data)
        written.files += 1
        written.bytes += len(data)
        yield order, picture


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Raises Refused for a place that cannot be written to. A full disk is told as everywhere."""
    try:
        yield
    except OSError as error:
        if error.filename is None or is_full_disk(error):
            raise
        raise Refused(
            f"{target} cannot be written: {error.strerror} ({error.filename}).",
            remedy="Name a place that you may write to.",
        ) from None


def say_printed(
    found: Composites,
    printed: Printed | None,
    written: Written,
    pdf: Path | None,
    singles: Path | None,
    *,
    as_json: bool,
) -> None:
    """Say what was printed, and what of it is not what it could be."""
    drafts = sum(order.composite.draft for order in found.orders)
    stale = sum(order.stale for order in found.orders)
    size = written.bytes + (printed.bytes if printed else 0)
    if as_json:
        say_json(
            {
                "cards": len(found.orders),
                "copies": printed.copies if printed else 0,
                "sheets": printed.sheets if printed else 0,
                "pages": printed.pages if printed else 0,
                "singles": written.files,
                "bytes": size,
                "drafts": drafts,
                "stale": stale,
                "missing": list(found.unprintable),
                "pdf": str(pdf) if pdf else None,
                "folder": str(singles) if singles else None,
            }
        )
        return
    if printed:
        click.echo(
            f"{pdf}: {printed.copies} cards ({printed.cards} different) on {printed.sheets} sheets, "
            f"{printed.pages} pages, {printed.bytes / 1_000_000:.1f} MB."
        )
    if singles:
        click.echo(f"{singles}: {written.files} files, {written.bytes / 1_000_000:.1f} MB.")
    if drafts:
        click.echo(f"{drafts} of the {len(found.orders)} cards are drafts, made from an embedded provider's picture.")
    if stale:
        click.echo(f"{stale} are stale, printed as they were last made: deckport produce --stale makes them anew.")
    if found.unprintable:
        click.echo(f"{len(found.unprintable)} were left out, listed above.")
