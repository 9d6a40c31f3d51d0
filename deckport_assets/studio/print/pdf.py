"""The PDF file format, as much of it as sheets need: objects, streams, the table of where they are.

A file is written front to back and only the places of its objects are remembered, so that pictures go through memory
one at a time; ReportLab and pikepdf hold all of them until the end. The same objects give the same bytes: there is no
date, and the file's id is the hash of what it holds. What stands on a page belongs to `sheets`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to an object of the file."""

    number: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name, written /Name."""

    text: str


Value: TypeAlias = "Ref | Name | bool | int | float | str | bytes | Sequence[Value] | Mapping[str, Value]"
"""What an object can hold. A `str` is text for people, `bytes` are bytes."""

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_ID_BYTES = 16
_OFFSET_BYTES = 6
_IN_USE, _FREE = 1, 0


class PdfFile:
    """A PDF that is being written."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.written_bytes = 0
        self.digest = hashlib.sha256()
        self.offsets: dict[int, int] = {}
        self.reserved = 0
        self._write(_HEADER)

    def reserve(self) -> Ref:
        """A number for an object that is put later, so that others can refer to it now."""
        self.reserved += 1
        return Ref(self.reserved)

    def put(self, value: Value, at: Ref | None = None) -> Ref:
        """Write an object."""
        return self._put(written(value), at)

    def put_stream(self, entries: Mapping[str, Value], data: bytes, at: Ref | None = None) -> Ref:
        """Write a stream; its length is added to the entries."""
        head = written({**entries, "Length": len(data)})
        return self._put(head, at, b"\nstream\n", data, b"\nendstream")

    def close(self, catalog: Ref) -> None:
        """Write the table of objects, and the end."""
        table = self.reserve()
        self.offsets[table.number] = self.written_bytes
        places = [_FREE.to_bytes(1, "big") + bytes(_OFFSET_BYTES) + b"\xff\xff"]
        places += [
            _IN_USE.to_bytes(1, "big") + self.offsets[number].to_bytes(_OFFSET_BYTES, "big") + bytes(2)
            for number in range(1, self.reserved + 1)
        ]
        begins, identity = self.written_bytes, self.digest.digest()[:_ID_BYTES]
        # A table as a stream, because the plain one has no room for places beyond 10 GB.
        entries: dict[str, Value] = {
            "Type": Name("XRef"),
            "Size": self.reserved + 1,
            "W": [1, _OFFSET_BYTES, 2],
            "Root": catalog,
            "ID": [identity, identity],
        }
        self.put_stream(entries, b"".join(places), table)
        self._write(b"startxref\n%d\n%%%%EOF\n" % begins)

    def _put(self, body: bytes, at: Ref | None, *rest: bytes) -> Ref:
        ref = at or self.reserve()
        self.offsets[ref.number] = self.written_bytes
        self._write(b"%d 0 obj\n" % ref.number)
        for part in (body, *rest):
            self._write(part)
        self._write(b"\nendobj\n")
        return ref

    def _write(self, data: bytes) -> None:
        self.file.write(data)
        self.digest.update(data)
        self.written_bytes += len(data)


def written(value: Value) -> bytes:
    """The value as a PDF spells it."""
    if isinstance(value, Ref):
        return b"%d 0 R" % value.number
    if isinstance(value, Name):
        return b"/" + value.text.encode("ascii")
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int | float):
        return number(value).encode("ascii")
    if isinstance(value, str):
        return written(b"\xfe\xff" + value.encode("utf-16-be"))
    if isinstance(value, bytes):
        return b"<" + value.hex().encode("ascii") + b">"
    if isinstance(value, Mapping):
        return b"<< " + b" ".join(b"/" + key.encode("ascii") + b" " + written(v) for key, v in value.items()) + b" >>"
    return b"[" + b" ".join(written(item) for item in value) + b"]"


def number(value: float) -> str:
    """A number with at most five places and no exponent: a hundred-thousandth of a point is nothing on paper."""
    text = f"{value:.5f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
