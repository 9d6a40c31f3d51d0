"""Themes: how all cards look, read from a folder with a `theme.toml`, and the looking up of its parts by name.

A theme may extend another and then says only what differs. What the parts mean is in `theme_parts`; where they go on
a card is `layout`'s.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from deckport_assets.errors import MissingElement, ThemeError
from deckport_assets.models import Category, Colour, Rarity
from deckport_assets.studio.cards.draw_list import RGBA
from deckport_assets.studio.cards.fonts import FontStack, open_font
from deckport_assets.studio.cards.layers import LayerPicture
from deckport_assets.studio.cards.symbols import Symbol, SymbolTable
from deckport_assets.studio.cards.theme_parts import LayoutPart, ThemeParts

PACKAGE_THEMES = Path(__file__).parents[2] / "themes"
PACKAGE_FONTS = Path(__file__).parents[2] / "fonts"

_COLOUR = re.compile(r"(#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?|\$\w+)(?:@(\d{1,3}))?")
_MOST_TOLD = 8
_NAME = re.compile(r"[\w-]+")
_Found = TypeVar("_Found")


@dataclass(frozen=True, repr=False)
class Theme:
    """A loaded, checked theme. `sha256` changes whenever a file that shapes the cards changes."""

    parts: ThemeParts
    fonts: Mapping[str, FontStack]
    sha256: str
    layers: Mapping[str, LayerPicture] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Theme({self.name!r})"

    @property
    def name(self) -> str:
        return self.parts.name

    @cached_property
    def symbols(self) -> SymbolTable:
        """What has a symbol in this theme's texts."""
        every = [Symbol(key, s.name, s.words, s.codes, s.marks) for key, s in self.parts.symbols.items()]
        ground = self.parts.symbol
        return SymbolTable(every, theme=self.name, bold=ground.font, width_em=ground.width_em)

    def find(self, kind: str, parts: Mapping[Any, _Found], name: str) -> _Found:
        """The part of that name. Raises MissingElement naming the theme and the part."""
        if name not in parts:
            self.lacks(f"{kind} {str(name)!r}")
        return parts[name]

    def lacks(self, part: str) -> NoReturn:
        raise MissingElement(
            f"Theme {self.name!r} has no {part}.", remedy=f"Add it to the theme.toml of {self.name!r}, or correct it."
        )

    def palette(self, colour: Colour, rarity: Rarity, category: Category) -> dict[str, str]:
        """The names of colours (and paths) for a look: the rarity's win over the category's, these over the colour's,
        these over the theme's."""
        return {
            **self.parts.palette,
            **self.find("colour", self.parts.colours, colour),
            **self.find("category", self.parts.categories, category).palette,
            **self.find("rarity", self.parts.rarities, rarity).palette,
        }

    def rgba(self, colour: str, palette: Mapping[str, str]) -> RGBA:
        """A colour as written in the theme, as numbers."""
        opacity = 100
        for _ in range(8):
            match = _COLOUR.fullmatch(colour)
            if match is None:
                raise ThemeError(f"Theme {self.name!r}: {colour!r} is no colour (#rrggbb, #rrggbbaa or $name, @60).")
            opacity = opacity * int(match[2] or 100) // 100
            colour = match[1]
            if colour.startswith("#"):
                red, green, blue, alpha = bytes.fromhex(colour[1:].ljust(8, "f"))
                return red, green, blue, round(alpha * opacity / 100)
            colour = self.find("palette entry", palette, colour[1:])
        raise ThemeError(f"Theme {self.name!r}: the palette entry {colour!r} leads back to itself.")

    def layouts_for(self, features: frozenset[str]) -> tuple[LayoutPart, ...]:
        """The layouts whose needs the card has, the best first; at least one takes any text."""
        found = tuple(layout for layout in self.parts.layouts if features.issuperset(layout.needs))
        if all(layout.text_scale for layout in found):
            self.lacks(f"layout for a card with {', '.join(sorted(features)) or 'nothing'}")
        return found


def theme_name(name: str) -> str:
    """The name, which is that of a folder. Raises ThemeError when it is a path or something else."""
    if not _NAME.fullmatch(name):
        raise ThemeError(
            f"{name!r} is no name of a theme.",
            remedy="Say the name of a theme's folder, which has letters, digits, - and _, without its path.",
        )
    return name


def load_theme(
    folder: Path, *, bases: Sequence[Path] = (PACKAGE_THEMES,), fonts: Path = PACKAGE_FONTS
) -> Theme:  # fmt: skip
    """The theme in a folder. What it extends is sought by name in the folders `bases`, its fonts in its own folder
    `fonts`, in those of the themes that it extends, then in the folder `fonts`.

    Raises MissingElement for a file or part that is not there, ThemeError for a key that no theme has, a wrong value,
    a theme that extends itself.
    """
    chain = _chain(folder, bases)
    raw: dict[str, Any] = {}
    for _, table in reversed(chain):
        raw = _merged(raw, table)
    raw.pop("extends", None)
    raw["name"] = chain[0][1].get("name", folder.name)
    parts = _validated(raw, name=str(raw["name"]))
    font_folders = [*(each / "fonts" for each, _ in chain), fonts]
    digest = hashlib.sha256()
    for each, _ in chain:
        for path in sorted(each.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                _add_file(digest, path.relative_to(each).as_posix(), path)
    stacks = {}
    for stack, names in parts.fonts.items():
        paths = [_font_path(name, font_folders, parts.name) for name in names]
        shas = [_add_file(digest, f"{stack} {name}", path) for name, path in zip(names, paths, strict=True)]
        stacks[stack] = FontStack(stack, [open_font(path, sha) for path, sha in zip(paths, shas, strict=True)])
    layers = _layers(parts, [each for each, _ in chain])
    return Theme(parts=parts, fonts=stacks, sha256=digest.hexdigest(), layers=layers)


def _layers(parts: ThemeParts, folders: Sequence[Path]) -> dict[str, LayerPicture]:
    """The pictures of a theme of layers, from its own folder or that of a theme that it extends."""
    if parts.layers is None:
        return {}
    size_px = (parts.canvas.width_px, parts.canvas.height_px)
    found = {}
    for name in parts.layers.pictures():
        path = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if path is None:
            raise MissingElement(
                f"Theme {parts.name!r} has no picture {name!r}.",
                remedy=f"Put {name} ({size_px[0]} x {size_px[1]} px, PNG) beside its theme.toml.",
            )
        found[name] = LayerPicture(parts.name, path, hashlib.sha256(path.read_bytes()).hexdigest(), size_px)
        found[name].check_size()
    return found


def _chain(folder: Path, bases: Sequence[Path]) -> list[tuple[Path, dict[str, Any]]]:
    """The theme's folder and table, then those that it extends, nearest first."""
    chain: list[tuple[Path, dict[str, Any]]] = []
    while True:
        if any(folder.resolve() == seen.resolve() for seen, _ in chain):
            raise ThemeError(f"Theme {folder.name!r} extends itself.")
        try:
            table = tomllib.loads((folder / "theme.toml").read_text("utf-8"))
        except OSError as error:
            raise MissingElement(f"Theme {folder.name!r} has no readable theme.toml: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ThemeError(f"Theme {folder.name!r}: theme.toml is not valid TOML: {error}") from error
        chain.append((folder, table))
        parent = table.get("extends")
        if parent is None:
            return chain
        if not isinstance(parent, str) or not _NAME.fullmatch(parent):
            raise ThemeError(f"Theme {folder.name!r}: extends must be the name of a theme, not {parent!r}.")
        found = next((base / parent for base in bases if (base / parent / "theme.toml").is_file()), None)
        if found is None:
            raise MissingElement(f"Theme {folder.name!r} extends {parent!r}, which is not there.")
        folder = found


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged, everything else (lists too) is replaced."""
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _validated(raw: dict[str, Any], name: str) -> ThemeParts:
    try:
        return ThemeParts.model_validate(raw)
    except ValidationError as error:
        wrong = error.errors()
        told = [_in_words(each) for each in wrong[:_MOST_TOLD]]
        if len(wrong) > _MOST_TOLD:
            told.append(f"{len(wrong) - _MOST_TOLD} more")
        kind = MissingElement if all(each["type"] == "missing" for each in wrong) else ThemeError
        raise kind(f"Theme {name!r}: {'; '.join(told)}.") from error


def _in_words(wrong: ErrorDetails) -> str:
    place = ".".join(str(step) for step in wrong["loc"])
    if wrong["type"] == "missing":
        return f"there is no {place!r}"
    if wrong["type"] == "extra_forbidden":
        return f"{place!r} is an unknown key"
    return f"{place!r}: {wrong['msg']}" if place else wrong["msg"]


def _font_path(name: str, folders: Sequence[Path], theme: str) -> Path:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ThemeError(f"Theme {theme!r}: the font {name!r} is outside of the font folders.")
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise MissingElement(f"Theme {theme!r} has no font file {name!r}.")


def _add_file(digest: Any, label: str, path: Path) -> str:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    digest.update(f"{label}\n{sha256}\n".encode())
    return sha256
