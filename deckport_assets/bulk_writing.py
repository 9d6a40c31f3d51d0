"""Writing prompts in bulk: a batch is written down, handed in, looked after, and its answers become the cards' prompts.

Every step can be killed and done again: what was set aside, sent, found and settled stands in the catalog. The calls
are `resources.claude.batches`', the rows `catalog.prompt_batches`'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from deckport_assets.catalog import ledger
from deckport_assets.catalog import prompt_batches as batches
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.cards import cards_by_slug
from deckport_assets.catalog.database import UNWELL, Database, now
from deckport_assets.catalog.journal import note_failure
from deckport_assets.catalog.prompt_batches import Batch, Item, State
from deckport_assets.catalog.prompts import Origin, add_prompt
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.drain import beside
from deckport_assets.errors import (
    BadAnswer,
    BadPrompt,
    DeckportError,
    NeedsMoney,
    PossiblyBilled,
    Refused,
    Rejected,
    Retired,
    ServiceUnavailable,
)
from deckport_assets.models import Card
from deckport_assets.resources.claude import ClaudeWriter
from deckport_assets.resources.claude.batches import Batches, Result, Told
from deckport_assets.resources.claude.service import SERVICE
from deckport_assets.resources.prices import cost_microusd, prices
from deckport_assets.resources.providers import Beside, Occasion

CLOCKS_APART = timedelta(minutes=10)
"""How far the service's clock and ours may be apart when a lost batch is looked for."""
UNPAID = {"errored": Item.ERRORED, "expired": Item.EXPIRED, "canceled": Item.CANCELLED}
"""What the service says of an item that it was not paid for. Of any other it may have been."""
ARRIVES_WITHIN = timedelta(hours=1)
"""A batch that the service does not list so long after it was sent never arrived."""


@dataclass(slots=True)
class BulkWriting:
    """Batches of one writer. `say` is told of what happens, in words."""

    database: Database
    writer: ClaudeWriter
    say: Callable[[str], None]

    @property
    def service(self) -> Batches:
        """Where batches are handed in."""
        return Batches(self.writer.claude)

    def prepare(self, slugs: Sequence[str], requester: str) -> tuple[Batch, NeedsMoney | None]:
        """Write down a batch of the cards (of these) that wait for a prompt, as many as the budgets allow.

        Raises Refused when there is none, NeedsMoney when not even one can be paid.
        """
        prices_of = {}
        with self.database.reading() as connection:
            for card in batches.cards_to_write(connection, slugs):
                price = self.writer.price(card, batch=True)
                prices_of[card.slug] = (price.expected_microusd, price.most_microusd)
        with self.database.writing() as connection:
            return batches.prepare(
                connection,
                list(prices_of),
                lambda card: prices_of[card.slug],
                self.writer.claude.budgets,
                service=SERVICE,
                model=self.writer.claude.model,
                requester=requester,
            )

    def send(self, batch: Batch, occasion: Occasion) -> Batch:
        """Hand a batch in. One of which nobody knows whether it arrived is looked for later, by `look_after`.

        Raises what `Claude.ask` raises when it certainly did not arrive: its cards are as before then.
        """
        with self.database.reading() as connection:
            named = batches.cards_of(connection, batch)
            cards = cards_by_slug(connection, [slug for _, slug in named])
        questions = {custom_id: self.writer.question(cards[slug]) for custom_id, slug in named}

        def before() -> None:
            with self.database.writing() as connection:
                if not batches.sending(connection, batch):
                    raise ServiceUnavailable(f"Batch {batch.id} is not to be sent any more.")

        try:
            told = self.service.create(questions, occasion, before)
        except PossiblyBilled as error:
            with self.database.writing() as connection:
                batches.note(connection, batch, cause=f"{error} It is looked for.")
            self.say(f"Batch {batch.id}: {error} It is looked for, and not sent again.")
        except DeckportError as error:
            with self.database.writing() as connection:
                batches.give_up(connection, batch, str(error))
            raise
        else:
            with self.database.writing() as connection:
                batches.is_at_the_service(connection, batch, told.service_id)
            self.say(f"Batch {batch.id}: {batch.size} prompts are at Claude ({told.service_id}).")
        with self.database.reading() as connection:
            return batches.must_find(connection, batch.id)

    def look_after(self, batch: Batch) -> bool:
        """See how an unfinished batch is doing; whether its answers can be collected.

        Raises ServiceUnavailable and the like when the service does not say.
        """
        if batch.state is State.OPEN:
            told = self.service.look(batch.service_id)
            if told.done != batch.done or batch.cause:
                with self.database.writing() as connection:
                    batches.note(connection, batch, done=told.done)
            return told.ended
        if now() < batch.lease_until:
            return False  # whoever prepares or sends it may be at it
        if batch.state is State.PREPARED or batch.sent_at is None:
            self._give_up(batch, "Whoever prepared it ended before it was sent.")
            return False
        return self._look_for(batch)

    def collect(self, batch: Batch) -> Counter[Item]:
        """Settle every item whose answer is there; gives how many stand how. What is settled already stays so."""
        with self.database.reading() as connection:
            named = dict(batches.cards_of(connection, batch))
            cards = cards_by_slug(connection, named.values())
        others = beside(self.database)
        texts = dict(others.texts)
        counted: Counter[Item] = Counter()
        for result in self.service.results(batch.service_id):
            card = cards.get(named.get(result.custom_id, ""))
            if card is None:
                continue
            try:
                became = self._settle(batch, card, result, Beside(others.names, texts), texts)
            except UNWELL:
                raise  # it is collected again
            except Exception as error:  # noqa: BLE001 - one bad answer never stops the others; its cause is kept and shown
                became = self._unusable(card, result, BadAnswer(f"Its answer cannot be kept: {error}", remedy=_ANEW))
            if became is not None:
                counted[became] += 1
        with self.database.writing() as connection:
            batches.collected(connection, batch)
            ended = batches.outcomes(connection, batch)
        self.say(f"Batch {batch.id}: " + ", ".join(f"{count} {item}" for item, count in ended.items()) + ".")
        return counted

    def cancel(self, batch: Batch) -> None:
        """Have the service stop with it. What it has finished is answered and paid; the rest is not."""
        if batch.state is State.OPEN:
            self.service.cancel(batch.service_id)
            self.say(f"Batch {batch.id}: Claude stops with it; what it has finished is paid, and collected.")
        elif batch.state is State.PREPARED:
            self._give_up(batch, "A person cancelled it before it was sent.")

    def _settle(self, batch: Batch, card: Card, result: Result, others: Beside, texts: dict[str, str]) -> Item | None:
        """Settle one item with its money, in one transaction; None when that was done before."""
        if result.kind in UNPAID:
            return self._unanswered(card, result)
        if result.message is None or result.tokens is None:
            return self._unusable(card, result, _unpriced(result.cause))
        try:
            cost = cost_microusd(result.model, result.tokens, batch=True)
        except (Refused, ValueError, TypeError, AttributeError) as unknown:
            return self._unusable(card, result, _unpriced(unknown))
        error: DeckportError | None = None
        written = None
        try:
            written = self.writer.read(card, result.message, others, cost)
            if card.retired:
                raise Retired(f"{card.name} has left the catalog.", remedy="Import a source that has it again.")
        except (BadPrompt, BadAnswer, Retired) as refused:
            error = refused
        state = Item.WRITTEN if error is None else Item.REFUSED
        with self.database.writing() as connection:
            found = batches.settle(connection, result.custom_id, state, str(error or ""))
            if found is None:
                return None
            told = result.tokens.counts() | {"batch": batch.service_id, "stop_reason": result.message.stop_reason}
            ledger.settle(connection, found[1], cost, usage=told, prices=prices(), model=result.model)
            if error is not None:
                note_failure(connection, [PROMPT], card.slug, error)
            elif written is not None:
                add_prompt(
                    connection, card.slug, Origin.MACHINE, written.text, caption=written.caption,
                    negative=written.negative, motion=written.motion, author=result.model, provider="claude",
                    cost_microusd=cost,
                )  # fmt: skip
                queue.settle_failed(connection, card.slug, f"Batch {batch.id} has written it.")
                texts[card.slug] = written.text
        if error is not None:
            self.say(f"{card.slug}: {error}")
        return state

    def _unusable(self, card: Card, result: Result, told: DeckportError) -> Item | None:
        """It counts at its ceiling, and a person is asked."""
        with self.database.writing() as connection:
            found = batches.settle(connection, result.custom_id, Item.REFUSED, str(told))
            if found is None:
                return None
            ledger.lose(connection, found[1], str(told))
            note_failure(connection, [PROMPT], card.slug, told)
        self.say(f"{card.slug}: {told}")
        return Item.REFUSED

    def forget(self, batch: Batch) -> None:
        """A person gives a batch up that the service does not know any more: it may have been paid."""
        with self.database.writing() as connection:
            batches.collected(connection, batch)
        self.say(f"Batch {batch.id} is given up; what was not settled counts at the most that it may have cost.")

    def _unanswered(self, card: Card, result: Result) -> Item | None:
        state = Item.REFUSED if result.rejected else UNPAID[result.kind]
        with self.database.writing() as connection:
            found = batches.settle(connection, result.custom_id, state, result.cause)
            if found is None:
                return None
            ledger.release(connection, found[1], result.cause)
            if result.rejected:
                note_failure(connection, [PROMPT], card.slug, Rejected(result.cause))
        self.say(f"{card.slug}: {result.cause}")
        return state

    def _look_for(self, batch: Batch) -> bool:
        """Find a batch again whose number never came: by its size, and by what its items are called."""
        sent_at = batch.sent_at or batch.created_at
        with self.database.reading() as connection:
            known = batches.known_at_the_service(connection)
        listed = [told for told in self.service.since(sent_at - CLOCKS_APART) if told.service_id not in known]
        like_it = [told for told in listed if told.size == batch.size]
        for told in like_it:
            if told.ended and self._is(batch, told):
                with self.database.writing() as connection:
                    batches.is_at_the_service(connection, batch, told.service_id)
                self.say(f"Batch {batch.id} is found: {told.service_id}.")
                return False  # the next look collects it
        working = [told for told in like_it if not told.ended]
        if working:
            words = f"It may be {' or '.join(told.service_id for told in working)}; that is known when it has ended."
            with self.database.writing() as connection:
                batches.note(connection, batch, cause=words)
        elif now() > sent_at + ARRIVES_WITHIN:
            self._give_up(batch, "The service does not list it: it never arrived.")
        return False

    def _is(self, batch: Batch, told: Told) -> bool:
        first = next(iter(self.service.results(told.service_id)), None)
        return first is not None and first.custom_id.startswith(f"{batch.token}-")

    def _give_up(self, batch: Batch, why: str) -> None:
        with self.database.writing() as connection:
            if batches.give_up(connection, batch, why):
                self.say(f"Batch {batch.id}: {why} Its cards are without prompt as before.")


_ANEW = "Ask for this prompt again."


def _unpriced(why: Exception | str) -> PossiblyBilled:
    return PossiblyBilled(f"What the answer cost cannot be told: {why}", remedy=_ANEW)
