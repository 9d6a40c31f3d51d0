"""Money: a row for every call that may cost, and the budgets that refuse before they are crossed. No prices here.

A call's ceiling is reserved before it goes out and its true cost settled after. A call whose answer never came stays
`unknown` and counts with its ceiling: it may have been paid. What a killed process had reserved and not yet sent is
given back. An answer is kept with its row until it is used, so that what was booked before a kill is not paid for
again after it. Sums are whole millionths of a US dollar; a day is UTC's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as db

from deckport_assets.catalog.database import now, touch
from deckport_assets.catalog.tables import ledger
from deckport_assets.errors import MoneySetAside, NeedsMoney, Refused


class Entry(StrEnum):
    """How far a call is."""

    RESERVED = "reserved"
    """Nothing was sent yet."""
    SENT = "sent"
    """It went out; what it costs is not known yet."""
    SETTLED = "settled"
    UNKNOWN = "unknown"
    """Its answer never came: it may have been paid."""
    RELEASED = "released"
    """It was not paid: refused, or never sent."""


COUNTED_AT_CEILING = (Entry.RESERVED, Entry.SENT, Entry.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Call:
    """What is going to be paid for.

    `order_id` is the produce or backfill that it belongs to, `holder` the run or process that makes it. `purpose` is
    what the answer is for, `question` the sha256 of what is asked: who asks the same for the same is given what was
    paid for and not used.
    """

    service: str
    asset: str
    partition: str
    holder: str
    ceiling_microusd: int
    expected_microusd: int = 0
    order_id: str = ""
    requester: str = ""
    model: str = ""
    correlation: str = ""
    processing: str = ""
    """`batch` for what is paid at half the price."""
    purpose: str = ""
    question: str = ""


BATCH = "batch-"
"""The holder of what a batch has set aside begins so: no process has to live until the batch has ended."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """The most that may be spent, in millionths of a US dollar; None is no limit."""

    day_microusd: int | None = None
    order_microusd: int | None = None
    total_microusd: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What is spent, with what may have been counted at its ceiling."""

    day_microusd: int
    order_microusd: int
    total_microusd: int


def spent(connection: db.Connection, order_id: str = "") -> Spent:
    """What today, an order and everything have cost so far."""
    counts = db.case(
        (ledger.c.state.in_(COUNTED_AT_CEILING), ledger.c.ceiling_microusd),
        (ledger.c.state == Entry.SETTLED, ledger.c.cost_microusd),
        else_=0,
    )
    return _sums(connection, counts, order_id)


def _out(connection: db.Connection, order_id: str) -> Spent:
    """What is set aside for calls that are out right now. A batch is out for hours: nobody waits for that."""
    is_out = db.and_(ledger.c.state.in_((Entry.RESERVED, Entry.SENT)), ledger.c.holder.not_like(f"{BATCH}%"))
    return _sums(connection, db.case((is_out, ledger.c.ceiling_microusd), else_=0), order_id)


def _sums(connection: db.Connection, counts: db.ColumnElement[int], order_id: str) -> Spent:
    today, mine = (
        ledger.c.day == day_of(now()),
        db.and_(ledger.c.order_id == order_id, ledger.c.order_id != ""),
    )
    sums = [db.func.coalesce(db.func.sum(db.case((which, counts), else_=0)), 0) for which in (today, mine, db.true())]
    row = connection.execute(db.select(*sums).select_from(ledger)).one()
    return Spent(int(row[0]), int(row[1]), int(row[2]))


def reserve(connection: db.Connection, call: Call, budgets: Budgets) -> int:
    """Set a call's ceiling aside; gives the number of its row. Ask within a transaction that writes.

    Raises NeedsMoney, and reserves nothing, when a budget would be crossed if the call cost all that it may.
    """
    numbers, refused = reserve_as_many(connection, [call], budgets)
    if refused is not None:
        raise refused
    return numbers[0]


def reserve_as_many(
    connection: db.Connection, calls: Sequence[Call], budgets: Budgets
) -> tuple[list[int], NeedsMoney | None]:
    """Set aside the ceilings of the first calls, of one order, as far as the budgets reach; gives the numbers of their
    rows, and what would be crossed by the next (MoneySetAside when it may be there once other calls are answered)."""
    _one_at_a_time(connection)
    order_id = calls[0].order_id if calls else ""
    already = spent(connection, order_id)
    numbers: list[int] = []
    more = 0
    for call in calls:
        if (crossed := _crossed(call, budgets, already, more)) is not None:
            held = _out(connection, order_id)
            settled = Spent(
                already.day_microusd - held.day_microusd,
                already.order_microusd - held.order_microusd,
                already.total_microusd - held.total_microusd,
            )
            passes = not numbers and _crossed(call, budgets, settled, 0) is None
            held_back = MoneySetAside(str(crossed), remedy=crossed.remedy, budget=crossed.budget)
            return numbers, held_back if passes else crossed
        numbers.append(_reserved(connection, call))
        more += call.ceiling_microusd
    return numbers, None


def _crossed(call: Call, budgets: Budgets, already: Spent, more: int) -> NeedsMoney | None:
    """The budget that a call would cross, if any."""
    for name, limit, used in (
        ("DECKPORT_BUDGET_DAY_USD", budgets.day_microusd, already.day_microusd + more),
        (RUN_BUDGET, budgets.order_microusd, already.order_microusd + more),
        ("DECKPORT_BUDGET_TOTAL_USD", budgets.total_microusd, already.total_microusd + more),
    ):
        if limit is not None and used + call.ceiling_microusd > limit:
            return NeedsMoney(
                f"{name} is {in_dollars(limit)}: {in_dollars(used)} of it are spent or set aside, and this call "
                f"of {call.service} may cost {in_dollars(call.ceiling_microusd)}.",
                remedy=f"Raise {name}" + (", or wait for tomorrow (UTC)." if "DAY" in name else "."),
                budget=name,
            )
    return None


RUN_BUDGET = "DECKPORT_BUDGET_RUN_USD"
"""What one order may spend."""


def _reserved(connection: db.Connection, call: Call) -> int:
    row = {
        "service": call.service, "asset": call.asset, "partition": call.partition, "holder": call.holder,
        "order_id": call.order_id, "requester": call.requester, "model": call.model, "correlation": call.correlation,
        "processing": call.processing, "purpose": call.purpose, "question": call.question,
        "day": day_of(now()), "state": Entry.RESERVED.value, "ceiling_microusd": call.ceiling_microusd,
        "expected_microusd": call.expected_microusd, "cost_microusd": 0, "usage": {}, "prices": "", "note": "",
        "reserved_at": now(),
    }  # fmt: skip
    return int(connection.execute(ledger.insert().values(row).returning(ledger.c.id)).scalar_one())


def sent(connection: db.Connection, number: int) -> None:
    """The call goes out now: from here on it may be paid."""
    _change(connection, number, (Entry.RESERVED, Entry.SENT), state=Entry.SENT)


def settle(
    connection: db.Connection,
    number: int,
    cost_microusd: int,
    *,
    usage: Mapping[str, Any],
    prices: str,
    model: str = "",
    answer: Mapping[str, Any] | None = None,
) -> None:
    """The call was answered and cost this, at the prices of that library and version. Never computed again.

    The answer is kept until it is `used`.
    """
    told: dict[str, Any] = {"cost_microusd": cost_microusd, "usage": dict(usage), "prices": prices, "settled_at": now()}
    if model:
        told["model"] = model
    if answer is not None:
        told["answer"] = dict(answer)
    _change(connection, number, (Entry.RESERVED, Entry.SENT, Entry.UNKNOWN), state=Entry.SETTLED, **told)


@dataclass(frozen=True, slots=True)
class Paid:
    """An answer that was paid for and never used: whoever asked was killed before."""

    entry: int
    cost_microusd: int
    answer: Mapping[str, Any]
    usage: Mapping[str, Any]


def paid_and_unused(connection: db.Connection, purpose: str, question: str) -> Paid | None:
    """The answer to this question that was paid for, for this purpose, and that nobody has used."""
    here = db.and_(ledger.c.question == question, ledger.c.purpose == purpose, ledger.c.answer.isnot(None))
    query = db.select(ledger.c.id, ledger.c.cost_microusd, ledger.c.answer, ledger.c.usage).where(here)
    row = connection.execute(query.order_by(ledger.c.id).limit(1)).first()
    return Paid(*row) if row and purpose else None


def used(connection: db.Connection, numbers: Sequence[int]) -> None:
    """What became of these answers is kept elsewhere, in the same transaction, or they are of no use."""
    if numbers:
        connection.execute(ledger.update().where(ledger.c.id.in_(numbers)).values(answer=None))


KEPT_FOR = timedelta(days=30)
"""How long an answer that nobody came back for is kept."""


def forget_answers(connection: db.Connection) -> None:
    """Drop the answers that were paid for and that nobody came back for."""
    here = db.and_(ledger.c.settled_at < now() - KEPT_FOR, ledger.c.answer.isnot(None))
    connection.execute(ledger.update().where(here).values(answer=None))


def release(connection: db.Connection, number: int, why: str) -> None:
    """The call was not paid: it was refused, or did not get there."""
    _change(connection, number, (Entry.RESERVED, Entry.SENT), state=Entry.RELEASED, note=why, settled_at=now())


def lose(connection: db.Connection, number: int, why: str) -> None:
    """Its answer never came: it counts with its ceiling."""
    _change(connection, number, (Entry.RESERVED, Entry.SENT), state=Entry.UNKNOWN, note=why, settled_at=now())


BY_HAND = "by hand: "
"""So begins, in place of a library of prices, where a person's word on a cost comes from."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A call whose answer never came, as a person looks for it in the service's own bill."""

    entry: int
    service: str
    model: str
    asset: str
    partition: str
    ceiling_microusd: int
    sent_at: datetime
    note: str
    batch: bool


def unanswered(connection: db.Connection) -> list[Unanswered]:
    """The calls that count at their ceilings because nobody knows what they cost, the oldest first."""
    rows = connection.execute(db.select(ledger).where(ledger.c.state == Entry.UNKNOWN).order_by(ledger.c.id))
    return [
        Unanswered(
            row.id, row.service, row.model, row.asset, row.partition, row.ceiling_microusd, row.reserved_at, row.note,
            batch=bool(row.processing),
        )
        for row in rows
    ]  # fmt: skip


def settle_by_hand(connection: db.Connection, number: int, cost_microusd: int, who: str, *, sure: bool = False) -> None:
    """A person has looked up what an unanswered call has cost; 0 when it is on no bill. They may say so again.

    Raises Refused for a call that was answered, or is out: what a service has said is not changed by hand. And for more
    than the call may have cost, unless they are `sure`.
    """
    row = connection.execute(db.select(ledger).where(ledger.c.id == number).with_for_update()).first()
    if row is None or not (row.state == Entry.UNKNOWN or row.prices.startswith(BY_HAND)):
        told = f"Call {number} is {row.state}." if row else f"There is no call {number}."
        raise Refused(f"{told} Only an unanswered one is booked by hand.", remedy="deckport costs unanswered")
    if cost_microusd > row.ceiling_microusd and not sure:
        raise Refused(
            f"Nothing was booked: call {number} may have cost {in_dollars(row.ceiling_microusd)} at most.",
            remedy="--yes takes it as it is.",
        )
    booked = {
        "state": Entry.SETTLED.value, "cost_microusd": cost_microusd, "prices": f"{BY_HAND}{who}", "settled_at": now()
    }  # fmt: skip
    connection.execute(ledger.update().where(ledger.c.id == number).values(**booked))
    touch(connection)


def give_up_for(connection: db.Connection, is_over: Callable[[str], bool]) -> tuple[int, int]:
    """What holders that have ended left open: what was sent is unknown, the rest was never paid. Gives both counts."""
    open_rows = connection.execute(
        db.select(ledger.c.id, ledger.c.holder, ledger.c.state).where(ledger.c.state.in_((Entry.RESERVED, Entry.SENT)))
    ).all()
    over = {row.holder: False for row in open_rows}
    over |= {holder: is_over(holder) for holder in over if not holder.startswith(BATCH)}
    lost = [row.id for row in open_rows if over[row.holder] and row.state == Entry.SENT]
    never_sent = [row.id for row in open_rows if over[row.holder] and row.state == Entry.RESERVED]
    for number in lost:
        lose(connection, number, "Whoever called has ended before the answer came.")
    for number in never_sent:
        release(connection, number, "Whoever wanted to call has ended before.")
    return len(lost), len(never_sent)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one group of calls was expected to cost and cost. `unknown_microusd` is counted at the calls' ceilings."""

    name: str
    calls: int
    expected_microusd: int
    cost_microusd: int
    unknown_calls: int = 0
    unknown_microusd: int = 0
    open_microusd: int = 0


GROUPINGS: Mapping[str, db.Column[Any]] = {
    "service": ledger.c.service, "asset": ledger.c.asset, "card": ledger.c.partition, "day": ledger.c.day,
    "requester": ledger.c.requester, "model": ledger.c.model,
}  # fmt: skip
"""What costs can be grouped by."""


def costs(connection: db.Connection, by: str, *, day: str = "", most: int | None = None) -> list[Cost]:
    """What calls cost, grouped, the dearest first (days: the latest first); of one day when it is named."""
    name = GROUPINGS[by]

    def total(states: Sequence[Entry], column: db.ColumnElement[int]) -> db.ColumnElement[int]:
        return db.func.coalesce(db.func.sum(db.case((ledger.c.state.in_(states), column), else_=0)), 0)

    settled, unknown = (Entry.SETTLED,), (Entry.UNKNOWN,)
    cost = total(settled, ledger.c.cost_microusd)
    query = db.select(
        name, total(settled, db.literal(1)), total(settled, ledger.c.expected_microusd), cost,
        total(unknown, db.literal(1)), total(unknown, ledger.c.ceiling_microusd),
        total((Entry.RESERVED, Entry.SENT), ledger.c.ceiling_microusd),
    ).group_by(name)  # fmt: skip
    query = query.order_by(name.desc()) if by == "day" else query.order_by(cost.desc(), name)
    if day:
        query = query.where(ledger.c.day == day)
    rows = connection.execute(query.where(ledger.c.state != Entry.RELEASED).limit(most)).all()
    return [Cost(str(row[0]), *(int(each) for each in row[1:])) for row in rows]


def calls_by_state(connection: db.Connection) -> dict[tuple[str, Entry], int]:
    """How many calls there were, by service and by how far they are."""
    group = (ledger.c.service, ledger.c.state)
    rows = connection.execute(db.select(*group, db.func.count()).group_by(*group).order_by(*group))
    return {(row[0], Entry(row[1])): row[2] for row in rows}


def usual_cost(
    connection: db.Connection, service: str, asset: str, model: str, *, processing: str = "", last: int = 200
) -> int | None:
    """What a call of this kind cost on the average of late, or None when there was none."""
    here = db.and_(
        ledger.c.service == service,
        ledger.c.asset == asset,
        ledger.c.model == model,
        ledger.c.processing == processing,
        ledger.c.state == Entry.SETTLED,
        ledger.c.prices.not_like(f"{BY_HAND}%"),
    )
    late = db.select(ledger.c.cost_microusd).where(here).order_by(ledger.c.id.desc()).limit(last).subquery()
    found = connection.execute(db.select(db.func.avg(late.c.cost_microusd))).scalar()
    return None if found is None else round(float(found))


def usual_seconds(connection: db.Connection, service: str, asset: str, *, last: int = 200) -> float | None:
    """How long a call of this kind took on the average of late, or None when there was none."""
    query = db.select(ledger.c.reserved_at, ledger.c.settled_at).where(
        ledger.c.service == service,
        ledger.c.asset == asset,
        ledger.c.processing == "",
        ledger.c.state == Entry.SETTLED,
        ledger.c.settled_at.isnot(None),
        ledger.c.prices.not_like(f"{BY_HAND}%"),
    )
    late = connection.execute(query.order_by(ledger.c.id.desc()).limit(last)).all()
    took = [(row.settled_at - row.reserved_at).total_seconds() for row in late]
    return sum(took) / len(took) if took else None


def day_of(moment: datetime) -> str:
    """The day in UTC that a moment belongs to, as 2026-01-31."""
    return moment.astimezone(UTC).date().isoformat()


def in_dollars(microusd: int) -> str:
    """A sum as people read it: $0.0041, $12.50."""
    if microusd and microusd < 10_000:
        return f"${microusd / 1_000_000:.6f}".rstrip("0")
    if microusd < 1_000_000 and microusd % 10_000:
        return f"${microusd / 1_000_000:.4f}".rstrip("0")
    return f"${microusd / 1_000_000:,.2f}"


def _change(connection: db.Connection, number: int, of: Sequence[Entry], *, state: Entry, **told: Any) -> None:
    here = db.and_(ledger.c.id == number, ledger.c.state.in_(of))
    connection.execute(ledger.update().where(here).values(state=state.value, **told))
    touch(connection)


def _one_at_a_time(connection: db.Connection) -> None:
    """On PostgreSQL, one at a time compares the sums with the budgets; on SQLite who writes has the lock anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(db.text("LOCK TABLE ledger IN SHARE ROW EXCLUSIVE MODE"))
