"""`deckport prompts batches` and `prompts write --missing`: many prompts at a time, by the queue or as a batch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import click

from deckport_assets.catalog import prompt_batches as stored
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.ledger import in_dollars, spent
from deckport_assets.catalog.prompt_batches import Batch, Item, State
from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json
from deckport_assets.errors import DeckportError, Refused

NUMBER = click.IntRange(1, queue.LARGEST_NUMBER)


def write_missing(*, batch: bool, yes: bool, requester: str, as_json: bool) -> None:
    """Have every missing prompt written: one by one by the queue, or in one piece at half the price."""
    with open_catalog() as database:
        with database.reading() as connection:
            slugs = [card.slug for card in stored.cards_to_write(connection)]
        if not slugs:
            raise Refused(
                "No card waits for a prompt: each has one, or somebody is writing it.",
                remedy="deckport prompts queue and deckport prompts batches show what is being written.",
            )
        writer = _writer() if batch else None
        ask_before_paying(database, [Wanted(slug) for slug in slugs], batch=batch, yes=yes)
        if writer is None:
            _ask_the_queue(database, slugs, requester, as_json=as_json)
        else:
            _hand_in(database, writer, slugs, requester, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prompt that is going to be asked for: of a card (its slug), or of what is wished without one."""

    card: str
    words: str = ""
    references: Sequence[str] = ()


def ask_before_paying(database: Database, wanted: Sequence[Wanted], *, batch: bool, yes: bool) -> None:
    """Say what it costs, and ask; without a terminal and without --yes refuse."""
    from deckport_assets.catalog.cards import cards_by_slug
    from deckport_assets.definitions import writer

    who = writer(chosen_settings())
    if not who.real:
        return
    with database.reading() as connection:
        cards = cards_by_slug(connection, {one.card for one in wanted if one.card})
    prices = [
        who.price(cards.get(one.card), wish=one.words, references=one.references, batch=batch)
        for one in wanted
        if not one.card or one.card in cards
    ]
    expected, most = sum(p.expected_microusd for p in prices), sum(p.most_microusd for p in prices)
    foreseen = f"{len(prices)} prompts: {in_dollars(expected)} expected, {in_dollars(most)} at most."
    if not yes and not sys.stdin.isatty():
        raise Refused(foreseen, remedy="Add --yes to agree to the cost.")
    click.echo(foreseen, err=True)
    if not yes:
        click.confirm("Go on", abort=True, err=True)


@click.command("batches")
@click.option("--collect", "collect_now", is_flag=True, help="Ask Claude now, and take what has ended.")
@click.option(
    "--give-up", "lost_number", type=NUMBER, help="Wait no longer for one that Claude does not know any more."
)
@click.option(
    "--cancel", "cancel_number", type=NUMBER, help="Have Claude stop with this batch; what it has done is paid."
)
@json_option
def batches(collect_now: bool, lost_number: int | None, cancel_number: int | None, as_json: bool) -> None:
    """List the batches of prompts and how far they are. Dagster collects them by itself while it runs.

    \b
    Examples: deckport prompts batches
              deckport prompts batches --collect
    """
    with open_catalog() as database:
        if cancel_number is not None:
            with database.reading() as connection:
                found = stored.must_find(connection, cancel_number)
            if found.state not in (State.PREPARED, State.OPEN):
                raise Refused(f"Batch {found.id} is {found.state}.", remedy="Nothing is to be cancelled.")
            _bulk(database, quiet=as_json).cancel(found)
        if lost_number is not None:
            with database.reading() as connection:
                lost = stored.must_find(connection, lost_number)
            if lost.state not in (State.SENDING, State.OPEN):
                raise Refused(f"Batch {lost.id} is {lost.state}.", remedy="Nothing is to be given up.")
            _bulk(database, quiet=as_json).forget(lost)
        left = collect(database, quiet=as_json) if collect_now else 0
        with database.reading() as connection:
            listed = stored.list_batches(connection)
            rows = [
                (each, stored.outcomes(connection, each), spent(connection, each.order_id).order_microusd)
                for each in listed
            ]
    if as_json:
        say_json({"batches": [_told(batch, outcomes, cost) for batch, outcomes, cost in rows]})
        click.get_current_context().exit(1 if left else 0)
    for batch, outcomes, cost in rows:
        click.echo(f"{batch.id:>4}  {batch.created_at:%Y-%m-%d %H:%M}  {_stands(batch, outcomes)}  {in_dollars(cost)}")
        if batch.cause:
            click.secho(f"      {batch.cause}", fg="yellow")
    if not rows:
        click.echo("There was no batch yet: deckport prompts write --missing --batch")
    click.get_current_context().exit(1 if left else 0)


def collect(database: Database, *, quiet: bool) -> int:
    """Ask how each unfinished batch is doing, and settle what has ended. A batch that cannot be asked holds up none;
    gives how many could not."""
    left = 0
    bulk = _bulk(database, quiet=quiet)
    with database.reading() as connection:
        unfinished = stored.unfinished(connection)
    for batch in unfinished:
        try:
            if bulk.look_after(batch):
                bulk.collect(batch)
        except DeckportError as error:
            left += 1
            with database.writing() as connection:
                stored.note(connection, batch, cause=f"{error} {error.remedy}".strip())
    return left


def _ask_the_queue(database: Database, slugs: Sequence[str], requester: str, *, as_json: bool) -> None:
    with database.writing() as connection:
        made = [
            queue.enqueue(connection, card=slug, priority=queue.LEAST_URGENT, requester=requester) for slug in slugs
        ]
    if as_json:
        say_json({"requests": [request.id for request, _ in made]})
        return
    click.echo(f"{len(made)} requests wait, the least urgent of all: deckport prompts queue")


def _hand_in(database: Database, writer: Any, slugs: Sequence[str], requester: str, *, as_json: bool) -> None:
    from deckport_assets.bulk_writing import BulkWriting
    from deckport_assets.resources.providers import Occasion

    def say(words: str) -> None:
        click.echo(words, err=as_json)

    bulk = BulkWriting(database, writer, say)
    batch, cut = bulk.prepare(slugs, requester)
    if cut is not None:
        click.secho(f"The budgets reach for {batch.size} of {len(slugs)} cards. {cut}", fg="yellow", err=True)
    sent = bulk.send(batch, Occasion("", 0, say, lambda: False, correlation=batch.order_id, requester=requester))
    if as_json:
        with database.reading() as connection:
            say_json(_told(sent, stored.outcomes(connection, sent), spent(connection, sent.order_id).order_microusd))
        return
    click.echo(
        "Claude answers within a day, mostly sooner. Dagster collects it; or: deckport prompts batches --collect"
    )


def _bulk(database: Database, *, quiet: bool) -> Any:
    from deckport_assets.bulk_writing import BulkWriting

    return BulkWriting(database, _writer(), (lambda words: None) if quiet else click.echo)


def _writer() -> Any:
    """Claude. Raises Refused without a key."""
    from deckport_assets.definitions import writer
    from deckport_assets.resources.claude import ClaudeWriter

    found = writer(chosen_settings())
    if not isinstance(found, ClaudeWriter):
        raise Refused("Only Claude takes batches.", remedy="Set ANTHROPIC_API_KEY (deckport settings).")
    return found


def _stands(batch: Batch, outcomes: dict[Item, int]) -> str:
    if batch.state is State.COLLECTED:
        return ", ".join(f"{count} {item}" for item, count in outcomes.items())
    if batch.state is State.OPEN:
        return f"{batch.done} of {batch.size} done at Claude, which has until {_until(batch)}"
    return f"{batch.size} cards, {batch.state}"


def _until(batch: Batch) -> str:
    return f"{(batch.sent_at or batch.created_at) + timedelta(days=1):%Y-%m-%d %H:%M} UTC"


def _told(batch: Batch, outcomes: dict[Item, int], cost_microusd: int) -> dict[str, Any]:
    named = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(batch).items()}
    return named | {
        "outcomes": {item.value: count for item, count in outcomes.items()},
        "cost_usd": cost_microusd / 1_000_000,
    }
