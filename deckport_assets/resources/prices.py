"""What calls of language models cost, from a kept library of prices. Nothing is looked up on the network.

The prices are genai-prices' own, frozen in the version that is installed; a cost is computed once, when the call is
settled, and kept with that version. Sums are whole millionths of a US dollar, rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cache
from importlib.metadata import version

from deckport_assets.errors import Refused

OVERHEAD_TOKENS = 500
"""What the service adds to what is sent: roles, and how the answer is to look."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a call read and wrote. `fresh` are those that were read and were in no cache; thinking counts as written."""

    fresh: int
    written: int
    cache_read: int = 0
    cache_made: int = 0

    def counts(self) -> dict[str, int]:
        """Those that are not nothing, by name."""
        told = {"fresh": self.fresh, "written": self.written}
        cached = {"cache_read": self.cache_read, "cache_made": self.cache_made}
        return told | {name: count for name, count in cached.items() if count}


def cost_microusd(model: str, tokens: Tokens, *, batch: bool = False) -> int:
    """What a call costs. Raises Refused for a model that has no price."""
    from genai_prices import Usage, calc_price

    read = tokens.fresh + tokens.cache_read + tokens.cache_made
    usage = Usage(
        input_tokens=read,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_made,
        output_tokens=tokens.written,
    )
    try:
        found = calc_price(
            usage,
            model_ref=model,
            provider_id="anthropic",
            price_context={"processing": "batch"} if batch else None,
        )
    except LookupError:
        raise Refused(
            f"The model {model!r} has no price in {prices()}.",
            remedy="Name one that has in DECKPORT_CLAUDE_MODEL: an unknown price can have no budget.",
        ) from None
    return int((Decimal(found.total_price) * 1_000_000).to_integral_value(ROUND_CEILING))


def ceiling_microusd(model: str, *, sent_bytes: int, most_tokens: int, batch: bool = False) -> int:
    """The most that a call can cost that sends so much text and may write so many tokens.

    No tokenizer makes more tokens than there are bytes; all of it is taken as made into the cache, which is the dearest
    way to be read.
    """
    return cost_microusd(model, Tokens(0, most_tokens, cache_made=sent_bytes + OVERHEAD_TOKENS), batch=batch)


@cache
def prices() -> str:
    """The library of prices, with its version."""
    return f"genai-prices {version('genai-prices')}"
