"""`deckport up`, `serve` and `demo`: everything running, the catalog alone, and a first look."""

from __future__ import annotations

import io
import os
import socket
import sys
import time
from contextlib import nullcontext, redirect_stdout
from functools import partial
from pathlib import Path

import click

from deckport_assets.cli.producing import produce
from deckport_assets.cli.prompting import first_key
from deckport_assets.cli.speaking import chosen_settings, json_option, open_catalog, say_json
from deckport_assets.errors import Refused

DEMO = Path(__file__).parents[1] / "demo"


@click.command()
@json_option
@click.pass_context
def up(context: click.Context, as_json: bool) -> None:
    """Start Dagster (UI, daemon, code server) and the catalog; Ctrl-C stops them all.

    A service that dies is started again. What runs were left hanging by a power cut is cleared up first. The first
    time, a key for asking for prompts is made and shown.

    \b
    Example: DECKPORT_DAGSTER_PORT=3001 deckport up
    """
    chosen = chosen_settings()  # first: what is wrong with a setting is told in two lines
    from deckport_assets.catalog.line import note_code_versions
    from deckport_assets.definitions import build, live
    from deckport_assets.instance.home import code_versions_of, prepare, services_of
    from deckport_assets.instance.supervisor import Register, Service, Supervisor

    register = Register(chosen.home / "services.json")
    left = register.end_leftovers()
    if left and not as_json:
        click.echo(f"{left} services that a killed `up` had left running were ended.")
    for name, port in (("DAGSTER", chosen.dagster_port), ("API", chosen.api_port), ("CODE", chosen.code_port)):
        _require_free(name, port)
    cleared = prepare(chosen, for_services=True)
    if cleared and not as_json:
        click.echo(f"{len(cleared)} runs were left hanging and are marked failed; what they left is asked for again.")
    with open_catalog() as database:
        note_code_versions(database, code_versions_of(build(live(chosen), chosen)))
        key = first_key(database)
    services = services_of(chosen)
    serving = [sys.executable, "-P", "-m", "deckport_assets.cli.run", "serve"]
    services.append(Service("the catalog", serving, chosen.home / "logs" / "catalog.log"))
    dagster, catalog = f"http://127.0.0.1:{chosen.dagster_port}", f"http://{chosen.api_host}:{chosen.api_port}"
    if as_json:
        logs = str(chosen.home / "logs")
        say_json({"dagster": dagster, "catalog": catalog, "logs": logs, "cleared": cleared, "key": key})
    else:
        click.echo(f"Dagster's UI  {dagster}   (a few seconds to start)")
        click.echo(f"The catalog   {catalog}")
        click.echo(f"Logs          {chosen.home / 'logs'}")
        if key is not None:
            click.echo(f"Your key      {key}   (shown only now)")
            click.echo(f"              Enter it once at {catalog}/prompts, and ask for prompts there.")
    environment = os.environ | {
        "DAGSTER_HOME": str(chosen.dagster_home),
        "DECKPORT_HOME": str(chosen.home),
    }
    say = partial(click.echo, err=as_json)
    context.exit(Supervisor(services, environment, say, register).run())


@click.command()
@json_option
def serve(as_json: bool) -> None:
    """Serve the catalog alone: its pages and its API.

    \b
    Example: DECKPORT_API_PORT=8080 deckport serve
    """
    import uvicorn

    from api.app import create_app

    chosen = chosen_settings()
    if as_json:
        say_json({"catalog": f"http://{chosen.api_host}:{chosen.api_port}"})
    uvicorn.run(
        create_app(chosen), host=chosen.api_host, port=chosen.api_port, log_level="warning", proxy_headers=False
    )


@click.command()
@json_option
@click.pass_context
def demo(context: click.Context, as_json: bool) -> None:
    """Import the demo cards and make them all, drafts throughout; then say where to look.

    \b
    Example: deckport demo
    """
    from deckport_assets.cli.cataloguing import import_

    began = time.monotonic()
    chosen = chosen_settings()
    try:
        with redirect_stdout(io.StringIO()) if as_json else nullcontext():
            context.invoke(import_, gameplay_csv=DEMO / "cards_gameplay.csv", art_csv=DEMO / "cards_art.csv")
    except click.exceptions.Exit as done:
        if done.exit_code:
            raise
    try:
        context.invoke(produce, card=(), select="missing", as_json=as_json)
    except click.exceptions.Exit as done:
        if done.exit_code:
            raise
    if as_json:
        return
    click.echo(f"Made in {time.monotonic() - began:.0f} s. The pictures lie in {chosen.media_location}.")
    click.echo("Next: make up (or: deckport up), then open the addresses that it prints.")


def _require_free(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Refused(
                f"Port {port} is taken.", remedy=f"Is it running already? Else choose another: DECKPORT_{name}_PORT."
            ) from None
