"""Reviews: which versions wait for a person's word, and giving it. What the checks look at stands with the craft.

A flagged picture is current like any other and goes on into its card, so that it is judged where it is seen. A no asks
for another one as if it were missing; it stays current until that is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as db

from deckport_assets.catalog.cards import BY_SKU
from deckport_assets.catalog.database import now, touch
from deckport_assets.catalog.recipes import RECIPES, Recipe
from deckport_assets.catalog.tables import cards, current_versions, versions
from deckport_assets.catalog.versions import Review, Version, current
from deckport_assets.errors import Refused

FINDINGS = {
    "is_large_enough_to_print": "It is too small to print.",
    "is_not_blank": "It is blank, or nearly.",
    "is_not_noise": "It is plain noise.",
    "looks_like_no_other": "It looks like the picture of another card.",
    "is_under_10_megabytes": "It is larger than 10 MB.",
    "has_no_seam": "It jumps where it begins again.",
    "moves": "It does not move.",
}
"""What a check says of a reviewed asset when a claim does not hold."""


def findings(version: Version) -> list[str]:
    """What the check found wrong with a version, as sentences."""
    failed = [name for name, holds in version.claims.items() if holds is False]
    remarks: list[str] = list(version.claims.get("remarks", ()))
    said = [FINDINGS.get(name, f"Not so: {name.replace('_', ' ')}.") for name in failed]
    twin_is_named = any(remark.startswith("It looks like the picture of ") for remark in remarks)
    return [words for words in said if not (twin_is_named and words == FINDINGS["looks_like_no_other"])] + remarks


def is_flagged(claims: Mapping[str, Any]) -> bool:
    """Whether a check found that something is not as it should be."""
    return any(found is False for found in claims.values())


def first_review(recipe: Recipe, claims: Mapping[str, Any], *, draft: bool) -> Review:
    """With which review a version begins: what is a draft is made anew anyway."""
    return Review.WAITING if recipe.reviewed and not draft and is_flagged(claims) else Review.NONE


def waiting_versions(connection: db.Connection) -> list[Version]:
    """The current versions of living cards that wait for a person's word, by their main files, in SKU order."""
    now_current = current_versions.c
    joined = current_versions.join(versions, now_current.version == versions.c.id)
    joined = joined.join(cards, cards.c.slug == now_current.partition)
    query = db.select(versions).select_from(joined).where(versions.c.review == Review.WAITING)
    rows = connection.execute(query.where(cards.c.retired_at.is_(None)).order_by(*BY_SKU, versions.c.asset)).mappings()
    found = [Version(**row) for row in rows]
    return [version for version in found if version.variant == RECIPES[version.asset].variants[0]]


def judge(
    connection: db.Connection, asset: str, slug: str, verdict: Review, by: str, *, seen_sha256: str = ""
) -> Version:
    """Note what a person says of a card's current version; gives its main file as it stands now.

    Review.NONE takes a word back: what the check flagged waits again. Raises Refused when there is nothing to judge, or
    when the current file is not the one that was seen.
    """
    files = current(connection, asset, [slug]).get(slug, {})
    main = files.get(RECIPES[asset].variants[0])
    if main is None:
        raise Refused(f"{asset} of {slug} is not made: there is nothing to judge.", remedy=f"deckport produce {slug}")
    if not main.sha256.startswith(seen_sha256):
        raise Refused(
            f"{asset} of {slug} is {main.sha256[:12]} by now, not {seen_sha256[:12]}.",
            remedy="Look at it again: its card's page in the catalog shows the current one.",
        )
    if verdict is Review.NONE:
        if main.review not in (Review.APPROVED, Review.REJECTED):
            raise Refused(
                f"Nobody has judged {asset} of {slug} as it is now ({main.sha256[:12]}).",
                remedy=f"What was rejected and made anew is an earlier version: deckport rollback "
                f"{asset.split('/')[1]} {slug}",
            )
        verdict = first_review(RECIPES[asset], main.claims, draft=main.draft)
        by = ""
    these = [version.id for version in files.values()]
    judged = replace(main, review=verdict.value, reviewed_by=by, reviewed_at=now() if by else None)
    told = {name: getattr(judged, name) for name in ("review", "reviewed_by", "reviewed_at")}
    connection.execute(versions.update().where(versions.c.id.in_(these)).values(**told))
    touch(connection)
    return judged
