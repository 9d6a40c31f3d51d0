"""The `deckport` command. Each verb stands in the module of its subject; what they share is in `speaking`."""

import sys

import click
from sqlalchemy.exc import DBAPIError

from deckport_assets.catalog.database import is_full_disk
from deckport_assets.cli.cataloguing import import_, settings_
from deckport_assets.cli.keeping import adopt, failures, gc, retry, rollback, verify
from deckport_assets.cli.printing import print_
from deckport_assets.cli.producing import produce
from deckport_assets.cli.serving import demo, serve, up
from deckport_assets.cli.speaking import say_error
from deckport_assets.errors import DeckportError, StorageFull


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def deckport() -> None:
    """Make and serve everything that players see and hear of Deckport.

    \b
    deckport demo                            try it: the demo cards, start to end
    deckport up                              Dagster's UI and the catalog
    deckport import GAMEPLAY.csv ART.csv     bring the catalog in
    deckport produce                         make what is missing
    deckport print --pdf cards.pdf           sheets to print and cut
    """


for command in (import_, produce, print_, failures, retry, verify, gc, rollback, adopt, settings_, up, serve, demo):
    deckport.add_command(command)


def main() -> None:
    """Run the command; an error that the project expects is one line with its way out, not a traceback."""
    try:
        sys.exit(deckport(standalone_mode=False))  # Click gives back what a command left with
    except DeckportError as error:
        say_error(error, as_json="--json" in sys.argv)
        sys.exit(1)
    except (OSError, DBAPIError) as error:
        if not is_full_disk(error):
            raise
        remedy = "Free some room (deckport gc lists what can go), then run the same command again."
        say_error(StorageFull("The disk is full. What was finished is kept.", remedy=remedy))
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. What was finished is kept; the same command goes on with the rest.", err=True)
        sys.exit(130)
