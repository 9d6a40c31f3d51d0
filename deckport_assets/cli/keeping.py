"""`deckport failures`, `retry`, `verify`, `gc`, `rollback`, `adopt`: keeping what was made true and in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deckport_assets.catalog.cards import find_card
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.journal import Journal, list_failures, person_holds
from deckport_assets.catalog.recipes import ASSETS, UNASKED
from deckport_assets.cli.producing import named_assets, produce
from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json
from deckport_assets.errors import BadImage, Refused

if TYPE_CHECKING:
    import dagster as dg


AT_WORK = "Wait for its end, or stop it in Dagster: what it makes would come after what you say."


@contextmanager
def held(database: Database, instance: dg.DagsterInstance, asset: str, slugs: Sequence[str]) -> Iterator[set[str]]:
    """Keep runs from making an asset of these cards while a person changes it; gives those that no run is at."""
    from deckport_assets.instance.launcher import is_over

    journal = Journal(database, person_holds())
    try:
        yield journal.claim([asset], slugs, is_over(instance))
    finally:
        journal.release()


@click.command()
@click.option("--asset", help="Only this asset, as artwork.")
@json_option
def failures(asset: str | None, as_json: bool) -> None:
    """List what could not be made: its cause, since when, how often tried, and what to do.

    \b
    Example: deckport failures --asset artwork
    """
    only = named_assets(asset)[0] if asset else None
    chosen = chosen_settings()
    with open_catalog() as database, database.reading() as connection:
        found = list_failures(connection, asset=only)
    if as_json:
        rows = [asdict(f) | {"first_at": f.first_at.isoformat(), "last_at": f.last_at.isoformat()} for f in found]
        say_json({"failures": rows})
        return
    for failure in found:
        at_night = failure.retryable and chosen.makes_unasked(failure.asset)
        again = "tried again at night" if at_night else "waits for a person"
        click.secho(f"{failure.asset} {failure.partition}  {failure.kind}", fg="red")
        click.echo(f"    {failure.cause}")
        click.echo(f"    {failure.remedy}")
        times = f"{failure.attempts} time{'s' if failure.attempts > 1 else ''}"
        click.secho(f"    {times} since {failure.first_at:%Y-%m-%d %H:%M} UTC, {again}", dim=True)
    click.echo(f"{len(found)} failed." if found else "Nothing has failed.")


@click.command()
@click.argument("card", nargs=-1)
@click.option("--asset", help="Only this asset, as artwork.")
@click.option("--yes", is_flag=True, help="Do not ask before something that costs.")
@json_option
@click.pass_context
def retry(context: click.Context, card: tuple[str, ...], asset: str | None, yes: bool, as_json: bool) -> None:
    """Try again what has failed, whatever its cause, and what waited for it.

    \b
    Example: deckport retry --asset composite clockwork-moth
    """
    context.invoke(produce, card=card, select="failed", assets=asset or _failed_assets(), yes=yes, as_json=as_json)


def _failed_assets() -> str:
    """Every asset that something has failed of, and those that are made without being named."""
    with open_catalog() as database, database.reading() as connection:
        found = {failure.asset for failure in list_failures(connection)}
    return ",".join(asset for asset in ASSETS if asset in found or asset in UNASKED)


@click.command()
@click.option("--repair", is_flag=True, help="Put missing and damaged files on the list of failures, to be made again.")
@json_option
@click.pass_context
def verify(context: click.Context, repair: bool, as_json: bool) -> None:
    """Read every current file again and compare it with the catalog; find files that no row knows.

    \b
    Example: deckport verify --repair
    """
    from deckport_assets.catalog.upkeep import verify_media
    from deckport_assets.media import MediaStore

    store = MediaStore(chosen_settings().media_location)
    with open_catalog() as database:
        found = verify_media(database, store, repair=repair)
    if as_json:
        say_json(found.counts())
    else:
        for word, paths in (("missing", found.missing), ("damaged", found.damaged), ("orphan", found.orphans)):
            for path in paths:
                click.secho(f"{word}  {path}", fg="yellow" if word == "orphan" else "red", err=True)
        counts = found.counts()
        click.echo(", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
        if found.missing or found.damaged:
            click.echo("Listed as failed: deckport retry" if repair else "To have them made again: verify --repair")
        if found.orphans:
            click.echo("Orphans are left by kills and do no harm: deckport gc removes them.")
    context.exit(1 if found.missing or found.damaged else 0)


@click.command()
@click.option(
    "--keep",
    default=3,
    type=click.IntRange(min=0),
    show_default=True,
    help="Versions of each asset that stay for rollback.",
)
@click.option(
    "--older-than-h",
    default=24.0,
    type=click.FloatRange(min=0),
    show_default=True,
    help="Leave orphans that are younger, in hours.",
)
@click.option("--yes", is_flag=True, help="Remove them; without it they are only listed.")
@json_option
def gc(keep: int, older_than_h: float, yes: bool, as_json: bool) -> None:
    """Remove old versions and files that no row knows. Without --yes it only says what it would remove.

    The current version of everything stays, and the KEEP latest versions beside it. It removes nothing while a run is
    making cards.

    \b
    Example: deckport gc --keep 2 --yes
    """
    from deckport_assets.catalog.upkeep import collect_garbage
    from deckport_assets.instance.home import open_instance, prepare
    from deckport_assets.instance.launcher import is_over
    from deckport_assets.media import MediaStore

    chosen = chosen_settings()
    prepare(chosen)
    store, older_than_s = MediaStore(chosen.media_location), older_than_h * 3600
    with open_catalog() as database, open_instance(chosen) as instance:
        collected = collect_garbage(
            database, store, keep=keep, older_than_s=older_than_s, remove=yes, is_over=is_over(instance)
        )
    if as_json:
        say_json(asdict(collected))
        return
    verb = "Removed" if yes else "Would remove"
    click.echo(
        f"{verb} {collected.versions} old versions and {collected.orphans} orphans, "
        f"{collected.bytes / 1_000_000:.1f} MB."
    )
    if not yes and collected.bytes:
        click.echo("To remove them: deckport gc --yes")


@click.command()
@click.argument("asset")
@click.argument("card")
@click.option("--to", "sha256", default="", help="The version to go back to, by the start of its sha256.")
@json_option
def rollback(asset: str, card: str, sha256: str, as_json: bool) -> None:
    """Make an older version of an asset the current one again. What is rendered from it follows.

    Nothing is deleted: rolling back to the newer one brings it back.

    \b
    Example: deckport rollback artwork clockwork-moth
    """
    chosen = chosen_settings()  # first: what is wrong with a setting is told in two lines
    from deckport_assets.assets.catalog import tell_of_version
    from deckport_assets.catalog.journal import forgive
    from deckport_assets.catalog.upkeep import is_whole
    from deckport_assets.catalog.versions import roll_back
    from deckport_assets.definitions import build, live
    from deckport_assets.instance.home import open_instance, prepare
    from deckport_assets.media import MediaStore
    from deckport_assets.production import check_again

    prepare(chosen)
    name = named_assets(asset)[0]
    with open_catalog() as database, open_instance(chosen) as instance:
        with database.reading() as connection:
            found = find_card(connection, card)
        if found is None:
            raise Refused(f"There is no card {card!r}.", remedy="Use its slug, SKU or exact name.")
        with held(database, instance, name, [found.slug]) as got:
            if not got:
                raise Refused(f"A run is making {name} of {found.name} right now.", remedy=AT_WORK)
            with database.writing() as connection:
                store = MediaStore(chosen.media_location)
                versions = roll_back(connection, name, found.slug, sha256, is_whole=lambda v: is_whole(store, v))
                forgive(connection, name, found.slug)
            tell_of_version(instance, database, name, found.slug)
            check_again(instance, build(live(chosen), chosen), name, [found.slug])
    if as_json:
        say_json({"asset": name, "card": found.slug, "sha256": versions[0].sha256, "files": len(versions)})
        return
    click.echo(f"{name} of {found.name} is {versions[-1].path} again.")
    click.echo("What is made from it is stale now: deckport produce --stale (or Dagster does it by itself).")


@click.command()
@click.argument("card")
@click.argument("picture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", default="", help="Who made it, for its provenance.")
@json_option
def adopt(card: str, picture: Path, by: str, as_json: bool) -> None:
    """Take a picture that a person made as a card's artwork (PNG, JPEG, WebP or TIFF).

    What the card's window shows of it needs at least 1200 pixels across.

    What is wider than the card's window is cropped at both sides, what is taller more below than above. The older
    artwork stays for rollback. No machine
    replaces the picture unasked.

    \b
    Example: deckport adopt clockwork-moth moth.png --by "Ada Okoro"
    """
    from deckport_assets.assets.card_craft import adopt_artwork
    from deckport_assets.assets.card_line import Bench, CardLine
    from deckport_assets.assets.catalog import tell_of_version
    from deckport_assets.catalog.line import looks
    from deckport_assets.catalog.recipes import ARTWORK
    from deckport_assets.catalog.standing import Order
    from deckport_assets.cli.theming import studio_of
    from deckport_assets.instance.home import open_instance, prepare
    from deckport_assets.instance.launcher import is_over
    from deckport_assets.media import MediaStore

    chosen = chosen_settings()
    prepare(chosen)
    with open_catalog() as database, open_instance(chosen) as instance:
        with database.reading() as connection:
            found = find_card(connection, card)
            if found is None:
                raise Refused(f"There is no card {card!r}.", remedy="Use its slug, SKU or exact name.")
            look = looks(connection, [ARTWORK], [found.slug])[found.slug]
        line = CardLine(database, MediaStore(chosen.media_location), person_holds(), Order(), {}, _nothing)
        bench = Bench(line, look, click.echo, lambda: False)
        if not line.journal.claim([ARTWORK], [found.slug], is_over(instance)):
            raise Refused(f"A run is drawing {found.name} right now.", remedy="Stop it, or wait for its end.")
        try:
            adopt_artwork(bench, picture.read_bytes(), by=by, studio=studio_of(chosen))
            line.journal.accept([ARTWORK], found.slug, bench.made[ARTWORK].files)
        except BadImage as error:
            raise BadImage(f"{picture.name}: {error}", remedy=error.remedy) from None
        finally:
            line.journal.release()
        tell_of_version(instance, database, ARTWORK, found.slug)
    version, remarks = bench.made[ARTWORK].files[0], bench.made[ARTWORK].remarks
    if as_json:
        told = {"card": found.slug, "sha256": version.sha256, "width_px": version.width_px, "path": version.path}
        say_json(told | {"remarks": list(remarks)})
        return
    click.echo(f"{found.name} has the artwork {version.path}.")
    for remark in remarks:
        click.secho(remark, fg="yellow")
    click.echo("Its composite and thumbnails are stale now: deckport produce --stale (or Dagster does it by itself).")


def _nothing(*_: object) -> None:
    """What a line makes that only takes what is handed in."""
