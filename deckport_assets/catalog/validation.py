"""From rows to facts: joins the two files by card name and judges every row. Pure; nothing is written here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from deckport_assets.catalog.dirt import Dirt, Severity
from deckport_assets.catalog.source import SourceFile, SourceRow
from deckport_assets.models import COSTS, DEFAULT_CARD_SET, Category, Colour, Rarity

JSON_COLUMNS = ("limits_json", "targeting_json", "effects_json", "abilities_json")
NUMBERS = (*COSTS, "attack", "defense", "health", "base_energy_per_turn", "equipment_slots")
GREATEST_NUMBER = 99_999
LONGEST_NAME = 120
LONGEST_SLUG = 100
LONGEST_RULES = 600
"""Longer rules are kept and warned of: the renderer will say whether they fit."""
PLAIN_SLUG = re.compile(r"[^\W_][\w.'’-]*")
QUOTED_NAME = re.compile(r"‘([^‘’\n]{2,60}(?:’s[^‘’\n]{0,60})?)’")

Word = TypeVar("Word", bound=StrEnum)


@dataclass(slots=True)
class Candidate:
    """A card as the source has it: its facts by column name, and its prompt."""

    line: int
    facts: dict[str, Any]
    image_prompt: str = ""


@dataclass(slots=True)
class Judged:
    """What came of the two files. `mentioned`: slugs and names of rejected rows, whose cards stay as they are."""

    accepted: list[Candidate] = field(default_factory=list)
    dirt: list[Dirt] = field(default_factory=list)
    rejected: int = 0
    mentioned: set[str] = field(default_factory=set)
    art_without_card: list[str] = field(default_factory=list)


def judge(gameplay: SourceFile, art: SourceFile) -> Judged:
    """Join the art rows to the gameplay rows by name and validate every one of them."""
    judged = Judged()
    art_rows = _art_by_name(art, judged)
    slugs: dict[str, int] = {}
    names: dict[str, int] = {}
    legacy: dict[str, int] = {}
    for row in gameplay.rows:
        look = _Look(gameplay.name, art.name, row, art_rows.get(row["name"]))
        facts = look.facts()
        for column, seen in (("slug", slugs), ("name", names)):
            if row[column] and row[column] in seen:
                remedy = "Give it another, or remove the row."
                look.error(column, row[column], f"Line {seen[row[column]]} has the same {column}.", remedy)
        if row["name"] and (twin := legacy.get(legacy_slug(row["name"]))) and not look.rejected:
            expected = f"Its file name is that of line {twin} ({legacy_slug(row['name'])})."
            look.error("name", row["name"], expected, "Rename one of the two.")
        judged.dirt += look.told()
        if look.rejected:
            judged.rejected += 1
            judged.mentioned |= {row["slug"], row["name"]} - {""}
            continue
        slugs[row["slug"]] = names[row["name"]] = legacy[legacy_slug(row["name"])] = row.line
        judged.accepted.append(Candidate(row.line, facts, look.art["image_prompt"] if look.art else ""))
    every_name = {row["name"] for row in gameplay.rows}
    for name, row in art_rows.items():
        if name not in every_name:
            judged.art_without_card.append(name)
            told = ("No gameplay row has this name.", "Add the card, correct the name, or remove the art row.")
            judged.dirt.append(Dirt(Severity.WARNING, art.name, row.line, "name", name, name, *told))
    judged.dirt += _prompts_of_others(art, judged.accepted, art_rows)
    return judged


def legacy_slug(name: str) -> str:
    """The file name of the old static routes: lower case, blanks and slashes to _, straight quotes dropped."""
    return name.lower().replace(" ", "_").replace("'", "").replace('"', "").replace("/", "_")


def _art_by_name(art: SourceFile, judged: Judged) -> dict[str, SourceRow]:
    rows: dict[str, SourceRow] = {}
    for row in art.rows:
        problem, column = row.problem, ""
        if not problem and not row["name"]:
            problem, column = "the name is empty", "name"
        if not problem and row["name"] in rows:
            problem, column = f"line {rows[row['name']].line} has the same name", "name"
        if not problem:
            rows[row["name"]] = row
            continue
        judged.rejected += 1
        told = (f"A row of its own, but {problem}.", "Mend the row; the first one counts.")
        judged.dirt.append(Dirt(Severity.ERROR, art.name, row.line, column, row["name"], row["name"], *told))
    return rows


def _prompts_of_others(art: SourceFile, accepted: list[Candidate], rows: Mapping[str, SourceRow]) -> Iterator[Dirt]:
    names = {candidate.facts["name"] for candidate in accepted}
    for candidate in accepted:
        own = candidate.facts["name"]
        others = sorted(n for n in QUOTED_NAME.findall(candidate.image_prompt) if n in names and n != own)
        if others and own not in candidate.image_prompt:
            told = (f"It names {own}.", "The picture would show another card: correct the prompt.")
            line = rows[own].line
            yield Dirt(Severity.WARNING, art.name, line, "image_prompt", own, f"names {', '.join(others)}", *told)


class _Look:
    """One gameplay row with its art row, being judged."""

    def __init__(self, file: str, art_file: str, row: SourceRow, art: SourceRow | None) -> None:
        self.file, self.art_file, self.row, self.art = file, art_file, row, art
        self.dirt: list[Dirt] = []

    @property
    def rejected(self) -> bool:
        return any(dirt.severity is Severity.ERROR for dirt in self.dirt)

    def told(self) -> list[Dirt]:
        """What is said of the row: of a rejected one nothing that only matters when it counts."""
        if not self.rejected:
            return self.dirt
        wrong = {dirt.column for dirt in self.dirt if dirt.severity is Severity.ERROR} | {"image_prompt"}
        return [dirt for dirt in self.dirt if dirt.severity is Severity.ERROR or dirt.column not in wrong]

    def facts(self) -> dict[str, Any]:
        if self.row.problem:
            self.error("", self.row.problem, "One field per column.", "Check the quotes and commas of the line.")
            return {}
        category = self._word("category", Category)
        facts: dict[str, Any] = {
            "slug": self._slug(),
            "name": self._name(),
            "category": category,
            "rarity": self._word("rarity", Rarity),
            "colour": self._word("mana_color_code", Colour),
            "legendary": self._flag("legendary"),
        }
        needed = set(COSTS) | set(category.stats if category else ())
        facts |= {column: self._number(column, needed=column in needed) for column in NUMBERS}
        facts["keywords"] = [word.strip() for word in self.row["keywords"].split(",") if word.strip()]
        facts |= {column: self._json(column) for column in JSON_COLUMNS}
        facts |= {c: self.row[c] for c in ("rules_text", "flavor_text", "action_speed")}
        facts |= {c: self._either(c) for c in ("frame_type", "video_prompt")}
        facts["card_set"] = self._card_set()
        self._warn_of_the_rest(facts)
        return facts

    def error(self, column: str, found: str, expected: str, remedy: str) -> None:
        self._say(Severity.ERROR, column, found, expected, remedy)

    def _say(self, severity: Severity, column: str, found: str, expected: str, remedy: str) -> None:
        card = self.row["slug"] or self.row["name"]
        self.dirt.append(Dirt(severity, self.file, self.row.line, column, card, found, expected, remedy))

    def _either(self, column: str) -> str:
        """What the gameplay row says; where it is silent, the art row. A conflict is reported."""
        mine, theirs = self.row[column], self.art[column] if self.art else ""
        if mine and theirs and mine != theirs and column in ("category", "mana_color_code", *COSTS):
            line = self.art.line if self.art else 0
            found = f"{mine} here, {theirs} in {self.art_file}:{line}"
            self._say(
                Severity.WARNING, column, found, "Both files should agree.", f"{mine} counts; correct the art row."
            )
        return mine or theirs

    def _slug(self) -> str:
        slug = self.row["slug"]
        if not slug:
            self.error("slug", "", "Every card has a slug.", "Give the row one.")
        elif not PLAIN_SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG or ".." in slug:
            expected = f"Letters, digits and hyphens, at most {LONGEST_SLUG}: it names folders and partitions."
            self.error("slug", slug, expected, "Give the row another slug.")
        return slug

    def _name(self) -> str:
        name = self.row["name"]
        if not name:
            self.error("name", "", "Every card has a name.", "Give the row one.")
        elif len(name) > LONGEST_NAME or not name.isprintable() or not legacy_slug(name).strip("._"):
            expected = f"At most {LONGEST_NAME} printable characters, a letter among them."
            self.error("name", name, expected, "Shorten the name or remove the odd characters.")
        return name

    def _word(self, column: str, words: type[Word]) -> Word | None:
        text = self._either(column)
        if text.upper() in words.__members__:
            return words[text.upper()]
        self.error(column, text, f"One of {', '.join(words)}.", "Correct the row.")
        return None

    def _flag(self, column: str) -> bool:
        text = self.row[column].upper()
        if text not in ("TRUE", "FALSE", "1", "0", ""):
            self._say(Severity.WARNING, column, text, "TRUE or FALSE.", "Taken as FALSE; correct the row.")
        return text in ("TRUE", "1")

    def _number(self, column: str, *, needed: bool) -> int | None:
        text = self._either(column) if column in COSTS else self.row[column]
        number = int(text) if re.fullmatch(r"[+-]?[0-9]{1,9}", text) else None
        if number is not None and 0 <= number <= GREATEST_NUMBER:
            return number
        expected = f"A whole number from 0 to {GREATEST_NUMBER}."
        if needed:
            self.error(column, text, expected, "Its category needs it: correct the row.")
        elif text:
            self._say(Severity.WARNING, column, text, expected, "Taken as empty; correct the row.")
        return None

    def _json(self, column: str) -> str:
        text = self.row[column]
        if not text:
            return ""
        try:
            return json.dumps(json.loads(text, parse_constant=_no_constants), ensure_ascii=False, sort_keys=True)
        except (ValueError, RecursionError) as error:
            self.error(column, text, f"Valid JSON ({error}).", "Correct the cell, or leave it empty.")
            return ""

    def _card_set(self) -> str:
        if self.art and self.art["card_set"]:
            return self.art["card_set"]
        expected = "An art row names the card's set."
        self._say(Severity.NOTE, "card_set", "", expected, f"{DEFAULT_CARD_SET} was taken.")
        return DEFAULT_CARD_SET

    def _warn_of_the_rest(self, facts: Mapping[str, Any]) -> None:
        if not (self.art and self.art["image_prompt"]):
            expected = "A prompt for its picture."
            self._say(Severity.WARNING, "image_prompt", "", expected, "It is written for the card: deckport prompts.")
        if len(facts["rules_text"]) > LONGEST_RULES:
            found = f"{len(facts['rules_text'])} characters"
            expected = f"At most {LONGEST_RULES} characters of rules."
            self._say(Severity.WARNING, "rules_text", found, expected, "It may not fit the card: shorten it.")


def _no_constants(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")
