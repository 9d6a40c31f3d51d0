"""`deckport costs`: what was spent, beside what was expected, and what nobody knows the cost of until a person looks it
up. What something would cost is `estimating`'s."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from math import isnan

import click

from deckport_assets.catalog.ledger import GROUPINGS, costs, in_dollars, settle_by_hand, spent, unanswered
from deckport_assets.catalog.prompt_queue import LARGEST_NUMBER
from deckport_assets.cli.prompting import who_is_here
from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json


def _day(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """A day as the ledger spells it; empty stays empty."""
    try:
        return datetime.strptime(value, "%Y-%m-%d").date().isoformat() if value else ""
    except ValueError:
        raise click.BadParameter(f"{value!r}: expected a day as 2026-01-31.") from None


@click.group("costs", invoke_without_command=True)
@click.option("--by", default="service", show_default=True, type=click.Choice(list(GROUPINGS)))
@click.option("--day", default="", callback=_day, help="Only this day (UTC), as 2026-01-31.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, LARGEST_NUMBER), help="So many lines.")
@json_option
@click.pass_context
def costs_(context: click.Context, by: str, day: str, most: int, as_json: bool) -> None:
    """Say what paid calls have cost, beside what was expected of them.

    A call whose answer never came is counted at the most that it may have cost, until you say what it did.

    \b
    Examples: deckport costs
              deckport costs --by card --day 2026-01-31
              deckport costs unanswered
    """
    if context.invoked_subcommand:
        return
    chosen = chosen_settings()
    with open_catalog() as database, database.reading() as connection:
        rows, total = costs(connection, by, day=day, most=most), spent(connection)
    limits = {
        "day": (chosen.budget_day_usd, total.day_microusd),
        "total": (chosen.budget_total_usd, total.total_microusd),
    }
    if as_json:
        budgets = {name: {"limit_usd": limit, "spent_usd": used / 1_000_000} for name, (limit, used) in limits.items()}
        say_json({"by": by, "costs": [asdict(row) for row in rows], "budgets": budgets})
        return
    click.echo(f"{by:<32} {'calls':>7} {'expected':>12} {'cost':>12}")
    for row in rows:
        unknown = (
            f"  + {row.unknown_calls} unanswered, up to {in_dollars(row.unknown_microusd)}" if row.unknown_calls else ""
        )
        open_ones = f"  + {in_dollars(row.open_microusd)} set aside" if row.open_microusd else ""
        expected, cost = in_dollars(row.expected_microusd), in_dollars(row.cost_microusd)
        click.echo(f"{row.name or '-':<32} {row.calls:>7} {expected:>12} {cost:>12}{unknown}{open_ones}")
    if not rows:
        click.echo("Nothing was paid for yet.")
    if any(row.unknown_calls for row in rows):
        click.echo("What was not answered counts at its most: deckport costs unanswered")
    for name, (limit, used) in limits.items():
        of_limit = f" of {in_dollars(round(limit * 1_000_000))}" if limit is not None else ", no limit"
        click.echo(f"{'Today' if name == 'day' else 'In all'}: {in_dollars(used)}{of_limit}.")


@costs_.command("unanswered")
@json_option
def show_unanswered(as_json: bool) -> None:
    """List the calls whose answer never came: they may have been paid, and count at the most that they may have cost.

    Look them up in the service's console by their time and model, then say what each was: deckport costs settle.

    \b
    Example: deckport costs unanswered
    """
    with open_catalog() as database, database.reading() as connection:
        calls = unanswered(connection)
    if as_json:
        say_json({"unanswered": [asdict(call) | {"sent_at": call.sent_at.isoformat()} for call in calls]})
        return
    for call in calls:
        batch = ", in a batch" if call.batch else ""
        click.echo(
            f"{call.entry:>6}  {call.sent_at:%Y-%m-%d %H:%M:%S} UTC  {call.model or call.service}{batch}  "
            f"{call.asset} {call.partition or 'free text'}  up to {in_dollars(call.ceiling_microusd)}"
        )
        click.echo(f"        {call.note}")
    click.echo("deckport costs settle NUMBER --usd SUM" if calls else "Every call was answered.")


def _microusd(_context: click.Context, _option: click.Parameter, usd: float) -> int:
    """A sum in millionths of a dollar."""
    microusd = 0 if isnan(usd) else round(usd * 1_000_000)
    if isnan(usd) or (usd and not microusd):
        raise click.BadParameter("expected a sum as 0.0031, or 0; a millionth of a dollar is the least.")
    return microusd


@costs_.command("settle")
@click.argument("number", type=click.IntRange(1, LARGEST_NUMBER), nargs=-1, required=True)
@click.option(
    "--usd", "microusd", required=True, type=click.FloatRange(0, 10_000), callback=_microusd,
    help="What each has cost; 0 is not billed.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Take a sum that is above what the call may have cost.")
@json_option
def settle(number: tuple[int, ...], microusd: int, yes: bool, as_json: bool) -> None:
    """Book what unanswered calls have cost, as you found it in the service's console. Saying it again corrects it.

    \b
    Examples: deckport costs settle 17 --usd 0.0031
              deckport costs settle 18 19 --usd 0
    """
    with open_catalog() as database, database.writing() as connection:
        for each in dict.fromkeys(number):
            settle_by_hand(connection, each, microusd, who_is_here(), sure=yes)
        total = spent(connection)
    if as_json:
        say_json({"settled": list(number), "usd": microusd / 1_000_000, "spent_usd": total.total_microusd / 1_000_000})
        return
    click.echo(f"Booked. In all: {in_dollars(total.total_microusd)}.")
