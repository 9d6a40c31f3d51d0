"""`deckport produce`: make cards, with a progress bar, through Dagster's webserver or without one."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import click

from deckport_assets.catalog.cards import all_cards, find_card
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.ledger import give_up_for
from deckport_assets.catalog.line import note_code_versions
from deckport_assets.catalog.recipes import ASSETS, PROMPT, UNASKED
from deckport_assets.catalog.reviewing import waiting_versions
from deckport_assets.catalog.standing import Order, Selection
from deckport_assets.cli.speaking import Command, chosen_settings, json_option, open_catalog, say_json
from deckport_assets.cli.unfinished import Redraw
from deckport_assets.errors import Cancelled, Refused
from deckport_assets.models import Card, Colour, Rarity

if TYPE_CHECKING:
    from deckport_assets.cli.estimating import Foresight
    from deckport_assets.production import Count, Job, Producer, Tally

MOST_ROUNDS = 3
"""How often the rest is asked for again when runs die under it."""


def selection_options(command: Command) -> Command:
    """CARD, --set, --colour, --rarity: which cards are meant; `chosen_cards` finds them."""
    for option in (
        click.option("--rarity", type=_one_of(Rarity), help="Only this rarity."),
        click.option("--colour", type=_one_of(Colour), help="Only this colour."),
        click.option("--set", "card_set", help="Only the cards of this set."),
        click.argument("card", nargs=-1),
    ):
        command = option(command)
    return command


def due_options(command: Command) -> Command:
    """--missing, --stale, ..., --redraw, --assets: what of them is meant; `make_order` reads them."""
    selections = (
        ("stale", "What a changed text, art or theme made stale: rendering."),
        ("failed", "What has failed."),
        ("drafts", "What an embedded provider made, anew with a real one."),
        ("rejected", "What a person has rejected, and nothing else."),
        ("all", "Missing, rejected, failed, and stale rendering."),
    )
    default = "What was never made, or rejected (the default)."
    options = [click.option("--missing", "select", flag_value="missing", default=True, help=default)]
    options += [click.option(f"--{word}", "select", flag_value=word, help=words) for word, words in selections]
    options += [
        click.option(
            "--redraw", is_flag=True, help="Make prompt, artwork or video named in --assets anew, as another attempt."
        ),
        click.option("--assets", help=f"Only these, comma-separated: {', '.join(a.split('/')[1] for a in ASSETS)}."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _one_of(kind: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([each.lower() for each in kind], case_sensitive=False)


@click.command()
@selection_options
@due_options
@click.option("--since", help="With --redraw: what was made since that moment is behind it. Told after a Ctrl-C.")
@click.option("--anew", is_flag=True, help="With --redraw: begin another one, though the last has not ended.")
@click.option("--yes", is_flag=True, help="Do not ask before something that costs.")
@json_option
@click.pass_context
def produce(
    context: click.Context,
    card: tuple[str, ...],
    card_set: str | None,
    colour: str | None,
    rarity: str | None,
    select: str,
    redraw: bool,
    assets: str | None,
    since: str | None = None,
    anew: bool = False,
    yes: bool = False,
    as_json: bool = False,
) -> None:
    """Make cards: by default what is missing of all of them.

    CARD is a slug, a SKU or a name; named cards go before what else waits. Video is made only when --assets names it.
    When Dagster's webserver runs, its daemon does the work; else this command does it, on the same instance. Ctrl-C
    keeps what is finished. A redraw that was stopped or killed is gone on with by the same command.

    \b
    Examples: deckport produce
              deckport produce AZURE-004 --assets video
              deckport produce --colour crimson --all
              deckport produce clockwork-moth --redraw --assets artwork
    """
    chosen = chosen_settings()  # first: what is wrong with a setting is told in two lines
    from deckport_assets.cli.estimating import foresee
    from deckport_assets.definitions import budgets, build, live, must_be_ready, real_assets
    from deckport_assets.instance.home import code_versions_of, open_instance, prepare
    from deckport_assets.instance.launcher import is_over
    from deckport_assets.production import NAMED, InThisProcess, Tally, ThroughWebserver, plan_job, stale_beside

    prepare(chosen)
    resources = live(chosen)
    definitions, real = build(resources, chosen), real_assets(resources)
    wanted = named_assets(assets)
    order = make_order(select, redraw, wanted, real, since, another=anew)
    with open_catalog() as database, open_instance(chosen) as instance:
        slugs = [c.slug for c in chosen_cards(database, card, card_set, colour, rarity)]
        note = Redraw(chosen.home, slugs, sorted(order.redraw))
        if order.redraw and not since and not anew and (earlier := note.asked_at()):
            order = replace(order, asked_at=earlier)
            words = f"It goes on with the redraw of these of {earlier:%Y-%m-%d %H:%M} UTC, which did not end."
            click.secho(f"{words} Another one: --anew", fg="yellow", err=True)
        again = the_rest_of(context.params, order)
        versions = code_versions_of(definitions)
        note_code_versions(database, versions)
        job = plan_job(database, slugs, wanted, order, versions, NAMED if card else 0)
        remarks = [remark for maker in must_be_ready(job.due) for remark in resources[maker].ready()]
        with database.writing() as connection:
            give_up_for(connection, is_over(instance))
        found = foresee(database, job, resources, real, budgets(chosen), batch=False)
        ask_before_paying(found, real, yes=yes, quiet=as_json)
        if order.redraw and order.asked_at:
            note.begin(order.asked_at)
        webserver = ThroughWebserver(chosen.dagster_address, instance)
        producer: Producer = webserver if webserver.answers() else InThisProcess(instance, definitions, database)
        tally = Tally(database, job)
        if not as_json:
            failed = sum(len(tally.failed_before(asset)) for asset in wanted)
            say_plan(job, producer, failed=failed, stale=len(stale_beside(database, job, versions)))
            for remark in dict.fromkeys(remarks):
                click.secho(remark, fg="yellow")
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end is as good as Ctrl-C
        try:
            rest = run_to_the_end(database, job, tally, producer, versions, quiet=as_json)
        except KeyboardInterrupt:
            raise Cancelled("Stopped. What was finished is kept.", remedy=f"Go on with the rest: {again}") from None
        counts = tally.counts()
        if not rest.total and not any(counts[asset].failed for asset in order.redraw):
            note.end()
        say_counts(counts, rest, again, as_json=as_json)
        if not as_json:
            say_waiting(database, slugs)
    context.exit(1 if rest.total or any(count.failed for count in counts.values()) else 0)


def named_assets(words: str | None) -> list[str]:
    """The assets that --assets names; all but the video when it names none. Raises Refused for one that is none."""
    if not words:
        return list(UNASKED)
    named = [f"cards/{word.strip().removeprefix('cards/')}" for word in words.split(",") if word.strip()]
    if unknown := [name for name in named if name not in ASSETS]:
        known = ", ".join(a.split("/")[1] for a in ASSETS)
        raise Refused(f"There is no asset {unknown[0].split('/')[1]}.", remedy=f"Use some of {known}.")
    return [asset for asset in ASSETS if asset in named]


def the_rest_of(params: Mapping[str, Any], order: Order) -> str:
    """The command that goes on where this one stopped: a redraw with the moment at which it was asked for."""
    if not order.redraw or order.asked_at is None:
        return "the same command"
    return f"{the_command(params)} --since {order.asked_at.isoformat()}"


def the_command(params: Mapping[str, Any]) -> str:
    """A redraw's command as a person would type it, without its moment."""
    words = ["deckport", "produce", *params["card"]]
    for option, name in (("--set", "card_set"), ("--colour", "colour"), ("--rarity", "rarity")):
        words += [option, params[name]] if params[name] else []
    words += [] if params["select"] == "missing" else [f"--{params['select']}"]
    words += ["--redraw", "--assets", params["assets"] or "", *(["--yes"] if params["yes"] else [])]
    return shlex.join(words)


def make_order(
    select: str,
    redraw: bool,
    assets: Sequence[str],
    real: frozenset[str],
    since: str | None = None,
    *,
    another: bool = False,
) -> Order:
    """What the options ask for. Raises Refused when they contradict each other."""
    selection = Selection(select)
    anew = frozenset(a for a in assets if a in ("cards/prompt", "cards/artwork", "cards/video"))
    if redraw and (not anew or set(assets) == set(UNASKED)):
        raise Refused(
            "--redraw makes something anew that may have cost money: say what.",
            remedy="Add --assets prompt, artwork or video.",
        )
    if selection is Selection.DRAFTS and not real & set(assets):
        raise Refused(
            "--drafts replaces drafts by the work of a real provider, and none is configured.",
            remedy="Configure one (deckport settings lists how); until then everything that is made is a draft.",
        )
    if another and not redraw:
        raise Refused("--anew belongs to --redraw.", remedy="Without --redraw, what is fresh is left alone anyway.")
    if since and not redraw:
        raise Refused("--since belongs to --redraw.", remedy="Without --redraw, what is fresh is left alone anyway.")
    asked_at = (moment_of("--since", since) if since else datetime.now(UTC)) if redraw else None
    return Order(selection, anew if redraw else frozenset(), real, asked_at)


def moment_of(option: str, words: str) -> datetime:
    """The moment that an option names, in UTC when it says no zone. Raises Refused."""
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        remedy = "As we tell them: 2026-01-31T20:15:00+00:00."
        raise Refused(f"{option} {words!r} is no moment.", remedy=remedy) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def chosen_cards(
    database: Database, words: Sequence[str], card_set: str | None, colour: str | None, rarity: str | None
) -> list[Card]:
    """The cards that are meant, in SKU order. Raises Refused for a word that names none."""
    with database.reading() as connection:
        named: list[Card] | None = None
        if words:
            named = []
            for word in words:
                found = find_card(connection, word)
                if found is None:
                    raise Refused(f"There is no card {word!r}.", remedy="Use its slug, SKU or exact name.")
                named.append(found)
        cards = named if named is not None else all_cards(connection)
    sets = {card.card_set.lower(): card.card_set for card in cards}
    if card_set is not None and card_set.lower() not in sets:
        known = ", ".join(sorted(sets.values())) or "none"
        raise Refused(f"There is no set {card_set!r}.", remedy=f"There are: {known}.")
    return [
        card
        for card in cards
        if (card_set is None or card.card_set.lower() == card_set.lower())
        and (colour is None or card.colour == colour.upper())
        and (rarity is None or card.rarity == rarity.upper())
    ]


def ask_before_paying(found: Foresight, real: frozenset[str], *, yes: bool, quiet: bool = False) -> None:
    """A paid asset asks first; without a terminal and without --yes it refuses."""
    from deckport_assets.cli.estimating import sentences

    paid = {
        line.asset: line.calls if line.asset == PROMPT else line.cards for line in found.lines if line.asset in real
    }
    what = ", ".join(f"{count} x {asset.split('/')[1]}" for asset, count in paid.items() if count)
    if not what:
        return
    foreseen = " ".join(sentences(found))
    if yes:
        if found.expected_microusd and not quiet:
            click.secho(foreseen, fg="yellow" if found.crossed else None, err=True)
        return
    if not sys.stdin.isatty():
        told = f"This would make {what} with a real provider. {foreseen}"
        raise Refused(told, remedy="Add --yes to agree to the cost.")
    click.secho(foreseen, fg="yellow" if found.crossed else None, err=True)
    over = " It is more than is left, so it stops in the middle." if found.crossed else ""
    click.confirm(f"Make {what} with a real provider?{over} Go on", abort=True, err=True)


def say_plan(job: Job, producer: Producer, *, failed: int, stale: int = 0) -> None:
    """Say what is going to be made and where, and what is left alone: what failed before, what became stale."""
    from deckport_assets.production import ThroughWebserver

    if failed:
        click.secho(
            f"{failed} failed before and are left alone. Why: deckport failures; again: deckport retry", fg="red"
        )
    if stale:
        are = "card is" if stale == 1 else "cards are"
        click.secho(f"{stale} {are} stale and left alone. Again: deckport produce --stale", fg="yellow")
    if not job.total:
        rest = "the rest is as asked for" if failed or stale else f"all {len(job.slugs)} cards are as asked for"
        click.echo(f"Nothing to make: {rest}.")
        return
    what = ", ".join(f"{len(slugs)} {asset.split('/')[1]}" for asset, slugs in job.due.items())
    if isinstance(producer, ThroughWebserver):
        where = f"Dagster at {producer.address}; its daemon looks every 30 s, so each stage begins within that"
    else:
        where = "this command"
    click.echo(f"To make: {what}. By {where}.")


def run_to_the_end(
    database: Database, job: Job, tally: Tally, producer: Producer, versions: Mapping[str, str], *, quiet: bool
) -> Job:
    """Run the job under a progress bar; what dying runs left is asked for again. Gives what is left even so."""
    from deckport_assets.production import left_over

    with progress_bar(job.total, quiet=quiet) as show:

        def watch() -> None:
            show(*tally.settled())

        rest = job
        for _ in range(MOST_ROUNDS):
            if not rest.total:
                break
            producer.run(rest, watch)
            rest = left_over(database, job, tally, versions)
    return rest


class progress_bar:
    """A bar with counts, rate and the time that is left, on the error stream; nothing when quiet."""

    def __init__(self, total: int, *, quiet: bool, doing: str = "making") -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[beside]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=quiet or not total,
        )
        self.task = self.bar.add_task(doing, total=total, beside="")

    def __enter__(self) -> Callable[[int, int], None]:
        self.bar.start()
        return self.show

    def show(self, made: int, failed: int) -> None:
        """Move the bar."""
        self.bar.update(self.task, completed=made + failed, beside=f"{failed} failed" if failed else "")

    def __exit__(self, *_: object) -> None:
        self.bar.stop()


def say_counts(counts: Mapping[str, Count], rest: Job, again: str, *, as_json: bool) -> None:
    """Say what became of each asset."""
    if as_json:
        say_json({asset: asdict(count) for asset, count in counts.items()})
        return
    for asset, count in counts.items():
        failed = click.style(f"{count.failed} failed", fg="red") if count.failed else "0 failed"
        click.echo(f"{asset:<16} {count.made:>5} made  {count.skipped:>5} skipped  {failed}  {count.seconds:g} s")
    if any(count.failed for count in counts.values()):
        click.echo("Why, and what to do: deckport failures")
    if rest.total:
        click.echo(f"{rest.total} were left by runs that were stopped. Go on with them: {again}")


def say_waiting(database: Database, slugs: Sequence[str]) -> None:
    """Say how many of these cards have something that waits for a person's word; nothing when none has."""
    with database.reading() as connection:
        waits = {version.partition for version in waiting_versions(connection)} & set(slugs)
    if waits:
        cards = "1 card waits" if len(waits) == 1 else f"{len(waits)} cards wait"
        click.secho(f"{cards} for review: a check found something. What, and what to do: deckport review", fg="yellow")
