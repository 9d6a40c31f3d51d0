"""`deckport import` and `deckport settings`."""

from __future__ import annotations

from pathlib import Path

import click

from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json
from deckport_assets.settings import variable


@click.command("import")
@click.argument("gameplay_csv", type=click.Path(path_type=Path))
@click.argument("art_csv", type=click.Path(path_type=Path))
@click.option("--retire", is_flag=True, help="Allow more than a tenth of the catalog to be retired.")
@json_option
@click.pass_context
def import_(context: click.Context, gameplay_csv: Path, art_csv: Path, retire: bool, as_json: bool) -> None:
    """Bring the catalog in from its two CSV files.

    Every row is checked; what is wrong is reported with file, line and remedy, and the rest is imported. The same
    files again change nothing. A card that left the source is retired, never deleted.

    \b
    Example: deckport import cards_gameplay.csv cards_art.csv
    """
    import dagster as dg

    from deckport_assets.assets.catalog import CATALOG, metadata_of, tell_dagster
    from deckport_assets.catalog.dirt import Severity
    from deckport_assets.catalog.importing import import_catalog
    from deckport_assets.instance.home import open_instance, prepare

    chosen = chosen_settings()
    prepare(chosen)
    with open_catalog() as database:
        imported = import_catalog(database, chosen.home, gameplay_csv, art_csv, retire=retire)
        with open_instance(chosen) as instance:
            told = tell_dagster(instance, database)
            instance.report_runless_asset_event(dg.AssetMaterialization(CATALOG, metadata=metadata_of(imported)))
    for dirt in imported.dirt:
        if dirt.severity is not Severity.NOTE:
            click.secho(dirt.sentence(), fg="red" if dirt.severity is Severity.ERROR else "yellow", err=True)
    if as_json:
        say_json(imported.summary)
    else:
        found = imported.summary
        click.echo(
            f"{found['cards']} cards: {found['added']} added, {found['changed']} changed, "
            f"{found['unchanged']} unchanged, {found['retired']} retired. {found['rejected']} rows rejected."
        )
        click.echo(
            f"{found['with_prompt']} have a prompt, {found['without_prompt']} do not. "
            f"{found['art_without_card']} art rows have no card."
        )
        click.echo(f"Everything that was found: {imported.report}")
        if told:
            click.echo(f"Next: deckport produce{' --all' if found['changed'] else ''}")
    context.exit(1 if imported.summary["rejected"] else 0)


@click.command("settings")
@json_option
def settings_(as_json: bool) -> None:
    """Show the settings in force, secrets masked.

    \b
    Example: DECKPORT_WORKERS=4 deckport settings
    """
    chosen = chosen_settings()
    values = chosen.masked()
    if as_json:
        say_json({name: list(v) if isinstance(v, tuple) else v for name, v in values.items()})
        return
    described = {variable(name): field.description for name, field in type(chosen).model_fields.items()}
    for name, value in values.items():
        shown = ",".join(value) if isinstance(value, tuple) else "" if value is None else value
        click.echo(f"{name}={shown}")
        click.secho(f"    {described[name]}", dim=True)
