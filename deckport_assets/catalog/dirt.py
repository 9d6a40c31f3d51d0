"""What is wrong with a source, one finding at a time: which file, line and column, what was expected, what to do."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad: an error rejects the row, a warning asks for a look, a note says what was assumed."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Dirt:
    """One finding. `line` counts from 1, the header included, as an editor shows it."""

    severity: Severity
    file: str
    line: int
    column: str
    card: str
    found: str
    expected: str
    remedy: str

    def sentence(self) -> str:
        """The finding as one line of text."""
        column = f" [{self.column}]" if self.column else ""
        found = f": {shortened(self.found)}" if self.found != self.card else ""
        found = found if self.found else " is empty"
        return f"{self.severity} {self.file}:{self.line}{column} {self.card}{found}. {self.expected} {self.remedy}"


def shortened(text: str, most: int = 60) -> str:
    """The text, cut after `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def report(dirt: Iterable[Dirt]) -> str:
    """The findings as CSV, which producers open in a spreadsheet; the worst first, then by file and line."""
    rank = list(Severity)
    rows = sorted(dirt, key=lambda d: (rank.index(d.severity), d.file, d.line))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(Dirt.__slots__), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: shortened(str(value), 300) for name, value in asdict(row).items()})
    return out.getvalue()
