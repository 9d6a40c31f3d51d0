"""The Range header (RFC 9110, section 14): which part of a file is asked for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPEC = re.compile(r"\s*([0-9]*)-([0-9]*)\s*")
_LONGEST = 18


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes that are."""
        return self.last - self.first + 1


class Unsatisfiable(Exception):
    """The part that is asked for lies outside of the file."""


def read_range(header: str | None, size: int) -> Part | None:
    """The part that is asked for; None is the whole file: no header, another unit, several parts, or no range at all.

    Raises Unsatisfiable when it is a range, and none of it exists.
    """
    unit, equals, spec = (header or "").partition("=")
    found = _SPEC.fullmatch(spec)
    if unit.strip().lower() != "bytes" or not equals or found is None or max(map(len, found.groups())) > _LONGEST:
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        part = Part(max(0, size - int(last)), size - 1)
    elif last and int(last) < int(first):
        return None
    else:
        part = Part(int(first), min(int(last), size - 1) if last else size - 1)
    if part.length < 1:
        raise Unsatisfiable
    return part


def holds(if_range: str | None, etag: str) -> bool:
    """Whether a Range still counts: there is no If-Range, or it names this very (strong) tag."""
    return if_range is None or if_range.strip() == etag
