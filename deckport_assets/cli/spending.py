"""`deckport costs`: what was spent, beside what was expected. What something would cost is `estimating`'s."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from deckport_assets.catalog.ledger import GROUPINGS, costs, in_dollars, spent
from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json


def _day(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """A day as the ledger spells it; empty stays empty."""
    try:
        return datetime.strptime(value, "%Y-%m-%d").date().isoformat() if value else ""
    except ValueError:
        raise click.BadParameter(f"{value!r}: expected a day as 2026-01-31.") from None


@click.command("costs")
@click.option("--by", default="service", show_default=True, type=click.Choice(list(GROUPINGS)))
@click.option("--day", default="", callback=_day, help="Only this day (UTC), as 2026-01-31.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(min=1), help="So many lines.")
@json_option
def costs_(by: str, day: str, most: int, as_json: bool) -> None:
    """Say what paid calls have cost, beside what was expected of them.

    A call whose answer never came is counted at the most that it may have cost.

    \b
    Examples: deckport costs
              deckport costs --by card --day 2026-01-31
    """
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
    for name, (limit, used) in limits.items():
        of_limit = f" of {in_dollars(round(limit * 1_000_000))}" if limit is not None else ", no limit"
        click.echo(f"{'Today' if name == 'day' else 'In all'}: {in_dollars(used)}{of_limit}.")
