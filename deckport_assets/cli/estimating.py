"""`deckport estimate`, and the same words before `deckport produce` pays: what it costs, how long it takes, how much
room it needs. What is due is `production`'s, what things took of late the catalog's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.estimates import Estimate, estimates
from deckport_assets.catalog.ledger import Budgets, Spent, in_dollars, spent, usual_seconds
from deckport_assets.catalog.line import note_code_versions
from deckport_assets.catalog.prompt_batches import cards_to_write
from deckport_assets.catalog.recipes import ARTWORK, CHAIN, COMPOSITE, FRAME, PROMPT, THUMBNAIL, VIDEO
from deckport_assets.cli.producing import chosen_cards, due_options, make_order, named_assets, selection_options
from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json

if TYPE_CHECKING:
    from deckport_assets.production import Job


@dataclass(frozen=True, slots=True)
class Foresight:
    """What a job is going to take, beside what the budgets leave. None is not known, or no limit."""

    lines: Sequence[Estimate]
    batch: bool = False
    left_day_microusd: int | None = None
    left_order_microusd: int | None = None
    left_total_microusd: int | None = None
    call_microusd: int = 0
    """The most that the dearest of its calls may cost, which has to be left before it goes out."""

    @property
    def expected_microusd(self) -> int:
        """What it is expected to cost."""
        return sum(line.expected_microusd for line in self.lines)

    @property
    def most_microusd(self) -> int:
        """The most that it may cost."""
        return sum(line.most_microusd for line in self.lines)

    @property
    def seconds(self) -> float:
        """How long it takes, as far as that is known: what one pass makes together counts once."""
        by_asset = {line.asset: line.seconds or 0.0 for line in self.lines}
        return sum(max((by_asset.get(asset, 0.0) for asset in stage), default=0.0) for stage in CHAIN)

    @property
    def bytes(self) -> int:
        """The room that it needs, as far as that is known."""
        return sum(line.bytes or 0 for line in self.lines)

    @property
    def crossed(self) -> list[tuple[str, int]]:
        """The budgets that would end it before it is done, with what each leaves."""
        left = {
            "DECKPORT_BUDGET_DAY_USD": self.left_day_microusd,
            "DECKPORT_BUDGET_RUN_USD": self.left_order_microusd,
            "DECKPORT_BUDGET_TOTAL_USD": self.left_total_microusd,
        }
        calls = sum(line.calls for line in self.lines)  # a batch sets aside all of its calls at once
        before_the_last = self.expected_microusd - self.expected_microusd // calls if calls else 0
        needed = self.most_microusd if self.batch else before_the_last + self.call_microusd
        return [(name, rest) for name, rest in left.items() if rest is not None and rest < needed]


def foresee(
    database: Database, job: Job, resources: Mapping[str, Any], real: frozenset[str], budgets: Budgets, *, batch: bool
) -> Foresight:
    """What a job is going to take. A batch writes every prompt that is missing, drafts too."""
    from deckport_assets.catalog.cards import cards_by_slug
    from deckport_assets.production import to_be_written
    from deckport_assets.resources.claude.service import SERVICE

    writer, studio = resources["writer"], resources["studio"]
    slugs, due = to_be_written(database, job), dict(job.due)
    if batch and PROMPT in job.assets:
        with database.reading() as connection:
            slugs = due[PROMPT] = [card.slug for card in cards_to_write(connection, job.slugs)]
    with database.reading() as connection:
        cards = cards_by_slug(connection, slugs)
        each_s = usual_seconds(connection, SERVICE, PROMPT)
        used = spent(connection)
    prices = [writer.price(cards[slug], batch=batch) for slug in slugs] if PROMPT in real else []
    at_once = {
        PROMPT: writer.at_once,
        ARTWORK: resources["artist"].at_once,
        VIDEO: resources["animator"].at_once,
        **dict.fromkeys((COMPOSITE, FRAME, THUMBNAIL), studio.workers),
    }
    with database.reading() as connection:
        lines = estimates(
            connection,
            due,
            real=real,
            at_once=at_once,
            paid={PROMPT: [(price.expected_microusd, price.most_microusd) for price in prices]},
        )
    if PROMPT in real:
        lines = [_timed(line, each_s, writer.at_once, batch=batch) if line.asset == PROMPT else line for line in lines]
    dearest = max((price.call_microusd for price in prices), default=0)
    return Foresight(lines, batch, *_left(budgets, used), call_microusd=dearest)


def _timed(line: Estimate, each_s: float | None, at_once: int, *, batch: bool) -> Estimate:
    """The time of prompts is the calls'; what is written already takes next to none. A batch takes up to a day."""
    seconds = 0.0 if not line.calls else None if batch or each_s is None else each_s * line.calls / at_once
    return Estimate(**{**asdict(line), "seconds": seconds})


def _left(budgets: Budgets, used: Spent) -> tuple[int | None, int | None, int | None]:
    def rest(limit: int | None, gone: int) -> int | None:
        return None if limit is None else max(0, limit - gone)

    return (
        rest(budgets.day_microusd, used.day_microusd),
        rest(budgets.order_microusd, 0),
        rest(budgets.total_microusd, used.total_microusd),
    )


@click.command()
@selection_options
@due_options
@click.option(
    "--batch", is_flag=True, help="Prompts as `prompts write --missing --batch` has them written: drafts too."
)
@json_option
def estimate(
    card: tuple[str, ...],
    card_set: str | None,
    colour: str | None,
    rarity: str | None,
    select: str,
    redraw: bool,
    assets: str | None,
    batch: bool = False,
    as_json: bool = False,
) -> None:
    """Say what `produce` with the same words would cost, how long it takes and how much room it needs.

    Times and sizes are those of late; what was never made here is told as unknown. Nothing is made.

    \b
    Examples: deckport estimate
              deckport estimate --colour crimson --assets prompt --batch
    """
    chosen = chosen_settings()
    from deckport_assets.definitions import budgets, build, live, real_assets
    from deckport_assets.instance.home import code_versions_of
    from deckport_assets.production import plan_job

    resources = live(chosen)
    definitions, real = build(resources, chosen), real_assets(resources)
    wanted = named_assets(assets)
    order = make_order(select, redraw, wanted, real)
    with open_catalog() as database:
        slugs = [c.slug for c in chosen_cards(database, card, card_set, colour, rarity)]
        versions = code_versions_of(definitions)
        note_code_versions(database, versions)
        job = plan_job(database, slugs, wanted, order, versions)
        found = foresee(database, job, resources, real, budgets(chosen), batch=batch)
    if as_json:
        say_json(told(found))
        return
    if not found.lines:
        click.echo("Nothing is to be made.")
        return
    click.echo(f"{'asset':<16} {'cards':>6} {'calls':>6} {'expected':>11} {'at most':>11} {'time':>10} {'room':>9}")
    for line in found.lines:
        expected, most = (
            (in_dollars(line.expected_microusd), in_dollars(line.most_microusd)) if line.calls else ("", "")
        )
        time = "a day at most" if batch and line.asset == PROMPT and line.calls else in_time(line.seconds)
        click.echo(
            f"{line.asset:<16} {line.cards:>6} {line.calls or '':>6} {expected:>11} {most:>11} {time:>10} "
            f"{in_room(line.bytes):>9}"
        )
    for words in sentences(found):
        click.echo(words)


def told(found: Foresight) -> dict[str, Any]:
    """The same as JSON has it, in US dollars, seconds and bytes."""
    lines = [
        {
            "asset": line.asset, "cards": line.cards, "calls": line.calls,
            "expected_usd": line.expected_microusd / 1_000_000, "most_usd": line.most_microusd / 1_000_000,
            "seconds": line.seconds, "bytes": line.bytes,
        }
        for line in found.lines
    ]  # fmt: skip
    return {
        "assets": lines,
        "expected_usd": found.expected_microusd / 1_000_000,
        "most_usd": found.most_microusd / 1_000_000,
        "seconds": round(found.seconds, 1),
        "bytes": found.bytes,
        "crosses": [name for name, _ in found.crossed],
    }


def sentences(found: Foresight) -> list[str]:
    """What it takes in all, and which budget it would cross."""
    unknown = [line.asset for line in found.lines if line.seconds is None or line.bytes is None]
    unknown = unknown if not found.batch else [asset for asset in unknown if asset != PROMPT]
    but = f", without {', '.join(unknown)}: never made here" if unknown else ""
    calls = sum(line.calls for line in found.lines)
    money = (
        f"{calls} paid calls, {in_dollars(found.expected_microusd)} expected, {in_dollars(found.most_microusd)} at most"
        if calls
        else "Nothing of it is paid"
    )
    known = f"About {in_time(found.seconds)} and {in_room(found.bytes)}{but}."
    if found.batch and [line.asset for line in found.lines] == [PROMPT]:
        known = "It takes a day at most."
    if len(unknown) == len(found.lines):
        known = "Time and room are not known: none of it was ever made here."
    words = [f"{money}. {known}"]
    for name, rest in found.crossed:
        becomes = "the batch is as large as that reaches" if found.batch else "it stops there"
        if rest < found.call_microusd:
            becomes = f"one call may cost {in_dollars(found.call_microusd)}, so none goes out"
        words.append(f"{name} leaves {in_dollars(rest)}: {becomes}.")
    return words


def in_time(seconds: float | None) -> str:
    """A duration as people say it: 40 s, 12 min, 3.5 h."""
    if seconds is None:
        return "unknown"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def in_room(size: int | None) -> str:
    """A size as people say it: 12 MB, 3.1 GB."""
    if size is None:
        return "unknown"
    return f"{size / 1e6:.0f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"
