"""How far a long piece of work has come: counts, rate and the time that is left. Pure, but for the clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """What of `total` is done, skipped and failed since it began."""

    total: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    began_at: float = field(default_factory=time.monotonic)

    @property
    def settled(self) -> int:
        """How many need no more work."""
        return self.done + self.skipped + self.failed

    def rate_per_s(self, now: float | None = None) -> float:
        """Made or failed per second so far; what was skipped took no time and does not count."""
        seconds = (time.monotonic() if now is None else now) - self.began_at
        return (self.done + self.failed) / seconds if seconds > 0 else 0.0

    def eta_s(self, now: float | None = None) -> float | None:
        """The seconds that are left at this rate; None while nothing is known."""
        rate = self.rate_per_s(now)
        return (self.total - self.settled) / rate if rate > 0 else None

    def sentence(self, now: float | None = None) -> str:
        """As "120 of 200 (2 failed, 30 skipped), 4.1 a second, 20 s left"."""
        beside = ", ".join(f"{n} {word}" for n, word in ((self.failed, "failed"), (self.skipped, "skipped")) if n)
        eta = self.eta_s(now)
        left = f", {in_words(eta)} left" if eta is not None and self.settled < self.total else ""
        counts = f"{self.settled} of {self.total}" + (f" ({beside})" if beside else "")
        return f"{counts}, {self.rate_per_s(now):.1f} a second{left}"


def in_words(seconds: float) -> str:
    """A length of time as a person says it: 48 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
