"""`deckport review`: what waits for a person's word, and saying it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence

import click

from deckport_assets.catalog.cards import cards_by_slug
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.recipes import ASSETS, RECIPES, UNASKED
from deckport_assets.catalog.reviewing import findings, judge, waiting_versions
from deckport_assets.catalog.versions import Review, Version
from deckport_assets.cli.keeping import AT_WORK, held
from deckport_assets.cli.producing import chosen_cards, moment_of, named_assets
from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json
from deckport_assets.errors import Refused

MOST_NAMED = 5
"""More cards than these are not named again in the command that makes others."""

_SAID = {Review.APPROVED: "approved", Review.REJECTED: "rejected", Review.NONE: "as it was before anybody judged it"}


@click.command()
@click.argument("card", nargs=-1)
@click.option("--approve", is_flag=True, help="It is good as it is.")
@click.option("--reject", is_flag=True, help="Another one is to be made.")
@click.option("--undo", is_flag=True, help="Take a word back.")
@click.option("--asset", default="artwork", show_default=True, help="Which asset of the card: artwork or video.")
@click.option("--all", "every", is_flag=True, help="With --approve or --reject: all that wait, of every asset.")
@click.option("--until", help="With --all: what was made until that moment. The page of the catalog says it.")
@click.option("--seen", default="", help="The start of the sha256 that was looked at; refused when it is another now.")
@click.option("--by", default="", help="Who says so; you, when nobody is named.")
@json_option
@click.pass_context
def review(
    context: click.Context,
    card: tuple[str, ...],
    approve: bool,
    reject: bool,
    undo: bool,
    asset: str,
    every: bool,
    until: str | None,
    seen: str,
    by: str,
    as_json: bool,
) -> None:
    """List the pictures that wait for a person's word, or say it.

    A picture or video of a real provider whose check found something waits: blank, noise, too small, like another
    card's. It goes into its card all the same. What is rejected is made anew by the next deckport produce, as another
    attempt; any picture can be rejected, flagged or not.

    \b
    Examples: deckport review
              deckport review clockwork-moth --approve
              deckport review clockwork-moth --reject
              deckport review clockwork-moth --undo
    """
    said = what_is_said(approve=approve, reject=reject, undo=undo)
    if said is None:
        if card or every:
            raise Refused("Say what you think of it.", remedy="Add --approve, --reject or --undo.")
        with open_catalog() as database:
            list_waiting(database, as_json=as_json)
        return
    chosen = chosen_settings()  # first: what is wrong with a setting is told in two lines
    from deckport_assets.definitions import build, live
    from deckport_assets.instance.home import open_instance, prepare
    from deckport_assets.production import check_again

    prepare(chosen)
    with open_catalog() as database:
        wanted = those_meant(database, card, asset, every=every, until=until, said=said)
        if seen and len(wanted) > 1:
            raise Refused("--seen is the sha256 of one file.", remedy="Name one card.")
        judged: list[Version] = []
        at_work: list[str] = []
        with open_instance(chosen) as instance:
            definitions = build(live(chosen), chosen)
            for each in sorted({a for a, _ in wanted}):
                slugs = [slug for a, slug in wanted if a == each]
                with held(database, instance, each, slugs) as free:
                    with database.writing() as connection:
                        who = by or who_is_here()
                        mine = [slug for slug in slugs if slug in free]
                        judged += [judge(connection, each, slug, said, who, seen_sha256=seen) for slug in mine]
                    check_again(instance, definitions, each, mine)
                at_work += [f"{each} of {slug}" for slug in slugs if slug not in free]
    if at_work and not judged:
        raise Refused(f"A run is making {', '.join(at_work)} right now.", remedy=AT_WORK)
    tell(judged, said, as_json=as_json)
    if at_work:
        click.secho(f"Not judged, a run is making them right now: {', '.join(at_work)}. {AT_WORK}", fg="red", err=True)
        context.exit(1)


def what_is_said(*, approve: bool, reject: bool, undo: bool) -> Review | None:
    """The one word that was said, or None. Raises Refused for two."""
    said = [
        word for word, meant in ((Review.APPROVED, approve), (Review.REJECTED, reject), (Review.NONE, undo)) if meant
    ]
    if len(said) > 1:
        raise Refused("--approve, --reject and --undo contradict each other.", remedy="Say one of them.")
    return said[0] if said else None


def those_meant(
    database: Database, words: Sequence[str], asset: str, *, every: bool, until: str | None, said: Review
) -> list[tuple[str, str]]:
    """The (asset, slug) that are to be judged. Raises Refused when that is not said clearly."""
    if until and not every:
        raise Refused("--until belongs to --all.", remedy="--seen is for one picture.")
    if every:
        if words or said is Review.NONE:
            raise Refused("--all means what waits: it goes with --approve or --reject alone.", remedy="Name the cards.")
        latest = moment_of("--until", until) if until else None
        with database.reading() as connection:
            return [
                (version.asset, version.partition)
                for version in waiting_versions(connection)
                if latest is None or (version.created_at is not None and version.created_at <= latest)
            ]
    if not words:
        raise Refused("Of which card?", remedy="Name cards, or say --all for all that wait.")
    reviewed = [name for name in ASSETS if RECIPES[name].reviewed]
    names = named_assets(asset)
    if any(name not in reviewed for name in names):
        known = " or ".join(name.split("/")[1] for name in reviewed)
        raise Refused(f"{asset} is not reviewed: it is rendered, or text.", remedy=f"Use --asset {known}.")
    return [(name, found.slug) for found in chosen_cards(database, words, None, None, None) for name in names]


def list_waiting(database: Database, *, as_json: bool) -> None:
    """Say what waits, why, and what can be done about it."""
    with database.reading() as connection:
        found = waiting_versions(connection)
        names = {slug: card.name for slug, card in cards_by_slug(connection, [v.partition for v in found]).items()}
    if as_json:
        rows = [
            {"asset": v.asset, "card": v.partition, "sha256": v.sha256, "path": v.path, "findings": findings(v)}
            for v in found
        ]
        say_json({"waiting": rows})
        return
    for version in found:
        short = version.asset.split("/")[1]
        click.secho(f"{version.asset} of {names[version.partition]}", fg="yellow")
        click.echo(f"    {' '.join(findings(version))}")
        click.secho(f"    {version.path}", dim=True)
        of_asset = "" if short == "artwork" else f" --asset {short}"
        click.echo(f"    deckport review {version.partition}{of_asset} --approve (or --reject)")
    click.echo(f"{len(found)} wait for review." if found else "Nothing waits for review.")


def tell(judged: Sequence[Version], said: Review, *, as_json: bool) -> None:
    """Say what was noted, and what comes of it."""
    if as_json:
        say_json({"judged": [{"asset": v.asset, "card": v.partition, "review": v.review} for v in judged]})
        return
    for version in judged:
        click.echo(f"{version.asset} of {version.partition} is {_SAID[said]}.")
    if not judged:
        click.echo("Nothing waits for review.")
    elif said is Review.REJECTED:
        for asset in sorted({version.asset for version in judged}):
            named = [version.partition for version in judged if version.asset == asset]
            words = ["deckport produce --rejected", *(named if len(named) <= MOST_NAMED else [])]
            words += [] if asset in UNASKED else ["--assets", asset.split("/")[1]]
            click.echo(f"Another one: {' '.join(words)}. Not so meant: deckport review CARD --undo.")


def who_is_here() -> str:
    """The name of the user whose process this is, or its number when it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
