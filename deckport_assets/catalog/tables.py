"""The catalog's tables, as SQLAlchemy Core sees them. Changes go through `migrations/`; no queries here."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as db

metadata = db.MetaData()

Json = db.JSON(none_as_null=True)


class Moment(db.types.TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets the zone of what it stores; this gives it back."""

    impl = db.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, _dialect: db.Dialect) -> datetime | None:
        """The stored moment, always with its zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


cards = db.Table(
    "cards",
    metadata,
    db.Column("slug", db.Text, primary_key=True, comment="the partition key"),
    db.Column("sku", db.Text, nullable=False, unique=True, comment="COLOUR-NNN, given once, never reused"),
    db.Column("sku_colour", db.Text, nullable=False),
    db.Column("sku_number", db.Integer, nullable=False),
    db.Column("legacy_slug", db.Text, nullable=False, unique=True, comment="file name of the static routes"),
    db.Column("name", db.Text, nullable=False, unique=True),
    db.Column("category", db.Text, nullable=False),
    db.Column("rarity", db.Text, nullable=False),
    db.Column("legendary", db.Boolean, nullable=False),
    db.Column("colour", db.Text, nullable=False),
    db.Column("mana_cost", db.Integer, nullable=False),
    db.Column("energy_cost", db.Integer, nullable=False),
    db.Column("attack", db.Integer),
    db.Column("defense", db.Integer),
    db.Column("health", db.Integer),
    db.Column("base_energy_per_turn", db.Integer),
    db.Column("equipment_slots", db.Integer),
    db.Column("keywords", Json, nullable=False),
    db.Column("limits_json", db.Text, nullable=False),
    db.Column("targeting_json", db.Text, nullable=False),
    db.Column("effects_json", db.Text, nullable=False),
    db.Column("abilities_json", db.Text, nullable=False),
    db.Column("rules_text", db.Text, nullable=False),
    db.Column("flavor_text", db.Text, nullable=False),
    db.Column("frame_type", db.Text, nullable=False),
    db.Column("video_prompt", db.Text, nullable=False),
    db.Column("action_speed", db.Text, nullable=False),
    db.Column("card_set", db.Text, nullable=False),
    db.Column("retired_at", Moment, comment="set when the card left the source; never deleted"),
    db.Column("facts_version", db.Text, nullable=False, comment="fingerprint of all facts"),
    db.Column("facts_reported", db.Text, comment="the facts version that Dagster was told of last"),
    db.Column("created_at", Moment, nullable=False),
    db.Column("updated_at", Moment, nullable=False),
    db.UniqueConstraint("sku_colour", "sku_number"),
)

prompts = db.Table(
    "prompts",
    metadata,
    db.Column("id", db.Integer, primary_key=True),
    db.Column("card", db.Text, db.ForeignKey("cards.slug"), nullable=False),
    db.Column("version", db.Integer, nullable=False, comment="1, 2, ... per card"),
    db.Column("origin", db.Text, nullable=False, comment="human, source, machine or draft"),
    db.Column("text", db.Text, nullable=False),
    db.Column("caption", db.Text, nullable=False, server_default=""),
    db.Column("negative", db.Text, nullable=False, server_default=""),
    db.Column("motion", db.Text, nullable=False, server_default="", comment="what moves in a clip of its picture"),
    db.Column("author", db.Text, nullable=False, server_default="", comment="who or which model wrote it"),
    db.Column("sha256", db.Text, nullable=False),
    db.Column("withdrawn_at", Moment, comment="set when the source no longer has it"),
    db.Column("created_at", Moment, nullable=False),
    db.Column("told", db.Boolean, nullable=False, server_default=db.true(), comment="Dagster was told of it"),
    db.Column("provider", db.Text, nullable=False, server_default="", comment="claude, embedded; empty of a person"),
    db.Column("cost_microusd", db.BigInteger, nullable=False, server_default="0"),
    db.UniqueConstraint("card", "version"),
)

versions = db.Table(
    "versions",
    metadata,
    db.Column("id", db.Integer, primary_key=True),
    db.Column("asset", db.Text, nullable=False, comment="the asset key, as cards/composite"),
    db.Column("partition", db.Text, nullable=False),
    db.Column(
        "variant", db.Text, nullable=False, server_default="", comment="thumb, small, ...; empty for the main file"
    ),
    db.Column("sha256", db.Text, nullable=False),
    db.Column("path", db.Text, nullable=False, comment="relative to the media root"),
    db.Column("media_type", db.Text, nullable=False),
    db.Column("bytes", db.BigInteger, nullable=False),
    db.Column("width_px", db.Integer),
    db.Column("height_px", db.Integer),
    db.Column("draft", db.Boolean, nullable=False),
    db.Column("provider", db.Text, nullable=False),
    db.Column("model", db.Text, nullable=False, server_default=""),
    db.Column("workflow", db.Text, nullable=False, server_default=""),
    db.Column("workflow_sha256", db.Text, nullable=False, server_default=""),
    db.Column("prompt_version", db.Integer),
    db.Column("seed", db.BigInteger),
    db.Column("attempt", db.Integer, nullable=False, server_default="0"),
    db.Column("cost_microusd", db.BigInteger, nullable=False, server_default="0"),
    db.Column("run_id", db.Text, nullable=False, server_default=""),
    db.Column("duration_s", db.Float, nullable=False, server_default="0"),
    db.Column("inputs", Json, nullable=False, comment="data version of each input, by its asset key"),
    db.Column("likeness", db.BigInteger, comment="64-bit perceptual hash of a picture, as a signed number"),
    db.Column("more", Json, nullable=False, server_default="{}", comment="what else its provider says of its making"),
    db.Column("data_version", db.Text, nullable=False),
    db.Column("code_version", db.Text, nullable=False),
    db.Column("claims", Json, nullable=False, comment="what the asset's check found"),
    db.Column("review", db.Text, nullable=False, server_default="none", comment="none, waiting, approved or rejected"),
    db.Column("reviewed_by", db.Text, nullable=False, server_default=""),
    db.Column("reviewed_at", Moment),
    db.Column("created_at", Moment, nullable=False),
    db.Index("versions_of", "asset", "partition", "variant"),
    db.Index("versions_sha256", "sha256"),
)

current_versions = db.Table(
    "current_versions",
    metadata,
    db.Column("asset", db.Text, primary_key=True),
    db.Column("partition", db.Text, primary_key=True),
    db.Column("variant", db.Text, primary_key=True),
    db.Column("version", db.Integer, db.ForeignKey("versions.id"), nullable=False),
)

recipes = db.Table(
    "recipes",
    metadata,
    db.Column("asset", db.Text, primary_key=True),
    db.Column("code_version", db.Text, nullable=False, comment="what the pipeline would make it with today"),
    comment="so that readers without Dagster can tell what is stale",
)

claims = db.Table(
    "claims",
    metadata,
    db.Column("asset", db.Text, primary_key=True),
    db.Column("partition", db.Text, primary_key=True),
    db.Column("run_id", db.Text, nullable=False),
    db.Column("claimed_at", Moment, nullable=False),
    comment="what a run has undertaken and not yet settled: after a kill, exactly what is asked for again",
)

failures = db.Table(
    "failures",
    metadata,
    db.Column("asset", db.Text, primary_key=True),
    db.Column("partition", db.Text, primary_key=True),
    db.Column("kind", db.Text, nullable=False, comment="the error's class, as text_overflow"),
    db.Column("cause", db.Text, nullable=False),
    db.Column("remedy", db.Text, nullable=False),
    db.Column("retryable", db.Boolean, nullable=False),
    db.Column("attempts", db.Integer, nullable=False),
    db.Column("run_id", db.Text, nullable=False, server_default=""),
    db.Column("first_at", Moment, nullable=False),
    db.Column("last_at", Moment, nullable=False),
)

imports = db.Table(
    "imports",
    metadata,
    db.Column("id", db.Integer, primary_key=True),
    db.Column("gameplay_sha256", db.Text, nullable=False),
    db.Column("art_sha256", db.Text, nullable=False),
    db.Column("summary", Json, nullable=False),
    db.Column("report", db.Text, nullable=False, comment="path of the dirt report, relative to DECKPORT_HOME"),
    db.Column("created_at", Moment, nullable=False),
)

services = db.Table(
    "services",
    metadata,
    db.Column("service", db.Text, primary_key=True),
    db.Column("state", db.Text, nullable=False, comment="closed, open or trial"),
    db.Column("failures", db.Integer, nullable=False, server_default="0"),
    db.Column("cause", db.Text, nullable=False, server_default=""),
    db.Column("retry_at", Moment),
    db.Column("trial_until", Moment),
    db.Column("changed_at", Moment, nullable=False),
    db.Column("since", Moment, comment="when it opened, however often it was tried since; or closed again"),
)

in_flight = db.Table(
    "in_flight",
    metadata,
    db.Column("job", db.Text, primary_key=True, comment="the job's key: the same work has the same"),
    db.Column("service", db.Text, nullable=False),
    db.Column("run_id", db.Text, nullable=False),
    db.Column("partition", db.Text, nullable=False),
    db.Column("ticket", db.Text, nullable=False, server_default="", comment="how the service calls it"),
    db.Column("taken_at", Moment, nullable=False),
    db.Column("lease_until", Moment, nullable=False, comment="counted until then; renewed while its process lives"),
    comment="what outside services hold for us, counted over all processes",
)

waiting = db.Table(
    "waiting",
    metadata,
    db.Column("run_id", db.Text, primary_key=True),
    db.Column("priority", db.Integer, nullable=False),
    db.Column("since", Moment, nullable=False, comment="of two alike the older goes first"),
    db.Column("services", db.JSON, nullable=False, comment="where a place would do"),
    db.Column("lease_until", Moment, nullable=False),
    comment="runs that wait for a place at an outside service",
)

UNUSED = db.text("answer IS NOT NULL")

ledger = db.Table(
    "ledger",
    metadata,
    db.Column("id", db.Integer, primary_key=True),
    db.Column("service", db.Text, nullable=False),
    db.Column("asset", db.Text, nullable=False),
    db.Column("partition", db.Text, nullable=False),
    db.Column("holder", db.Text, nullable=False, comment="the run or process that makes the call"),
    db.Column("order_id", db.Text, nullable=False, comment="the produce or backfill that it belongs to"),
    db.Column("requester", db.Text, nullable=False),
    db.Column("model", db.Text, nullable=False),
    db.Column("correlation", db.Text, nullable=False),
    db.Column("processing", db.Text, nullable=False, server_default="", comment="`batch` at half the price"),
    db.Column("day", db.Text, nullable=False, comment="in UTC, as 2026-01-31"),
    db.Column("state", db.Text, nullable=False, comment="reserved, sent, settled, unknown or released"),
    db.Column("ceiling_microusd", db.BigInteger, nullable=False, comment="the most that it may cost"),
    db.Column("expected_microusd", db.BigInteger, nullable=False),
    db.Column("cost_microusd", db.BigInteger, nullable=False),
    db.Column("usage", Json, nullable=False),
    db.Column("purpose", db.Text, nullable=False, server_default="", comment="what the answer is for"),
    db.Column("question", db.Text, nullable=False, server_default="", comment="the sha256 of what was asked"),
    db.Column("answer", Json, comment="what was paid for, until it is used"),
    db.Column("prices", db.Text, nullable=False, comment="the library and version that the cost was computed with"),
    db.Column("note", db.Text, nullable=False),
    db.Column("reserved_at", Moment, nullable=False),
    db.Column("settled_at", Moment),
    db.Index("ledger_day", "day"),
    db.Index("ledger_order_id", "order_id"),
    db.Index("ledger_state", "state"),
    db.Index("ledger_unused", "question", sqlite_where=UNUSED, postgresql_where=UNUSED),
    comment="a row for every call that may cost",
)

prompt_requests = db.Table(
    "prompt_requests",
    metadata,
    db.Column("id", db.Integer, primary_key=True),
    db.Column("card", db.Text, nullable=False, comment="a slug; empty for free text"),
    db.Column("words", db.Text, nullable=False),
    db.Column("references", Json, nullable=False),
    db.Column("priority", db.Integer, nullable=False, comment="1 to 10, 10 the most urgent"),
    db.Column("requester", db.Text, nullable=False),
    db.Column("status", db.Text, nullable=False, comment="queued, processing, completed, failed or cancelled"),
    db.Column("attempt", db.Integer, nullable=False, comment="the fence: how often it was claimed"),
    db.Column("failures", db.Integer, nullable=False),
    db.Column("dedupe", db.Text, comment="open requests with the same are one"),
    db.Column("correlation", db.Text, nullable=False),
    db.Column("run_id", db.Text, nullable=False, server_default=""),
    db.Column("prompt_version", db.Integer),
    db.Column("answer", Json),
    db.Column("kind", db.Text, nullable=False, server_default="", comment="the class of the last failure"),
    db.Column("cause", db.Text, nullable=False, server_default=""),
    db.Column("remedy", db.Text, nullable=False, server_default=""),
    db.Column("run_after", Moment, nullable=False),
    db.Column("lease_until", Moment),
    db.Column("created_at", Moment, nullable=False),
    db.Column("started_at", Moment),
    db.Column("finished_at", Moment),
    db.Index("prompt_requests_status", "status"),
    db.Index(
        "prompt_requests_dedupe",
        "dedupe",
        unique=True,
        sqlite_where=db.text("status IN ('queued', 'processing')"),
        postgresql_where=db.text("status IN ('queued', 'processing')"),
    ),
    comment="what people ask to have written",
)

prompt_batches = db.Table(
    "prompt_batches",
    metadata,
    db.Column("id", db.Integer, primary_key=True),
    db.Column("token", db.Text, nullable=False, unique=True, comment="what its items' names at the service begin with"),
    db.Column("service_id", db.Text, nullable=False, comment="how the service calls it"),
    db.Column("state", db.Text, nullable=False, comment="prepared, sending, open, collected or given up"),
    db.Column("model", db.Text, nullable=False),
    db.Column("requester", db.Text, nullable=False),
    db.Column("size", db.Integer, nullable=False),
    db.Column("done", db.Integer, nullable=False),
    db.Column("cause", db.Text, nullable=False),
    db.Column("created_at", Moment, nullable=False),
    db.Column("sent_at", Moment),
    db.Column("lease_until", Moment, nullable=False),
    db.Column("ended_at", Moment),
    comment="prompts that were asked for in one piece, at half the price",
)

prompt_batch_items = db.Table(
    "prompt_batch_items",
    metadata,
    db.Column("custom_id", db.Text, primary_key=True, comment="how the service calls it"),
    db.Column("batch", db.Integer, db.ForeignKey("prompt_batches.id"), nullable=False),
    db.Column("card", db.Text, nullable=False),
    db.Column("entry", db.Integer, nullable=False, comment="its row in the ledger"),
    db.Column("state", db.Text, nullable=False),
    db.Column("cause", db.Text, nullable=False),
    db.Index("prompt_batch_items_batch", "batch"),
    db.Index(
        "prompt_batch_items_card",
        "card",
        unique=True,
        sqlite_where=db.text("state = 'waiting'"),
        postgresql_where=db.text("state = 'waiting'"),
    ),
    comment="one card's part of a batch",
)

api_keys = db.Table(
    "api_keys",
    metadata,
    db.Column("id", db.Integer, primary_key=True),
    db.Column("name", db.Text, nullable=False, unique=True, comment="the requester of what is asked with it"),
    db.Column("scope", db.Text, nullable=False),
    db.Column("sha256", db.Text, nullable=False, unique=True),
    db.Column("begins_with", db.Text, nullable=False),
    db.Column("created_at", Moment, nullable=False),
    db.Column("revoked_at", Moment),
    db.Column("last_used_at", Moment),
    comment="who may spend money over HTTP",
)

catalog_version = db.Table(
    "catalog_version",
    metadata,
    db.Column("id", db.Integer, primary_key=True),
    db.Column("number", db.BigInteger, nullable=False, comment="one more with every change that a reader can see"),
)
