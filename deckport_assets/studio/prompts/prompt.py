"""The values that prompt craft hands around: a written prompt and what is found wrong with one.

Only frozen values. Writing is in `writer`, judging in `rules`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class WrittenPrompt:
    """A prompt for one card.

    `text` is for models with a long context (FLUX), `caption` (at most 75 CLIP tokens) for CLIP, and `negative` only
    for workflows that have a negative input: `text` says what it excludes positively and stands without it. `motion`
    is what moves when the picture becomes a clip.
    """

    text: str
    caption: str
    negative: str
    motion: str = ""


class Severity(StrEnum):
    """How much a finding matters in what a machine wrote; a prompt from the source or a person is used as it is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule does not like: the rule's name, what it saw, and how much it matters."""

    rule: str
    message: str
    severity: Severity
