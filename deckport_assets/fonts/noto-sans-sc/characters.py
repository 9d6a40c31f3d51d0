"""Prints the code points of the fallback font, one a line: see README.md one folder up."""

from collections.abc import Iterator


def two_bytes(codec: str, leads: range, trails: range) -> Iterator[int]:
    """The code points of a codec's double-byte characters with these lead and trail bytes."""
    for lead in leads:
        for trail in trails:
            try:
                decoded = bytes((lead, trail)).decode(codec)
            except UnicodeDecodeError:
                continue
            if len(decoded) == 1:
                yield ord(decoded)


def code_points() -> set[int]:
    wanted = set(two_bytes("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF)))
    wanted |= set(two_bytes("euc_jp", range(0xA1, 0xF5), range(0xA1, 0xFF)))
    wanted |= set(two_bytes("big5", range(0xA4, 0xC7), range(0x40, 0xFF)))
    for first, last in (
        (0x20, 0x17F), (0x370, 0x3FF), (0x400, 0x52F), (0x2010, 0x205E), (0x20A0, 0x20BF), (0x2190, 0x2193),
        (0x3000, 0x30FF), (0x3105, 0x312F), (0xFF00, 0xFFEF),
    ):  # fmt: skip
        wanted |= set(range(first, last + 1))
    return wanted


if __name__ == "__main__":
    print("\n".join(f"{code:04X}" for code in sorted(code_points())))
