"""`deckport theme check` and `theme preview`: what a designer of cards types."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import click

from deckport_assets.cli.speaking import chosen_settings, json_option, say_error, say_json
from deckport_assets.errors import DeckportError
from deckport_assets.resources.studio import Studio
from deckport_assets.settings import Settings

LOOK_EVERY_S = 0.5


@click.group()
def theme() -> None:
    """Look a theme over, and see it on the hardest cards.

    \b
    Example: deckport theme preview mine --watch
    """


@theme.command()
@click.argument("name", default="")
@json_option
@click.pass_context
def check(context: click.Context, name: str, as_json: bool) -> None:
    """Say what is wrong with a theme: a missing part, an unknown key, a box outside of the card, poor contrast.

    \b
    Example: deckport theme check deckport
    """
    from deckport_assets.studio.cards.theme_check import check_theme

    chosen = chosen_settings()
    flaws = check_theme(studio_of(chosen, name).loaded)
    if as_json:
        say_json({"theme": name or chosen.theme, "flaws": [str(flaw) for flaw in flaws]})
    else:
        for flaw in flaws:
            click.secho(str(flaw), fg="yellow")
        click.echo(
            f"{len(flaws)} {'flaw' if len(flaws) == 1 else 'flaws'}." if flaws else f"{name or chosen.theme} is sound."
        )
    context.exit(1 if flaws else 0)


@theme.command()
@click.argument("name", default="")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The picture; else HOME/themes/NAME.png.")
@click.option("--watch", is_flag=True, help="Draw it again each time a file of the theme is saved; Ctrl-C ends.")
@json_option
def preview(name: str, out: Path | None, watch: bool, as_json: bool) -> None:
    """Draw a sheet of the hard cases with a theme: every category, the longest texts, no text, other alphabets.

    \b
    Example: deckport theme preview mine --watch
    """
    from deckport_assets.studio.cards.theme import theme_name

    chosen = chosen_settings()
    name = name or chosen.theme
    target = out or chosen.home / "themes" / f"{name}.png"
    theme_name(name)
    seen: Mapping[Path, float] = {}
    while True:
        now = _saved_at(chosen, name)
        if now != seen:
            seen = now
            try:
                _draw(chosen, name, target)
                if as_json:
                    say_json({"theme": name, "picture": str(target)})
                else:
                    click.echo(f"{time.strftime('%H:%M:%S')}  {target}")
            except DeckportError as error:
                if not watch:
                    raise
                say_error(error)
        if not watch:
            return
        time.sleep(LOOK_EVERY_S)


def _draw(chosen: Settings, name: str, target: Path) -> None:
    from deckport_assets.studio.cards.theme_check import hard_cases, sheet
    from deckport_assets.studio.encoding import png

    data = png(sheet(studio_of(chosen, name).loaded, hard_cases()))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(data)
    part.replace(target)


def studio_of(chosen: Settings, name: str = "") -> Studio:
    """The studio that the settings ask for, with another theme when one is named."""
    return Studio(theme=name or chosen.theme, own_themes=str(chosen.home / "themes"), workers=chosen.workers)


def _saved_at(chosen: Settings, name: str) -> dict[Path, float]:
    """When each file was saved that may shape the theme: its own, and the package's themes that it may extend."""
    from deckport_assets.studio.cards.theme import PACKAGE_THEMES

    folders = (chosen.home / "themes" / name, PACKAGE_THEMES)
    return {path: path.stat().st_mtime for folder in folders for path in folder.rglob("*") if path.is_file()}
