"""`deckport prompts` and `deckport keys`: asking for prompts, seeing where they stand, writing them oneself."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.cards import find_card
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.keys import SCOPES, add_first_key, add_key, list_keys, revoke_key
from deckport_assets.catalog.prompt_queue import LEAST_URGENT, MOST_URGENT, USUAL, Request, Status
from deckport_assets.catalog.prompts import (
    Origin,
    StoredPrompt,
    add_prompt,
    names_and_texts,
    prompt_versions,
    prompts_that_count,
    write_by_hand,
)
from deckport_assets.cli.batching import Wanted, ask_before_paying, batches, write_missing
from deckport_assets.cli.speaking import json_option, open_catalog, say_json
from deckport_assets.errors import DeckportError, Refused
from deckport_assets.models import Card
from deckport_assets.studio.prompts.prompt import Finding


@click.group()
def prompts() -> None:
    """Ask for prompts, see where they stand, and write them yourself.

    \b
    Example: deckport prompts ask clockwork-moth --priority 8
    """


@prompts.command("ask")
@click.argument("card", nargs=-1)
@click.option("--text", default="", help="What you wish of it; without a card, what the prompt is to be about.")
@click.option("--reference", "references", multiple=True, help="What it is to be like; can be said several times.")
@click.option(
    "--priority", default=USUAL, show_default=True, type=click.IntRange(LEAST_URGENT, MOST_URGENT),
    help=f"{MOST_URGENT} is the most urgent.",
)  # fmt: skip
@json_option
def ask(card: tuple[str, ...], text: str, references: tuple[str, ...], priority: int, as_json: bool) -> None:
    """Put requests into the queue: one for each card, or one for free text. Dagster writes them while it runs.

    \b
    Examples: deckport prompts ask clockwork-moth --text "seen from below, at dusk"
              deckport prompts ask --text "a poster of the six colours"
    """
    if not card and not text:
        raise Refused("Of which card?", remedy="Name cards, or say with --text what it is to be about.")
    with open_catalog() as database, database.writing() as connection:
        found: list[Card | None] = [must_find(connection, word) for word in card]
        made = [
            queue.enqueue(
                connection, card=each.slug if each else "", words=text, references=references, priority=priority,
                requester=who_is_here(),
            )
            for each in found or [None]
        ]  # fmt: skip
        known, line = queue.statistics(connection), [each.id for each in queue.in_line(connection)]
    if as_json:
        say_json({"requests": [told(request) | {"new": new} for request, new in made]})
        return
    for request, new in made:
        place = line.index(request.id) if request.id in line else 0
        about = f"in about {queue.wait_s(place, known, request):.0f} s"
        again = "" if new else " (it was asked for already)"
        click.echo(f"{request.id}: {request.card or 'free text'} waits{again}, {place + 1}. in line, {about}.")


@prompts.command("queue")
@click.option("--all", "every", is_flag=True, help="What has ended too.")
@json_option
def show_queue(every: bool, as_json: bool) -> None:
    """List what is open, in the order in which it is taken.

    \b
    Example: deckport prompts queue --all
    """
    with open_catalog() as database, database.reading() as connection:
        line, known = queue.in_line(connection), queue.statistics(connection)
        ended = queue.settled(connection) if every else []
    if as_json:
        say_json({"requests": [told(each) for each in [*line, *ended]], "statistics": asdict(known)})
        return
    for place, request in enumerate(line):
        being_written = request.status is Status.PROCESSING
        wait = "is being written" if being_written else f"~{queue.wait_s(place, known, request):.0f} s"
        why = f"  {request.cause} {request.remedy}".rstrip() if request.cause else ""
        what = request.card or _one_line(request.words, 40)
        click.echo(f"{request.id:>6}  {what:<32} {request.priority:>2}  {request.requester:<14} {wait}{why}")
    for request in ended:
        colour = {Status.FAILED: "red", Status.COMPLETED: "green"}.get(request.status)
        what = request.card or _one_line(request.words, 40)
        click.secho(f"{request.id:>6}  {what:<32} {request.status.value}", fg=colour)
        if request.answer and not request.card:  # a card's is its prompt: deckport prompts show
            click.echo(f"        {_one_line(str(request.answer.get('text', '')), 100)}")
        if request.cause or request.remedy:
            click.echo(f"        {request.cause} {request.remedy}".rstrip())
    if not line:
        click.echo("Nothing waits.")


@prompts.command("cancel")
@click.argument("number", type=click.IntRange(1, queue.LARGEST_NUMBER), nargs=-1, required=True)
@json_option
@click.pass_context
def cancel(context: click.Context, number: tuple[int, ...], as_json: bool) -> None:
    """Take requests back. One that cannot be taken back is told, and the others are.

    \b
    Example: deckport prompts cancel 17
    """
    with open_catalog() as database, database.writing() as connection:
        made, refused = _each(number, lambda one: queue.cancel(connection, one))
    _say_each(made, refused, "is cancelled", as_json=as_json)
    context.exit(1 if refused else 0)


@prompts.command("retry")
@click.argument("number", type=click.IntRange(1, queue.LARGEST_NUMBER), nargs=-1)
@click.option("--failed", is_flag=True, help="All that have failed, but for what may have been paid already.")
@click.option("--yes", is_flag=True, help="Do not ask before something that costs.")
@json_option
@click.pass_context
def retry(context: click.Context, number: tuple[int, ...], failed: bool, yes: bool, as_json: bool) -> None:
    """Ask again for what has failed or was cancelled; one that rests after something went wrong is tried now.

    What may have been paid is asked for again only by its number. One that cannot be asked for again is told, and the
    others are.

    \b
    Example: deckport prompts retry --failed
    """
    if failed == bool(number):
        raise Refused("Which?", remedy="Name numbers, or say --failed.")
    with open_catalog() as database:
        if failed:
            with database.reading() as connection:
                every = queue.settled(connection, [Status.FAILED], most=10_000)
            number = tuple(one.id for one in every if one.kind != "possibly_billed")
            if len(number) < len(every):
                click.echo(f"{len(every) - len(number)} may have been paid; ask for them by number.", err=True)
            wanted = [Wanted(one.card, one.words, one.references) for one in every if one.id in number]
            if wanted:
                ask_before_paying(database, wanted, batch=False, yes=yes)
        with database.writing() as connection:
            made, refused = _each(number, lambda one: queue.retry(connection, one))
    _say_each(made, refused, "waits again", as_json=as_json)
    context.exit(1 if refused and not failed else 0)


def _each(numbers: Sequence[int], change: Callable[[int], Request]) -> tuple[list[Request], dict[int, Refused]]:
    """The requests that were changed, and why the others were not."""
    made: list[Request] = []
    refused: dict[int, Refused] = {}
    for each in dict.fromkeys(numbers):
        try:
            made.append(change(each))
        except Refused as error:
            refused[each] = error
    return made, refused


def _say_each(made: Sequence[Request], refused: Mapping[int, Refused], words: str, *, as_json: bool) -> None:
    for each, why in refused.items():
        click.secho(f"{each}: {why} {why.remedy}", fg="red", err=True)
    if as_json:
        mistakes = [
            {"id": each, "error": str(why), "kind": why.kind, "remedy": why.remedy} for each, why in refused.items()
        ]
        say_json({"requests": [told(each) for each in made], "refused": mistakes})
        return
    for one in made:
        click.echo(f"{one.id}: {one.card or 'free text'} {words}.")
    if not made and not refused:
        click.echo("There is none.")


@prompts.command("show")
@click.argument("card")
@json_option
def show(card: str, as_json: bool) -> None:
    """Show the versions of a card's prompt; the first is the one that counts.

    \b
    Example: deckport prompts show clockwork-moth
    """
    with open_catalog() as database, database.reading() as connection:
        found = must_find(connection, card)
        every = versions_in_order(connection, found)
    if as_json:
        say_json({"card": found.slug, "prompts": [asdict(each) for each in every]})
        return
    for place, each in enumerate(every):
        counts = "  counts" if place == 0 else ""
        click.secho(f"{each.version}  {each.origin.value} {each.author}{counts}", bold=place == 0)
        click.echo(f"    {each.text}")
    if not every:
        click.echo(f"{found.name} has no prompt: deckport prompts ask {found.slug}")


@prompts.command("write")
@click.argument("card", required=False)
@click.argument("text", required=False)
@click.option("--negative", default="", help="What must not be seen, for workflows that take it.")
@click.option("--missing", is_flag=True, help="Have every missing prompt written, by the queue.")
@click.option("--batch", is_flag=True, help="With --missing: in one piece, at half the price, within a day.")
@click.option("--yes", is_flag=True, help="Do not ask before something that costs.")
@json_option
def write(
    card: str | None, text: str | None, negative: str, missing: bool, batch: bool, yes: bool, as_json: bool
) -> None:
    """Write a card's prompt yourself, or have all that are missing written.

    What you write counts before any other prompt, and no machine ever replaces it. What the rules remark on it is
    told; it is used as it is.

    \b
    Examples: deckport prompts write clockwork-moth "Clockwork Moth, an aether creature of brass..."
              deckport prompts write --missing --batch
    """
    if missing:
        if card or text or negative:
            raise Refused("--missing is for all cards.", remedy="Leave the card and the text out, or --missing.")
        write_missing(batch=batch, yes=yes, requester=who_is_here(), as_json=as_json)
        return
    if batch or not card or text is None:
        raise Refused("Which prompt?", remedy="Name a card and write its text, or say --missing, with --batch.")
    with open_catalog() as database, database.writing() as connection:
        found = must_find(connection, card)
        made = write_by_hand(connection, found.slug, text, negative=negative, author=who_is_here())
        queue.settle_failed(connection, found.slug, f"{who_is_here()} has written it.")
        remarks = _remarks(connection, found, made)
    if as_json:
        say_json(_prompt_told(found, made) | {"remarks": [asdict(each) for each in remarks]})
        return
    _say_prompt(found, made, as_json=False)
    for remark in remarks:
        click.secho(f"The rules remark that it {remark.message}. It is used as it is.", fg="yellow", err=True)


@prompts.command("use")
@click.argument("card")
@click.argument("version", type=int)
@json_option
def use(card: str, version: int, as_json: bool) -> None:
    """Have an older version count again, or a machine's before the source's: it becomes yours.

    \b
    Example: deckport prompts use clockwork-moth 2
    """
    with open_catalog() as database, database.writing() as connection:
        found = must_find(connection, card)
        chosen = next((each for each in prompt_versions(connection, found.slug) if each.version == version), None)
        if chosen is None:
            raise Refused(f"{found.name} has no prompt {version}.", remedy=f"deckport prompts show {found.slug}")
        made = add_prompt(
            connection, found.slug, Origin.HUMAN, chosen.text, caption=chosen.caption, negative=chosen.negative,
            motion=chosen.motion, author=who_is_here(),
        )  # fmt: skip
    _say_prompt(found, made, as_json=as_json)


prompts.add_command(batches)


@click.group()
def keys() -> None:
    """Keys of the API, for those who spend money over HTTP.

    \b
    Example: deckport keys add ada
    """


@keys.command("add")
@click.argument("name")
@click.option("--scope", default="prompts", show_default=True, type=click.Choice(SCOPES))
@json_option
def keys_add(name: str, scope: str, as_json: bool) -> None:
    """Make a key. It is shown now and never again.

    \b
    Example: deckport keys add ada --scope prompts
    """
    with open_catalog() as database, database.writing() as connection:
        secret = add_key(connection, name, scope)
    if as_json:
        say_json({"name": name, "scope": scope, "key": secret})
        return
    click.echo(secret)
    click.echo("Keep it: it is shown only now. It is sent as  Authorization: Bearer KEY", err=True)


@keys.command("list")
@json_option
def keys_list(as_json: bool) -> None:
    """List the keys that there are, by how they begin.

    \b
    Example: deckport keys list
    """
    with open_catalog() as database, database.reading() as connection:
        every = list_keys(connection)
    if as_json:
        say_json({"keys": [_key_told(each) for each in every]})
        return
    for each in every:
        state = f"revoked {each.revoked_at:%Y-%m-%d}" if each.revoked_at else "opens"
        used = f"last used {each.last_used_at:%Y-%m-%d %H:%M} UTC" if each.last_used_at else "never used"
        click.echo(f"{each.begins_with}...  {each.name:<20} {each.scope:<10} {state}, {used}")
    if not every:
        click.echo("There are no keys: deckport keys add NAME")


@keys.command("revoke")
@click.argument("name")
@json_option
def keys_revoke(name: str, as_json: bool) -> None:
    """Have a key open nothing any more, from this moment.

    \b
    Example: deckport keys revoke ada
    """
    with open_catalog() as database, database.writing() as connection:
        revoke_key(connection, name)
    if as_json:
        say_json({"revoked": name})
        return
    click.echo(f"The key {name} opens nothing any more.")


def first_key(database: Database) -> str | None:
    """The key that is made for who sits here when there never was one. That it cannot be made is said, and no more."""
    try:
        with database.writing() as connection:
            return add_first_key(connection, who_is_here(), SCOPES[0])
    except (DeckportError, DBAPIError) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()[0]
        click.secho(f"A first key could not be made: {reason}", fg="yellow", err=True)
        click.echo("       Make one later: deckport keys add NAME", err=True)
        return None


def must_find(connection: Any, word: str) -> Card:
    """The card that a word names. Raises Refused when there is none, or when it has left the catalog."""
    found = find_card(connection, word)
    if found is None:
        raise Refused(f"There is no card {word!r}.", remedy="Use its slug, SKU or exact name.")
    if found.retired:
        raise Refused(f"{found.name} has left the catalog.", remedy="Import a source that has it again.")
    return found


def versions_in_order(connection: Any, card: Card) -> list[StoredPrompt]:
    """The versions of a card's prompt: the one that counts, then the others, the latest first."""
    counts = prompts_that_count(connection, [card.slug]).get(card.slug)
    every = prompt_versions(connection, card.slug)
    return sorted(every, key=lambda each: counts is None or each.version != counts.version)


def told(request: Request) -> dict[str, Any]:
    """A request as JSON has it."""
    return {
        "id": request.id, "card": request.card, "text": request.words, "priority": request.priority,
        "requester": request.requester, "status": request.status.value, "attempts": request.attempt,
        "cause": request.cause, "remedy": request.remedy, "prompt_version": request.prompt_version,
        "answer": dict(request.answer) if request.answer else None,
    }  # fmt: skip


def who_is_here() -> str:
    """The name of the user whose process this is, or its number when it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _say_prompt(card: Card, made: StoredPrompt, *, as_json: bool) -> None:
    if as_json:
        say_json(_prompt_told(card, made))
        return
    click.echo(f"Version {made.version} of {card.name}'s prompt counts from now on.")
    click.echo(f"Its asset: deckport produce {card.slug} --assets prompt; another picture: --redraw --assets artwork")


def _prompt_told(card: Card, made: StoredPrompt) -> dict[str, Any]:
    return {"card": card.slug, "version": made.version, "origin": made.origin.value}


def _remarks(connection: Any, card: Card, made: StoredPrompt) -> Sequence[Finding]:
    """What the rules find in a prompt beside those of the other cards."""
    from deckport_assets.studio.prompts.rules import lint

    names, texts = names_and_texts(connection)
    texts.pop(card.slug, None)
    return lint(made.text, card, other_names=names, other_texts=texts.values())


def _one_line(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _key_told(key: Any) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(key).items()}
