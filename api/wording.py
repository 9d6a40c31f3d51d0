"""How the pages say things: labels, amounts of bytes, money and time. Pure; what is said is the pages'."""

from __future__ import annotations

from datetime import datetime

ASSET_NAMES = {
    "cards/prompt": "Prompt",
    "cards/artwork": "Artwork",
    "cards/composite": "Card",
    "cards/frame": "Frame",
    "cards/thumbnail": "Thumbnails",
    "cards/video": "Video",
}
STATUS_NAMES = {
    "made": "All made",
    "draft": "With drafts",
    "stale": "Stale",
    "failed": "Failed",
    "rejected": "Rejected",
    "review": "To review",
    "missing": "Something missing",
}
NOTICES = {
    "asked": "It is in the queue.",
    "already": "It was asked for already: the request that is open for this card stands.",
    "cancelled": "The request is cancelled. Ask again, below, takes that back.",
    "again": "It is in the queue again.",
    "ended": "Nothing was changed: the request has ended, or was asked for again, meanwhile.",
    "in_a_batch": "Nothing was changed: a batch is writing this card's prompt. It comes by itself.",
    "anothers": "Nothing was changed: the request is somebody else's.",
    "written": "Kept. This prompt counts from now on, and no machine replaces it.",
    "known": "The key is right and is kept in this browser for 30 days.",
    "unknown": "This key opens nothing: it is wrong, or was revoked.",
    "forgotten": "The key is forgotten in this browser. It still opens elsewhere: deckport keys revoke NAME ends that.",
    "keyless": "Nothing was changed: a key is needed first.",
}
"""What a page says after a form was sent, by the code that stands in its address."""
_LABELS = {"ACTION_FAST": "Fast action", "ACTION_SLOW": "Slow action"}


def label(word: str) -> str:
    """An enum's value as a person reads it: ACTION_FAST is Fast action."""
    return _LABELS.get(word, word.replace("_", " ").capitalize())


def short_asset(asset: str) -> str:
    """An asset as the command line spells it: artwork for cards/artwork."""
    return asset.rpartition("/")[2]


def size(count: int) -> str:
    """An amount of bytes: 930 B, 19 kB, 2.4 MB."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def money(microusd: int) -> str:
    """A cost that is kept in millionths of a US dollar."""
    return f"${microusd / 1_000_000:.4f}".rstrip("0").ljust(5, "0") if microusd else "free"


def seconds(duration: float) -> str:
    """How long something took."""
    return f"{duration * 1000:.0f} ms" if duration < 1 else f"{duration:.1f} s"


def span(duration_s: float) -> str:
    """A while, as somebody who waits counts it: 40 s, 3 min, 2 h, 4 days."""
    if duration_s < 90:
        return f"{max(1.0, duration_s):.0f} s"
    if duration_s < 90 * 60:
        return f"{duration_s / 60:.0f} min"
    return f"{duration_s / 3600:.0f} h" if duration_s < 36 * 3600 else f"{duration_s / 86_400:.0f} days"


def moment(when: datetime | None) -> str:
    """A moment, to the minute."""
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "at an unknown time"


def sentence(claim: str) -> str:
    """A check's claim: prints_at_full_size is Prints at full size."""
    return claim.replace("_", " ").capitalize()
