"""Reading the catalog's two CSV files: real line numbers, UTF-8 only, all or nothing per file. No judgement of rows."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deckport_assets.errors import BadSource

GAMEPLAY_COLUMNS = (
    "slug", "name", "category", "rarity", "legendary", "mana_color_code", "mana_cost", "energy_cost", "attack",
    "defense", "health", "base_energy_per_turn", "equipment_slots", "keywords", "limits_json", "targeting_json",
    "effects_json", "abilities_json", "rules_text", "flavor_text", "frame_type", "video_prompt", "action_speed",
)  # fmt: skip
ART_COLUMNS = (
    "name", "category", "mana_color_code", "mana_cost", "energy_cost", "image_prompt", "card_set", "frame_type",
    "video_prompt",
)  # fmt: skip
LONGEST_FIELD = 1_000_000


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One record of a file, at the line where it begins. `problem` says why it cannot be read as columns."""

    line: int
    values: dict[str, str]
    problem: str = ""

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "").strip()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that could be read."""

    name: str
    sha256: str
    rows: tuple[SourceRow, ...]


def read_source(path: Path, columns: Sequence[str]) -> SourceFile:
    """Read one CSV file.

    Raises BadSource when it cannot be read at all: absent, empty, not UTF-8, a column missing, a quote never closed.
    A record with too few or too many fields is kept with its `problem`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise BadSource(f"{path.name}: {reason}.", remedy="Give the path of the exported CSV.") from None
    text = _decoded(path.name, data)
    if not text.strip():
        raise BadSource(f"{path.name}, line 1: the file is empty.", remedy="Export the catalog again.")
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    rows: list[SourceRow] = []
    try:
        header = [name.strip() for name in next(reader)]
        _check_header(path.name, header, columns)
        start = reader.line_num + 1
        for fields in reader:
            if any(field.strip() for field in fields):
                rows.append(_row(start, header, fields))
            start = reader.line_num + 1
    except csv.Error as error:
        raise BadSource(
            f"{path.name}, line {start}: {error}.",
            remedy="Check the quotes of the record that begins there; the file was not imported.",
        ) from None
    if not rows:
        raise BadSource(f"{path.name}, line 2: there is no card below the header.", remedy="Export it again.")
    return SourceFile(path.name, hashlib.sha256(data).hexdigest(), tuple(rows))


def _decoded(name: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadSource(
            f"{name}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8.",
            remedy=f"Save it as UTF-8, e.g. iconv -f latin1 -t utf-8 {name} > utf8-{name}",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadSource(f"{name}, line {line}: a NUL byte.", remedy="Save it as UTF-8 text (it may be UTF-16).")
    return text


def _check_header(name: str, header: Sequence[str], columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in header]
    if missing:
        raise BadSource(
            f"{name}, line 1: missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            remedy="The first line must name the columns; export it again with all of them.",
        )
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise BadSource(f"{name}, line 1: column {', '.join(twice)} stands there twice.", remedy="Remove one.")


def _row(line: int, header: Sequence[str], fields: Sequence[str]) -> SourceRow:
    problem = ""
    if len(fields) != len(header):
        problem = f"{len(fields)} fields where the header has {len(header)}"
    return SourceRow(line, dict(zip(header, fields, strict=False)), problem)
