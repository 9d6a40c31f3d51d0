"""The `deckport` command. Each verb stands in the module of its subject; what they share is in `speaking`."""

import sys

import click
from sqlalchemy.exc import DBAPIError, OperationalError

from deckport_assets.catalog.database import is_full_disk
from deckport_assets.cli.cataloguing import import_, settings_
from deckport_assets.cli.drawing import comfyui
from deckport_assets.cli.estimating import estimate
from deckport_assets.cli.keeping import adopt, failures, gc, retry, rollback, verify
from deckport_assets.cli.printing import print_
from deckport_assets.cli.producing import produce
from deckport_assets.cli.prompting import keys, prompts
from deckport_assets.cli.reviewing import review
from deckport_assets.cli.serving import demo, serve, up
from deckport_assets.cli.speaking import say_error
from deckport_assets.cli.spending import costs_
from deckport_assets.cli.theming import theme
from deckport_assets.errors import Cancelled, DeckportError, Refused, ServiceUnavailable, StorageFull


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def deckport() -> None:
    """Make and serve everything that players see and hear of Deckport.

    \b
    deckport demo                            try it: the demo cards, start to end
    deckport up                              Dagster's UI and the catalog
    deckport import GAMEPLAY.csv ART.csv     bring the catalog in
    deckport produce                         make what is missing
    deckport review                          what a person has to look at
    deckport print --pdf cards.pdf           sheets to print and cut
    """


for command in (
    import_, produce, print_, review, failures, retry, verify, gc, rollback, adopt, settings_, theme, comfyui, up,
    serve, demo, prompts, keys, costs_, estimate,
):  # fmt: skip
    deckport.add_command(command)


def main() -> None:
    """Run the command; an error that the project expects is one line with its way out, not a traceback."""
    as_json = "--json" in sys.argv
    try:
        sys.exit(deckport(standalone_mode=False))  # Click gives back what a command left with
    except click.ClickException as error:
        if as_json:
            say_error(Refused(error.format_message(), remedy="deckport COMMAND --help"), as_json=True)
        else:
            error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        stopped = Cancelled("Stopped. What was finished is kept.", remedy="The same command goes on with the rest.")
        say_error(stopped, as_json=as_json)
        sys.exit(130)
    except Cancelled as stopped:
        say_error(stopped, as_json=as_json)
        sys.exit(130)
    except (DeckportError, OSError, DBAPIError, UnicodeEncodeError) as error:
        expected = _expected(error)
        if expected is None:
            raise
        say_error(expected, as_json=as_json)
        sys.exit(1)


def _expected(error: DeckportError | OSError | DBAPIError | UnicodeEncodeError) -> DeckportError | None:
    """What went wrong as one of the project's own errors, or None when it is a mistake of ours."""
    if isinstance(error, DeckportError):
        return error
    if isinstance(error, UnicodeEncodeError):
        if not any("\ud800" <= letter <= "\udfff" for letter in error.object):
            return None
        typed = error.object.encode(errors="backslashreplace").decode()
        return Refused(f"Nothing was kept: {typed[:200]!r} is not UTF-8.", remedy="Type it on a terminal that is.")
    if is_full_disk(error):
        remedy = "Free some room (deckport gc lists what can go), then run the same command again."
        return StorageFull("The disk is full. What was finished is kept.", remedy=remedy)
    if isinstance(error, OperationalError):
        reason = str(error.orig or error).strip().splitlines()[0]
        remedy = "See that it runs and that DECKPORT_DATABASE_URL says where; then run the same command again."
        return ServiceUnavailable(f"The database does not answer: {reason}", remedy=remedy)
    return None
