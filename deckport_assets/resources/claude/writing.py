"""Prompts that Claude writes: asked, judged, and asked once more with what was wrong. The rules are the studio's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.errors import (
    BadPrompt,
    Cancelled,
    MissingModel,
    NeedsMoney,
    ServiceUnavailable,
    Unauthorised,
)
from deckport_assets.models import Card
from deckport_assets.resources.claude.service import MOST_AT_ONCE, Claude, Question, read_answer
from deckport_assets.resources.providers import Beside, Occasion, Price, Provenance, Written

if TYPE_CHECKING:
    from deckport_assets.studio.prompts.asking import PromptForm

MOST_TRIES = 2
"""An answer that breaks the rules is asked for once more, with what was wrong. Each is paid for."""


class ClaudeWriter:
    """Writes prompts. `style_guide` is the game's, or a producer's own."""

    def __init__(self, claude: Claude, style_guide: str) -> None:
        self.claude = claude
        self.style_guide = style_guide

    def __repr__(self) -> str:
        return f"ClaudeWriter({self.claude!r})"

    @property
    def at_once(self) -> int:
        """As many calls as may be out."""
        return MOST_AT_ONCE

    @property
    def real(self) -> bool:
        """Yes: what it writes is no draft."""
        return True

    def question(
        self, card: Card, *, wish: str = "", references: Sequence[str] = (), mistakes: Sequence[str] = ()
    ) -> Question[PromptForm]:
        """What is asked for a card."""
        from deckport_assets.studio.prompts.asking import PromptForm, guide, words_for

        words = words_for(card, wish, references, mistakes)
        return Question(guide(self.style_guide), words, PromptForm, PROMPT, card.slug)

    def free_question(self, wish: str, references: Sequence[str] = ()) -> Question[PromptForm]:
        """What is asked for a wish without a card."""
        from deckport_assets.studio.prompts.asking import PromptForm, guide, words_for_wish

        return Question(guide(self.style_guide), words_for_wish(wish, references), PromptForm, PROMPT, "")

    def write(
        self, card: Card, *, occasion: Occasion, beside: Beside, wish: str = "", references: Sequence[str] = ()
    ) -> Written:
        """A prompt that keeps the rules.

        Raises BadPrompt when the last answer breaks them too, and what `Claude.ask` raises. What was paid stands in the
        ledger either way.
        """
        entries: list[int] = []
        try:
            return self._written(card, entries, occasion, beside, wish, references)
        except (ServiceUnavailable, Unauthorised, MissingModel, NeedsMoney, Cancelled):
            raise  # it goes on later, with what is paid for already
        except Exception:
            self.claude.drop(entries)
            raise

    def _written(
        self, card: Card, entries: list[int], occasion: Occasion, beside: Beside, wish: str, references: Sequence[str]
    ) -> Written:
        """The first answer that keeps the rules. `entries` takes the rows of the ledger as they are paid."""
        from deckport_assets.studio.prompts import validate
        from deckport_assets.studio.prompts.asking import prompt_of

        mistakes: list[str] = []
        cost = 0
        while True:
            question = self.question(card, wish=wish, references=references, mistakes=mistakes)
            answered = self.claude.ask(question, occasion)
            cost += answered.cost_microusd
            entries.append(answered.entry)
            prompt = prompt_of(answered.value)
            try:
                validate(prompt, card, other_names=beside.names, other_texts=beside.texts_but(card.slug))
            except BadPrompt as error:
                if len(entries) == MOST_TRIES:
                    raise
                occasion.progress(f"{card.slug}: {error} Asked once more.")
                mistakes = [str(error)]
                continue
            more = {
                "tries": len(entries), "request_id": answered.request_id, "tokens_written": answered.tokens.written
            }  # fmt: skip
            provenance = Provenance("claude", answered.model, draft=False, cost_microusd=cost, more=more)
            return Written(prompt.text, prompt.caption, prompt.negative, provenance, prompt.motion, tuple(entries))

    def price(self, card: Card | None, *, wish: str = "", references: Sequence[str] = (), batch: bool = False) -> Price:
        """What a prompt is expected to cost, and the most that it may: for a card it is asked for twice at most, for a
        wish without one once."""
        asked = self.question(card, wish=wish, references=references) if card else self.free_question(wish, references)
        most = self.claude.ceiling(asked, batch=batch)
        tries = 1 if batch or card is None else MOST_TRIES
        return Price(self.claude.expected(asked, batch=batch), most * tries, most)

    def read(self, card: Card, message: Any, beside: Beside, cost_microusd: int) -> Written:
        """A batch's answer as a prompt that keeps the rules. Raises BadPrompt, RefusedByModel and BadAnswer."""
        from deckport_assets.studio.prompts import validate
        from deckport_assets.studio.prompts.asking import PromptForm, prompt_of

        prompt = prompt_of(read_answer(message, PromptForm))
        validate(prompt, card, other_names=beside.names, other_texts=beside.texts_but(card.slug))
        provenance = Provenance("claude", message.model, draft=False, cost_microusd=cost_microusd)
        return Written(prompt.text, prompt.caption, prompt.negative, provenance, prompt.motion)

    def write_freely(self, wish: str, references: Sequence[str], *, occasion: Occasion) -> Written:
        """A prompt for whatever a person wishes. Raises BadPrompt, and what `Claude.ask` raises."""
        from deckport_assets.studio.prompts.asking import prompt_of
        from deckport_assets.studio.prompts.rules import banned_words, too_long

        answered = self.claude.ask(self.free_question(wish, references), occasion)
        prompt = prompt_of(answered.value)
        if found := [*banned_words(" ".join((prompt.text, prompt.caption, prompt.motion))), *too_long(prompt)]:
            told = "; ".join(f"{finding.rule}: {finding.message}" for finding in found)
            self.claude.drop([answered.entry])
            raise BadPrompt(f"The prompt breaks the rules: {told}", remedy="Ask for another, or write it.")
        provenance = Provenance("claude", answered.model, draft=False, cost_microusd=answered.cost_microusd)
        return Written(prompt.text, prompt.caption, prompt.negative, provenance, prompt.motion, (answered.entry,))
