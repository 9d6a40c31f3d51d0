"""Every setting, read once from the environment (prefix DECKPORT_) or from a `.env` file beside the command.

The only module that reads the environment. No defaults of behaviour are hidden elsewhere; `deckport settings` prints
what is in force, secrets masked.
"""

from __future__ import annotations

import json
import os
import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ENV_FILE = ".env"
PAID_ASSETS = ("prompt", "artwork", "video")
Dollars = Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]


class Settings(BaseSettings):
    """What an operator can change. Paths are absolute once read; sums of money are US dollars."""

    model_config = SettingsConfigDict(
        env_prefix="DECKPORT_",
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(Path("var"), description="Where all state lives: databases, Dagster's home, media.")
    database_url: str = Field(
        "", repr=False, description="PostgreSQL for the catalog and for Dagster; empty: SQLite files under HOME."
    )
    media_root: str = Field("", description="Where media lie: a folder or s3://bucket/prefix; empty: HOME/media.")
    dagster_url: str = Field("", description="Dagster's webserver that `produce` asks; empty: DAGSTER_PORT here.")
    dagster_port: int = Field(3000, description="The port of Dagster's UI.", ge=1, le=65535)
    api_host: str = Field("127.0.0.1", description="The address that the catalog API listens on.")
    api_port: int = Field(8000, description="The port of the catalog API.", ge=1, le=65535)
    code_port: int = Field(4266, description="The port of Dagster's code server under `deckport up`.", ge=1, le=65535)
    workers: int = Field(2, description="Cards made at the same time in one run, 1 to 8.", ge=1, le=8)
    theme: str = Field("deckport", description="The theme that cards are rendered with.")
    automate: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Paid assets that may run by themselves on a real provider: prompt,artwork,video."
    )
    comfyui_servers: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        repr=False,
        description="ComfyUI's addresses, separated by commas: http://user:password@host:8188. None: drafts.",
    )
    comfyui_in_flight: int = Field(2, description="Jobs that each ComfyUI holds for us at a time.", ge=1, le=8)
    comfyui_template_art: str = Field("card-art-flux", description="The workflow that artwork is drawn with.")
    comfyui_template_video: str = Field("card-video-wan", description="The workflow that clips are drawn with.")
    comfyui_values_art: Annotated[dict[str, str | int | float], NoDecode] = Field(
        {}, description='Values of that workflow\'s inputs, as JSON: {"checkpoint": "x.safetensors", "steps": 30}.'
    )
    comfyui_values_video: Annotated[dict[str, str | int | float], NoDecode] = Field(
        {}, description="The same for the workflow of clips."
    )
    comfyui_timeout_s: float = Field(600, description="How long a picture may take on ComfyUI, in seconds.", gt=0)
    comfyui_timeout_video_s: float = Field(3600, description="How long a clip may take there, in seconds.", gt=0)
    comfyui_wait_s: float = Field(900, description="How long is waited for a ComfyUI when all are away.", ge=0)
    anthropic_api_key: SecretStr = Field(
        SecretStr(""),
        repr=False,
        validation_alias="ANTHROPIC_API_KEY",
        description="The key of Claude, who writes prompts. None: the embedded writer drafts them.",
    )
    anthropic_base_url: str = Field(
        "",
        validation_alias="ANTHROPIC_BASE_URL",
        description="Where Claude answers; empty: at Anthropic's own address.",
    )
    claude_model: str = Field("claude-haiku-5-5", description="The model that writes; it must have a known price.")
    claude_max_tokens: int = Field(4000, description="The most that an answer may have, thinking included.", ge=500)
    claude_timeout_s: float = Field(120, description="How long an answer may take, in seconds.", gt=0)
    budget_day_usd: Dollars | None = Field(None, description="The most that may be spent on a day (UTC).")
    budget_run_usd: Dollars | None = Field(None, description="The most that one produce or backfill may spend.")
    budget_total_usd: Dollars | None = Field(None, description="The most that may ever be spent.")
    require_real: bool = Field(False, description="Refuse the embedded providers: nothing is made as a draft.")
    event_log: Literal["fast", "stock"] = Field(
        "fast", description="`fast` keeps the event log's connections open; `stock` is Dagster's own class."
    )

    @field_validator("automate", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        words = [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value
        unknown = sorted(set(words) - set(PAID_ASSETS))
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: expected a list of {', '.join(PAID_ASSETS)}")
        return tuple(words)

    @field_validator("budget_day_usd", "budget_run_usd", "budget_total_usd", mode="before")
    @classmethod
    def _limit(cls, value: Any) -> Any:
        """An empty text is no limit, as `.env.example` says."""
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("comfyui_servers", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        words = value.split(",") if isinstance(value, str) else value
        found = [word.strip().rstrip("/") for word in words if word.strip()]
        for address in found:
            if not _is_address(address):
                raise ValueError(f"{_mask(address)}: expected http://host:8188 or http://user:password@host:8188")
        if len({address.rpartition("@")[2] for address in found}) < len(found):
            raise ValueError("one server is named twice")
        return tuple(found)

    @field_validator("anthropic_base_url", "dagster_url", mode="after")
    @classmethod
    def _without_login(cls, value: str) -> str:
        """The SDK would send a login in place of the key, and logs tell the address; the pages link to Dagster's."""
        if value and (not _is_address(value) or "@" in urlsplit(value).netloc):
            raise ValueError("expected http://host:port or https://host, without a user and a password")
        return value

    @field_validator("comfyui_values_art", "comfyui_values_video", mode="before")
    @classmethod
    def _values(cls, value: Any) -> Any:
        try:
            found = json.loads(value or "{}") if isinstance(value, str) else value
        except ValueError:
            found = None
        kinds = {type(each) for each in found.values()} if isinstance(found, dict) else {dict}
        if not kinds <= {str, int, float}:
            raise ValueError(
                'expected an object of texts and numbers as JSON, as {"checkpoint": "x.ckpt", "steps": 30}'
            )
        return found

    @field_validator("database_url", mode="after")
    @classmethod
    def _postgresql(cls, value: str) -> str:
        if value and not value.startswith("postgresql://"):
            raise ValueError("expected postgresql://user:password@host/database, or nothing for SQLite")
        try:
            _ = urlsplit(value).port
        except ValueError:
            raise ValueError("no address: expected postgresql://user:password@host:5432/database") from None
        return value

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    def makes_unasked(self, asset: str) -> bool:
        """Whether an asset, as cards/artwork, may be made without a person's word: it costs nothing, or AUTOMATE names
        it. A real provider costs."""
        real = {"artwork", "video"} if self.comfyui_servers else set()
        real |= {"prompt"} if self.anthropic_api_key.get_secret_value() else set()
        name = asset.rpartition("/")[2]
        return name not in real or name in self.automate

    @property
    def dagster_home(self) -> Path:
        """Dagster's own folder; DAGSTER_HOME has to be absolute."""
        return self.home / "dagster"

    @property
    def catalog_url(self) -> str:
        """The catalog database as SQLAlchemy spells it."""
        return self.database_url or f"sqlite:///{self.home / 'catalog.db'}"

    @property
    def media_location(self) -> str:
        """The folder or bucket that media lie in."""
        return self.media_root or str(self.home / "media")

    @property
    def dagster_address(self) -> str:
        """Where Dagster's webserver answers."""
        return (self.dagster_url or f"http://127.0.0.1:{self.dagster_port}").rstrip("/")

    def masked(self) -> dict[str, Any]:
        """Every setting by its environment name, secrets and passwords replaced by ***."""
        return {variable(name): _mask(getattr(self, name)) for name in type(self).model_fields}


def variable(name: str) -> str:
    """The environment variable of a setting: ours begin with DECKPORT_, those of others keep their usual names."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{Settings.model_config['env_prefix']}{name.upper()}"


def _is_address(word: str) -> bool:
    try:
        parts = urlsplit(word)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


_SECRET_IN_QUERY = re.compile(r"(?i)([?&](?:ssl)?password=)[^&]*")
"""PostgreSQL takes a password there too."""


def _mask(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else ""
    if isinstance(value, str):
        value = _SECRET_IN_QUERY.sub(r"\1***", value)
    if isinstance(value, str) and "@" in value:
        scheme, there, _ = value.partition("://")
        return f"{scheme if there else ''}{there}***@{value.rsplit('@', 1)[1]}"
    if isinstance(value, tuple):
        return tuple(_mask(each) for each in value)
    return str(value) if isinstance(value, Path) else value


def misspelt() -> dict[str, str]:
    """Variables of the environment and of `.env` that look like settings and are none, with the one that is nearest."""
    prefix = Settings.model_config["env_prefix"]
    names = {variable(name) for name in Settings.model_fields}
    given = {name.upper() for name in (*os.environ, *dotenv_values(ENV_FILE))}
    unknown = sorted(n for n in given if n.startswith(prefix) and n not in names and not n.startswith(f"{prefix}TEST_"))
    return {name: "".join(get_close_matches(name, names, 1)) for name in unknown}


@cache
def settings() -> Settings:
    """The settings in force; read once per process."""
    return Settings()
