"""How long a text is for CLIP, whose text encoder reads 77 tokens: 75 and the two that mark start and end.

Only counting and cutting: no ids, no tensors. The algorithm is the byte pair encoding of OpenAI's CLIP
(`clip/simple_tokenizer.py`, MIT), the vocabulary file beside this module is theirs. `ftfy` is replaced by the few of
its repairs that occur in typed text (curly quotes, composed letters).
"""

from __future__ import annotations

import gzip
import html
import itertools
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

LIMIT_TOKENS = 75
"""What fits into CLIP's window of 77 beside the start and the end token."""

_VOCABULARY = Path(__file__).with_name("bpe_simple_vocab_16e6.txt.gz")
_MERGES = 49_152 - 256 - 2
_CONTRACTIONS = ("'re", "'ve", "'ll", "'s", "'t", "'m", "'d")
_UNCURLED = str.maketrans({"‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "‟": '"'})
_PHRASE_END = re.compile(r"[,;:.!?—–][\"')\]’”]*$")


def count(text: str) -> int:
    """The number of CLIP tokens of a text, without the start and end token."""
    return len(pieces(text))


def pieces(text: str) -> tuple[str, ...]:
    """The tokens of a text as CLIP's vocabulary spells them: `cat</w>` ends a word, `cat` does not."""
    cleaned = unicodedata.normalize("NFC", html.unescape(html.unescape(text))).translate(_UNCURLED).lower()
    return tuple(piece for word in _words(cleaned) for piece in _pieces_of_word(word))


def trim(text: str, limit: int = LIMIT_TOKENS) -> str:
    """The beginning of a text that has at most `limit` tokens, cut where a phrase ends, else where a word ends.

    A phrase is preferred as long as it keeps half of what would fit. A first word that is too long alone is cut
    between letters; the result is "" only where not even one letter fits.
    """
    words = text.split()
    if count(" ".join(words)) <= limit:
        return " ".join(words)
    used, kept, phrase = 0, 0, 0
    for index, word in enumerate(words):
        used += count(word)
        if used > limit:
            break
        kept = index + 1
        if _PHRASE_END.search(word) and used * 2 >= limit:
            phrase = kept
    end = phrase or kept
    while end and count(" ".join(words[:end])) > limit:
        end -= 1
    return " ".join(words[:end]).rstrip(" ,;:—–") if end else _letters_that_fit(words[0], limit)


def _letters_that_fit(word: str, limit: int) -> str:
    end = min(len(word), max(limit, 0) * 16)
    while end and count(word[:end]) > limit:
        end -= 1
    return word[:end]


def _words(text: str) -> list[str]:
    """What CLIP's pattern finds: contractions, runs of letters, single digits, runs of anything else but blanks."""
    found: list[str] = []
    start = 0
    while start < len(text):
        contraction = next((c for c in _CONTRACTIONS if text.startswith(c, start)), "")
        if contraction:
            found.append(contraction)
            start += len(contraction)
            continue
        kind, end = _kind(text[start]), start + 1
        if kind in "LX":
            while end < len(text) and _kind(text[end]) == kind:
                end += 1
        if kind != " ":
            found.append(text[start:end])
        start = end
    return found


def _kind(character: str) -> str:
    """L for a letter, N for a number, a blank for a blank, X for anything else."""
    if character.isspace():
        return " "
    category = unicodedata.category(character)[0]
    return category if category in "LN" else "X"


@lru_cache(maxsize=1)
def _ranks() -> dict[tuple[str, str], int]:
    lines = gzip.decompress(_VOCABULARY.read_bytes()).decode().split("\n")[1 : _MERGES + 1]
    pairs = (line.split() for line in lines)
    return {(first, second): rank for rank, (first, second) in enumerate(pairs)}


@lru_cache(maxsize=1)
def _letters_of_bytes() -> tuple[str, ...]:
    """A printable letter for each byte: printable ones stand for themselves, the others for 256 and up."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = (chr(256 + n) for n in range(256))
    return tuple(chr(byte) if byte in printable else next(others) for byte in range(256))


@lru_cache(maxsize=8192)
def _pieces_of_word(word: str) -> tuple[str, ...]:
    ranks, letters = _ranks(), _letters_of_bytes()
    parts = [letters[byte] for byte in word.encode(errors="replace")]
    parts[-1] += "</w>"
    while len(parts) > 1:
        best = min(itertools.pairwise(parts), key=lambda pair: ranks.get(pair, _MERGES))
        if best not in ranks:
            break
        parts = _merged(parts, best)
    return tuple(parts)


def _merged(parts: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    index = 0
    while index < len(parts):
        if tuple(parts[index : index + 2]) == pair:
            merged.append(pair[0] + pair[1])
            index += 2
        else:
            merged.append(parts[index])
            index += 1
    return merged
