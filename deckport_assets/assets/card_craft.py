"""How each asset of a card is made at its bench: what it takes, who makes it, what is claimed of it. Not Dagster."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from deckport_assets.assets.card_line import Bench, Picture
from deckport_assets.catalog.ledger import used
from deckport_assets.catalog.line import PERSON
from deckport_assets.catalog.prompt_batches import being_written
from deckport_assets.catalog.prompt_queue import being_answered
from deckport_assets.catalog.prompts import Origin, StoredPrompt, add_prompt, prompt_versions, prompts_that_count
from deckport_assets.catalog.recipes import ARTWORK, COMPOSITE, FRAME, PROMPT, RECIPES, THUMBNAIL, VIDEO
from deckport_assets.catalog.versions import Version, likenesses
from deckport_assets.errors import BadImage, Cancelled, WaitsForInput
from deckport_assets.resources.providers import Animator, Artist, Provenance, Still, Writer
from deckport_assets.resources.studio import Studio
from deckport_assets.studio.encoding import Pixels

LEAST_WIDTH_PX, LEAST_HEIGHT_PX = 1200, 1744
"""The size at which artwork fills the card's window at 600 dpi."""
ADOPTED = ("PNG", "JPEG", "WEBP", "TIFF")
"""The files that people hand in."""
MOST_CLEAR = 0.1
"""How much of a picture may be clear: a cut-out's edge, not its ground."""
ANSWERED_WITHIN_S = 300.0
"""How long a run waits for a request that is being answered for its card."""
LOOK_S = 0.5
LEAST_CROP = 0.02
"""A smaller loss at the edges is not worth a word."""


def write_prompt(bench: Bench, assets: tuple[str, ...], *, writer: Writer) -> None:
    """Choose the prompt that counts, or have one written; lint it either way."""
    from deckport_assets.studio.prompts.rules import lint
    from deckport_assets.studio.prompts.writer import caption_of

    counting = bench.look.prompt
    anew = PROMPT in bench.line.order.redraw and counting is not None and counting.origin is Origin.MACHINE
    if counting is None or counting.origin is Origin.DRAFT or anew:
        counting, provenance = have_written(bench, writer)
        bench.look.prompt = counting
    else:
        provenance = provenance_of(counting)
    findings = lint(counting.text, bench.card)
    content = {
        "text": counting.text,
        "caption": counting.caption or caption_of(counting.text, bench.card),
        "negative": counting.negative,
        "motion": counting.motion,
        "origin": counting.origin.value,
        "version": counting.version,
    }
    bench.give(
        PROMPT,
        {"": Picture(json.dumps(content, ensure_ascii=False, indent=1).encode(), "json")},
        provenance,
        claims={"keeps_the_style_guide": not findings},
        remarks=[finding.message for finding in findings],
        prompt_version=counting.version,
        metadata={"prompt": counting.text, "caption": content["caption"], "origin": counting.origin.value},
    )


def have_written(bench: Bench, writer: Writer) -> tuple[StoredPrompt, Provenance]:
    """The card's prompt by the writer, or by whoever wrote one that counts before it meanwhile."""
    slug = bench.card.slug
    if writer.real and (there := written_for_a_request(bench)) is not None:
        return there, provenance_of(there)
    written = writer.write(bench.card, occasion=bench.occasion, beside=bench.line.beside())
    made = written.provenance
    bench.line.note_text(slug, written.text)
    with bench.line.database.writing() as connection:
        mine = add_prompt(
            connection,
            slug,
            Origin.DRAFT if made.draft else Origin.MACHINE,
            written.text,
            caption=written.caption,
            negative=written.negative,
            motion=written.motion,
            author=made.model,
            provider=made.provider,
            cost_microusd=made.cost_microusd,
            told=True,
        )
        used(connection, written.entries)
        counts = prompts_that_count(connection, [slug])[slug]
    return (mine, made) if counts.version == mine.version else (counts, provenance_of(counts))


def provenance_of(prompt: StoredPrompt) -> Provenance:
    """Who wrote a prompt that is there already."""
    maker, is_draft = prompt.provider or prompt.origin.value, prompt.origin is Origin.DRAFT
    return Provenance(maker, prompt.author, draft=is_draft, cost_microusd=prompt.cost_microusd)


def written_for_a_request(bench: Bench) -> StoredPrompt | None:
    """The prompt that the queue is writing for the card at this moment, waited for, or that came since the run looked;
    None when nobody writes one.

    Raises WaitsForInput for a card in a batch, which takes hours, and when no answer comes; Cancelled.
    """
    slug, until, told = bench.card.slug, time.monotonic() + ANSWERED_WITHIN_S, False
    while True:
        with bench.line.database.reading() as connection:
            in_a_batch, in_the_queue = slug in being_written(connection), being_answered(connection, slug)
            counts = prompts_that_count(connection, [slug]).get(slug)
        if not in_a_batch and not in_the_queue:
            is_another = counts != bench.look.prompt and counts is not None and counts.origin.counts_as_written
            return counts if is_another else None
        if bench.occasion.cancelled():
            raise Cancelled("The run was stopped while the card's prompt was written for a request.")
        if in_a_batch or time.monotonic() > until:
            where, command = ("in a batch", "batches") if in_a_batch else ("for a request", "queue")
            raise WaitsForInput(
                f"The prompt of {slug} is being written {where}.",
                remedy=f"It comes by itself: deckport prompts {command}.",
            )
        if not told:
            bench.occasion.progress(f"{slug}: its prompt is being written for a request; waiting for that.")
        told = True
        time.sleep(LOOK_S)


def draw_artwork(bench: Bench, assets: tuple[str, ...], *, artist: Artist) -> None:
    """Have the picture drawn from the prompt that is current. What looks wrong with it is told, and it is kept."""
    content = json.loads(bench.take(PROMPT))
    attempt = bench.attempt(ARTWORK)
    drawn = artist.draw(
        bench.card, content["text"], negative=content["negative"], attempt=attempt, occasion=bench.occasion
    )
    hashed, claims, remarks = judged(bench, drawn.pixels)
    height_px, width_px = drawn.pixels.shape[:2]
    bench.give(
        ARTWORK,
        {"": Picture(drawn.png, "png", width_px, height_px)},
        drawn.provenance,
        claims=claims,
        remarks=remarks,
        preview=drawn.preview,
        likeness=hashed,
        attempt=attempt,
        prompt_version=content["version"],
    )


def judged(bench: Bench, pixels: Pixels) -> tuple[int, dict[str, bool], list[str]]:
    """A picture's hash, what is claimed of it, and in words what a person should look at."""
    from deckport_assets.studio.likeness import ALIKE_BITS, is_blank, is_noise, likeness, nearest

    height_px, width_px = pixels.shape[:2]
    hashed = likeness(pixels)
    bench.line.likenesses[bench.card.slug] = hashed
    beside = {slug: bits for slug, bits in bench.line.likenesses.copy().items() if slug != bench.card.slug}
    with bench.line.database.reading() as connection:
        found = nearest(hashed, {**likenesses(connection, ARTWORK, but=bench.card.slug), **beside})
    twin = found[0] if found and found[1] <= ALIKE_BITS else ""
    claims = {
        "is_large_enough_to_print": width_px >= LEAST_WIDTH_PX and height_px >= LEAST_HEIGHT_PX,
        "is_not_blank": not is_blank(pixels),
        "is_not_noise": not is_noise(pixels),
        "looks_like_no_other": not twin,
    }
    remarks = [f"It looks like the picture of {twin}."] if twin else []
    return hashed, claims, remarks


def adopt_artwork(bench: Bench, picture: bytes, *, by: str, studio: Studio) -> None:
    """Take a picture that a person made; what is clear in it prints black.

    A picture of another shape than the card's window is cropped: its sides evenly, of its height more below than above
    (the theme's `focus`). Raises BadImage when it is broken, too large, mostly clear, or when what the card shows of it
    is too small to print; TextOverflow or MissingGlyph when the name `by` cannot be printed on the card.
    """
    from deckport_assets.studio.encoding import clear_share, open_picture, png, preview

    pixels = open_picture(picture, formats=ADOPTED)
    height_px, width_px = pixels.shape[:2]
    window = studio.opening(bench.card, credit=by).window
    shown = Crop.of(width_px, height_px, window.width_px, window.height_px)
    if shown.width_px < LEAST_WIDTH_PX:
        raise BadImage(
            f"The picture is {width_px} x {height_px} pixels; this card's window, {window.width_px:g} x "
            f"{window.height_px:g}, shows {shown.width_px} x {shown.height_px} of them.",
            remedy=f"At least {LEAST_WIDTH_PX} x {LEAST_WIDTH_PX * window.height_px / window.width_px:.0f} are needed.",
        )
    clear = clear_share(picture)
    if clear > MOST_CLEAR:
        raise BadImage(
            f"The picture is clear by {clear:.0%}, which would print black.",
            remedy="Put it on a background and hand it in again.",
        )
    clear_in_words = f"{clear:.1%} of it is clear and prints black." if clear > 0 else ""
    before = bench.look.version(ARTWORK)
    hashed, _, remarks = judged(bench, pixels)
    bench.give(
        ARTWORK,
        {"": Picture(png(pixels), "png", width_px, height_px)},  # encoded anew: no metadata of its file is published
        Provenance(PERSON, by, draft=False),
        claims={"is_large_enough_to_print": True},
        remarks=[*remarks, *(told for told in (shown.in_words(), clear_in_words) if told)],
        preview=preview(pixels),
        likeness=hashed,
        attempt=before.attempt + 1 if before else 0,
    )


@dataclass(frozen=True, slots=True)
class Crop:
    """What a window shows of a picture: its pixels, and how much of each side is lost (0 to 1)."""

    width_px: int
    height_px: int
    lost_width: float
    lost_height: float

    @classmethod
    def of(cls, width_px: int, height_px: int, window_width: float, window_height: float) -> Crop:
        scale = max(window_width / width_px, window_height / height_px)
        shown_width, shown_height = window_width / scale, window_height / scale
        return cls(round(shown_width), round(shown_height), 1 - shown_width / width_px, 1 - shown_height / height_px)

    def in_words(self) -> str:
        """How much of the picture the card does not show; empty when it is next to nothing."""
        lost, side = max((self.lost_width, "width"), (self.lost_height, "height"))
        return f"{lost:.0%} of its {side} is cropped by this card's window." if lost > LEAST_CROP else ""


def render(bench: Bench, assets: tuple[str, ...], *, studio: Studio) -> None:
    """Render the card once and encode what is asked for of it."""
    art = bench.look.version(ARTWORK)
    rendered = studio.render(bench.card, bench.take(ARTWORK), credit=credit_of(art) if art else "")
    provenance = Provenance("studio", studio.theme, draft=bool(art and art.draft))
    remarks = studio.lint(bench.card) if COMPOSITE in assets else []
    for asset in assets:
        pictures = {
            variant: Picture(file.data, file.extension, file.width_px, file.height_px)
            for variant, file in rendered.files(asset.rsplit("/", 1)[1]).items()
        }
        main = pictures[RECIPES[asset].variants[0]]
        claims = _fits(asset, main)
        if asset == COMPOSITE:
            claims["its_words_read_well"] = not remarks
        told = remarks if asset == COMPOSITE else []
        bench.give(asset, pictures, provenance, claims=claims, remarks=told, preview=rendered.preview(asset))


def credit_of(art: Version) -> str:
    """Who made a picture, as the card says it: the person by name, else the house."""
    if art.provider == PERSON and art.model:
        return art.model
    return "Deckport, draft" if art.draft else "Deckport"


def _fits(asset: str, main: Picture) -> dict[str, bool]:
    if asset == THUMBNAIL:
        return {"has_every_size": True}
    return {"prints_at_full_size": (main.width_px, main.height_px) == (1500, 2100)}


def animate(bench: Bench, assets: tuple[str, ...], *, animator: Animator, studio: Studio) -> None:
    """Have the artwork moved under the frame, in its light. What looks wrong with the loop is told, and it is kept."""
    attempt = bench.attempt(VIDEO)
    said = drawn_from(bench)
    still = Still(
        bench.take(ARTWORK),
        bench.take(FRAME),
        studio.opening(bench.card),
        said.text if said else "",
        said.motion if said else "",
    )
    made = animator.animate(bench.card, still, attempt=attempt, occasion=bench.occasion)
    bench.give(
        VIDEO,
        {
            "": Picture(made.mp4, "mp4", made.width_px, made.height_px),
            "theora": Picture(made.theora, "ogv", made.width_px, made.height_px),
        },
        made.provenance,
        claims={"is_under_10_megabytes": max(len(made.mp4), len(made.theora)) < 10_000_000, **made.claims},
        attempt=attempt,
    )


def drawn_from(bench: Bench) -> StoredPrompt | None:
    """The prompt that the current artwork was drawn from; None when a person made it.

    Not the prompt that counts now: these words belong to the artwork, so a video depends on artwork and frame alone,
    as its recipe says, and a prompt that is written anew makes no video stale before the artwork is.
    """
    art = bench.look.version(ARTWORK)
    if art is None or art.prompt_version is None:
        return None
    with bench.line.database.reading() as connection:
        known = prompt_versions(connection, bench.card.slug)
    return next((prompt for prompt in known if prompt.version == art.prompt_version), None)
