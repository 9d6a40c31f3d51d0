"""The whole pipeline on one page. `build` takes the resources, so that a test can put it together with others."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import dagster as dg

warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

from deckport_assets.assets import cards  # noqa: E402 - the warnings above are raised by its decorators
from deckport_assets.assets.catalog import catalog_asset  # noqa: E402
from deckport_assets.catalog.ledger import Budgets  # noqa: E402
from deckport_assets.catalog.recipes import ARTWORK, ASSETS, PROMPT, VIDEO  # noqa: E402
from deckport_assets.resources.catalog import Catalog  # noqa: E402
from deckport_assets.resources.claude import Claude, ClaudeWriter  # noqa: E402
from deckport_assets.resources.comfyui import ComfyUI, ComfyUIAnimator, ComfyUIArtist  # noqa: E402
from deckport_assets.resources.comfyui.execution import Patience  # noqa: E402
from deckport_assets.resources.embedded import EmbeddedAnimator, EmbeddedArtist, EmbeddedWriter  # noqa: E402
from deckport_assets.resources.media import Media  # noqa: E402
from deckport_assets.resources.providers import Writer  # noqa: E402
from deckport_assets.resources.studio import Studio  # noqa: E402
from deckport_assets.schedules import schedules  # noqa: E402
from deckport_assets.sensors import sensors  # noqa: E402
from deckport_assets.settings import Settings, settings  # noqa: E402
from deckport_assets.studio.prompts.asking import STYLE_GUIDE  # noqa: E402


def live(chosen: Settings) -> dict[str, Any]:
    """The resources that these settings ask for."""
    cv2.setNumThreads(1)  # cards are made in threads of our own; OpenCV's would only contend with them
    return {
        "catalog": Catalog(url=chosen.catalog_url),
        "media": Media(location=chosen.media_location),
        "studio": Studio(theme=chosen.theme, own_themes=str(chosen.home / "themes"), workers=chosen.workers),
        "writer": writer(chosen),
        **painters(chosen),
    }


def writer(chosen: Settings) -> Writer:
    """Who writes prompts: Claude with a key, else the embedded writer, whose prompts are drafts."""
    if not chosen.anthropic_api_key.get_secret_value():
        return EmbeddedWriter(workers=chosen.workers, refused=chosen.require_real)
    own = chosen.home / STYLE_GUIDE.name
    return ClaudeWriter(claude(chosen), (own if own.is_file() else STYLE_GUIDE).read_text(encoding="utf-8"))


def painters(chosen: Settings) -> dict[str, Any]:
    """Who draws and animates: the same ComfyUI when it is configured, else the embedded ones, which make drafts."""
    if not chosen.comfyui_servers:
        return {
            "artist": EmbeddedArtist(workers=chosen.workers, refused=chosen.require_real),
            "animator": EmbeddedAnimator(workers=chosen.workers, refused=chosen.require_real),
        }
    servers = comfyui(chosen)
    return {
        "artist": ComfyUIArtist(servers, chosen.comfyui_template_art, chosen.comfyui_values_art),
        "animator": ComfyUIAnimator(servers, chosen.comfyui_template_video, chosen.comfyui_values_video),
    }


def claude(chosen: Settings) -> Claude:
    """Claude, as the settings say."""
    return Claude(
        chosen.anthropic_api_key.get_secret_value(),
        chosen.catalog_url,
        model=chosen.claude_model,
        base_url=chosen.anthropic_base_url,
        budgets=budgets(chosen),
        most_tokens=chosen.claude_max_tokens,
        timeout_s=chosen.claude_timeout_s,
    )


def budgets(chosen: Settings) -> Budgets:
    """The budgets, in millionths of a US dollar."""
    limits = (chosen.budget_day_usd, chosen.budget_run_usd, chosen.budget_total_usd)
    return Budgets(*(None if limit is None else round(limit * 1_000_000) for limit in limits))


def comfyui(chosen: Settings) -> ComfyUI:
    """The servers that these settings name."""
    return ComfyUI(
        chosen.comfyui_servers,
        chosen.catalog_url,
        in_flight=chosen.comfyui_in_flight,
        workflows=[chosen.home / "workflows"],
        patience=Patience(job_s=chosen.comfyui_timeout_s, clip_s=chosen.comfyui_timeout_video_s),
        wait_s=chosen.comfyui_wait_s,
    )


MAKERS = {PROMPT: "writer", ARTWORK: "artist", VIDEO: "animator"}
"""The resource that makes each asset that is not rendered."""


def real_assets(resources: Mapping[str, Any]) -> frozenset[str]:
    """The assets that a real provider makes: they cost, and only they can replace a draft."""
    return frozenset(asset for asset, maker in MAKERS.items() if resources[maker].real)


def must_be_ready(assets: Iterable[str]) -> list[str]:
    """The resources without which none of these assets can be made. Not the writer: most cards have their prompt."""
    return [MAKERS[asset] for asset in assets if asset in (ARTWORK, VIDEO)]


def build(resources: Mapping[str, Any], chosen: Settings) -> dg.Definitions:
    """All assets, checks, sensors and schedules over these resources."""
    real = real_assets(resources)
    return dg.Definitions(
        assets=[
            catalog_asset(chosen.home),
            cards.facts,
            cards.prompt(automated=PROMPT not in real or "prompt" in chosen.automate),
            cards.artwork(automated=ARTWORK not in real or "artwork" in chosen.automate),
            cards.rendering(resources["studio"].code_version),
            cards.video(),
        ],
        asset_checks=[cards.check(ASSETS)],
        resources=resources,
        sensors=sensors(),
        schedules=schedules(chosen.home, real, frozenset(f"cards/{name}" for name in chosen.automate)),
        executor=dg.in_process_executor,
    )


defs = build(live(settings()), settings())
