"""How the commands speak: one JSON object with --json, tables and progress bars for people, errors with a way out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from deckport_assets.catalog.database import Database
from deckport_assets.errors import DeckportError, Refused
from deckport_assets.settings import Settings, misspelt, settings, variable

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """--json: print one JSON object instead of text."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def say_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say_error(error: DeckportError, *, as_json: bool = False) -> None:
    """Print what went wrong and what to do, on the error stream; with --json also as the one JSON object."""
    if as_json:
        say_json({"error": str(error), "kind": error.kind, "remedy": error.remedy})
    click.secho(f"Error: {error}", fg="red", err=True)
    if error.remedy:
        click.echo(f"       {error.remedy}", err=True)


def chosen_settings() -> Settings:
    """The settings in force. Raises Refused when one of them is wrong, naming it."""
    from pydantic import ValidationError

    try:
        first_time = settings.cache_info().currsize == 0
        chosen = settings()
        if first_time:
            for name, nearest in misspelt().items():
                meant = f" Is {nearest} meant?" if nearest else ""
                click.secho(f"{name} is no setting and is ignored.{meant}", fg="yellow", err=True)
        return chosen
    except ValidationError as wrong:
        first = wrong.errors()[0]
        field = str(first["loc"][0])  # its name, or that of its variable when it has one of its own
        name = variable(field) if field in Settings.model_fields else field
        raise Refused(f"{name}: {first['msg']}.", remedy="Correct it in the environment or in .env.") from None


@contextmanager
def open_catalog() -> Iterator[Database]:
    """The catalog database of the settings, its tables up to date."""
    database = Database(chosen_settings().catalog_url)
    try:
        database.migrate()
        yield database
    finally:
        database.close()
