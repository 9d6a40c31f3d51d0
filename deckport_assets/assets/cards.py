"""Every card: its facts, prompt, artwork, composite, frame, thumbnails and video, each with its check beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dagster as dg
from dagster._core.storage.tags import PRIORITY_TAG

from deckport_assets.assets.card_craft import animate, draw_artwork, render, write_prompt
from deckport_assets.assets.card_line import CardLine, told
from deckport_assets.assets.catalog import CATALOG
from deckport_assets.batch import CHECK, batch
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.line import looks, note_code_versions
from deckport_assets.catalog.recipes import ARTWORK, COMPOSITE, FACTS, FRAME, PROMPT, THUMBNAIL, VIDEO
from deckport_assets.catalog.standing import ORDER_TAG, Order
from deckport_assets.errors import Damaged
from deckport_assets.media import MediaStore
from deckport_assets.partitions import cards
from deckport_assets.resources.catalog import Catalog
from deckport_assets.resources.media import Media
from deckport_assets.resources.providers import Animator, Artist, Writer
from deckport_assets.resources.studio import Studio

GROUP = "cards"
PROMPT_CODE_VERSION = "1"
OWNERS = ["team:art"]
AC = dg.AutomationCondition

NEED = AC.missing() & ~AC.in_progress() & ~AC.execution_failed() & ~AC.any_deps_missing()
"""What is missing and can be made. A failure waits for the night or a person, so that it is not repeated for ever."""

RERENDER = (
    AC.any_deps_match(AC.data_version_changed()).since(AC.newly_requested() | AC.newly_updated())
    & ~AC.missing()
    & ~AC.in_progress()
    & ~AC.any_deps_missing()
)
"""A changed text or art. Without `since`, a change that comes during a run would be lost."""

REDO = AC.code_version_changed() & ~AC.missing() & ~AC.in_progress()
"""A changed theme or renderer. Only ever on what is free: on artwork it would draw the whole catalog again."""


def key(asset: str) -> dg.AssetKey:
    """Dagster's key of an asset: cards/composite is its address everywhere."""
    return dg.AssetKey(asset.split("/"))


facts = dg.AssetSpec(
    key=key(FACTS),
    deps=[CATALOG],
    description="What the catalog's source says of a card: its name, numbers and texts. Changed by an import alone.",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"csv"},
    partitions_def=cards,
)


def prompt(*, automated: bool) -> dg.AssetsDefinition:
    """The words of each card. `automated`: whether it is made unasked."""

    @dg.asset(
        key=key(PROMPT),
        deps=[facts],
        group_name=GROUP,
        owners=OWNERS,
        kinds={"text"},
        partitions_def=cards,
        output_required=False,
        backfill_policy=dg.BackfillPolicy.multi_run(400),
        pool="writer",
        code_version=PROMPT_CODE_VERSION,
        automation_condition=NEED if automated else None,
    )
    def prompt(
        context: dg.AssetExecutionContext,
        catalog: dg.ResourceParam[Catalog],
        media: Media,
        writer: dg.ResourceParam[Writer],
    ) -> Iterator[Any]:
        """The words that the card's picture is drawn from: a person's, the source's, or else written for it."""
        line = line_for(context, catalog, media, partial(write_prompt, writer=writer), real=writer.real)
        try:
            yield from batch(context, line, order=line.order, at_once=writer.at_once)
        finally:
            line.note_told(context.partition_keys)

    return prompt


def artwork(*, automated: bool) -> dg.AssetsDefinition:
    """The picture of each card. `automated`: whether it is made unasked."""

    @dg.asset(
        key=key(ARTWORK),
        deps=[facts, key(PROMPT)],
        group_name=GROUP,
        owners=OWNERS,
        kinds={"image"},
        partitions_def=cards,
        output_required=False,
        backfill_policy=dg.BackfillPolicy.multi_run(50),
        pool="artist",
        code_version="1",
        automation_condition=NEED if automated else None,
    )
    def artwork(
        context: dg.AssetExecutionContext,
        catalog: dg.ResourceParam[Catalog],
        media: Media,
        artist: dg.ResourceParam[Artist],
    ) -> Iterator[Any]:
        """The picture on the card, without frame or text."""
        line = line_for(context, catalog, media, partial(draw_artwork, artist=artist), real=artist.real)
        yield from batch(context, line, order=line.order, at_once=artist.at_once)

    return artwork


def rendering(code_version: str) -> dg.AssetsDefinition:
    """The three assets that one pass over the artwork makes; their code version is that of theme and renderer."""

    def spec(asset: str, kinds: set[str], description: str) -> dg.AssetSpec:
        return dg.AssetSpec(
            key=key(asset),
            deps=[facts, key(ARTWORK)],
            description=description,
            group_name=GROUP,
            owners=OWNERS,
            kinds=kinds,
            partitions_def=cards,
            code_version=code_version,
            skippable=True,
            automation_condition=NEED | RERENDER | REDO,
        )

    @dg.multi_asset(
        name="rendered_card",
        specs=[
            spec(COMPOSITE, {"image"}, "The finished card at full size: artwork, frame and every text."),
            spec(FRAME, {"image"}, "Everything of the card but the artwork, to be laid over it."),
            spec(THUMBNAIL, {"image"}, "The finished card in three small sizes, for lists and galleries."),
        ],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.multi_run(200),
        pool="renderer",
    )
    def rendered_card(
        context: dg.AssetExecutionContext, catalog: dg.ResourceParam[Catalog], media: Media, studio: Studio
    ) -> Iterator[Any]:
        """The finished card, its bare frame and its thumbnails, in one pass over the artwork."""
        line = line_for(context, catalog, media, partial(render, studio=studio), real=True)
        yield from batch(context, line, order=line.order, at_once=studio.workers)

    return rendered_card


def video() -> dg.AssetsDefinition:
    """The moving card; never automated, because a person decides which cards move."""

    @dg.asset(
        key=key(VIDEO),
        deps=[facts, key(ARTWORK), key(FRAME)],
        group_name=GROUP,
        owners=OWNERS,
        kinds={"video"},
        partitions_def=cards,
        output_required=False,
        backfill_policy=dg.BackfillPolicy.multi_run(25),
        pool="animator",
        code_version="1",
    )
    def video(
        context: dg.AssetExecutionContext,
        catalog: dg.ResourceParam[Catalog],
        media: Media,
        studio: Studio,
        animator: dg.ResourceParam[Animator],
    ) -> Iterator[Any]:
        """A loop of the card: the artwork moves under the still frame."""
        line = line_for(context, catalog, media, partial(animate, animator=animator, studio=studio), real=animator.real)
        yield from batch(context, line, order=line.order, at_once=animator.at_once)

    return video


def line_for(context: dg.AssetExecutionContext, catalog: Catalog, media: Media, make: Any, *, real: bool) -> CardLine:
    """The line of this run: what was ordered (the run's tags) of the assets that it makes."""
    assets = ["/".join(k.path) for k in context.selected_asset_keys]
    order = Order.of_tags(context.run.tags, assets, assets if real else ())
    if order.redraw and order.asked_at is None:
        order = replace(order, asked_at=first_asked_at(context.instance, context.run))
    versions = {"/".join(spec.key.path): spec.code_version or "" for spec in context.assets_def.specs}
    note_code_versions(catalog.database, versions)
    run = context.run
    return CardLine(
        catalog.database, media.store, run.run_id, order, versions, make, priority_of(run), order_id_of(run)
    )


def priority_of(run: dg.DagsterRun) -> int:
    """How urgent a run is: Dagster's own tag, which a person may have written; what is no number counts as usual."""
    written = run.tags.get(PRIORITY_TAG, "0")
    return int(written) if written.removeprefix("-").isdecimal() else 0


def order_id_of(run: dg.DagsterRun) -> str:
    """What a run's spending belongs to: a produce, a backfill, else the run that was launched first."""
    tags = run.tags
    return tags.get(ORDER_TAG) or tags.get("dagster/backfill") or run.root_run_id or run.run_id


def first_asked_at(instance: dg.DagsterInstance, run: dg.DagsterRun) -> datetime:
    """When a run, or the first one that it is a retry of, was asked for."""
    record = instance.get_run_record_by_id(run.root_run_id or run.run_id)
    return record.create_timestamp if record else datetime.now(UTC)


def check(assets: Sequence[str]) -> dg.AssetChecksDefinition:
    """The one check of each asset. The batch evaluates it with every card that it makes, so in such a run this body
    has nothing to add; executed by itself it reads each file again and says what is found now."""

    @dg.multi_asset_check(
        name=CHECK,
        specs=[
            dg.AssetCheckSpec(CHECK, asset=key(a), description=CHECK_DESCRIPTIONS[a], partitions_def=cards)
            for a in assets
        ],
        can_subset=True,
    )
    def fit_to_publish(
        context: dg.AssetCheckExecutionContext, catalog: dg.ResourceParam[Catalog], media: Media
    ) -> Iterator[dg.AssetCheckResult]:
        made_here = context.op_execution_context.job_def.asset_layer.selected_asset_keys
        for check_key in sorted(context.selected_asset_check_keys):
            if check_key.asset_key not in made_here:
                asset = "/".join(check_key.asset_key.path)
                for evaluation in look_again(
                    asset, context.op_execution_context.partition_keys, catalog.database, media.store
                ):
                    context.op_execution_context.log_event(evaluation)  # type: ignore[arg-type]  # it takes one
        yield from ()

    return fit_to_publish


CHECK_DESCRIPTIONS = {
    PROMPT: "Whether the prompt keeps the style guide. A finding is a warning: the prompt is used as it is.",
    ARTWORK: "Whether the picture is large enough to print, neither blank nor noise, and no other card's.",
    COMPOSITE: "Whether the card prints at full size.",
    FRAME: "Whether the frame prints at full size.",
    THUMBNAIL: "Whether every small size is there.",
    VIDEO: "Whether the loop is small enough for a console, closes, and moves.",
}


def look_again(
    asset: str, slugs: Sequence[str], database: Database, media: MediaStore
) -> Iterator[dg.AssetCheckEvaluation]:
    """Read the current file of each card again and hold it against what was claimed when it was made."""
    with database.reading() as connection:
        found = looks(connection, [asset], slugs)
    for slug, look in found.items():
        version = look.version(asset)
        claims: dict[str, Any] = {"is_made": version is not None}
        passed = version is not None
        if version is not None:
            try:
                media.read(version.path, version.sha256)
                claims["is_undamaged"] = True
            except Damaged:
                claims["is_undamaged"] = passed = False
            made = told(version, look)
            claims |= made.found
            passed = passed and made.fit
        yield dg.AssetCheckEvaluation(
            asset_key=key(asset),
            check_name=CHECK,
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=claims,
            partition=slug,
        )
