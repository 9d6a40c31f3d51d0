"""The first tables: cards, prompts, versions, claims, failures."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "cards",
        sa.Column("slug", sa.Text(), nullable=False, comment="the partition key"),
        sa.Column("sku", sa.Text(), nullable=False, comment="COLOUR-NNN, given once, never reused"),
        sa.Column("sku_colour", sa.Text(), nullable=False),
        sa.Column("sku_number", sa.Integer(), nullable=False),
        sa.Column("legacy_slug", sa.Text(), nullable=False, comment="file name of the static routes"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("rarity", sa.Text(), nullable=False),
        sa.Column("legendary", sa.Boolean(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("mana_cost", sa.Integer(), nullable=False),
        sa.Column("energy_cost", sa.Integer(), nullable=False),
        sa.Column("attack", sa.Integer(), nullable=True),
        sa.Column("defense", sa.Integer(), nullable=True),
        sa.Column("health", sa.Integer(), nullable=True),
        sa.Column("base_energy_per_turn", sa.Integer(), nullable=True),
        sa.Column("equipment_slots", sa.Integer(), nullable=True),
        sa.Column("keywords", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("limits_json", sa.Text(), nullable=False),
        sa.Column("targeting_json", sa.Text(), nullable=False),
        sa.Column("effects_json", sa.Text(), nullable=False),
        sa.Column("abilities_json", sa.Text(), nullable=False),
        sa.Column("rules_text", sa.Text(), nullable=False),
        sa.Column("flavor_text", sa.Text(), nullable=False),
        sa.Column("frame_type", sa.Text(), nullable=False),
        sa.Column("video_prompt", sa.Text(), nullable=False),
        sa.Column("action_speed", sa.Text(), nullable=False),
        sa.Column("card_set", sa.Text(), nullable=False),
        sa.Column(
            "retired_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="set when the card left the source; never deleted",
        ),
        sa.Column("facts_version", sa.Text(), nullable=False, comment="fingerprint of all facts"),
        sa.Column(
            "facts_reported", sa.Text(), nullable=True, comment="the facts version that Dagster was told of last"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("slug"),
        sa.UniqueConstraint("legacy_slug"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("sku"),
        sa.UniqueConstraint("sku_colour", "sku_number"),
    )
    op.create_table(
        "catalog_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "number", sa.BigInteger(), nullable=False, comment="one more with every change that a reader can see"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO catalog_version (id, number) VALUES (1, 0)")
    op.create_table(
        "claims",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("asset", "partition"),
        comment="what a run has undertaken and not yet settled: after a kill, exactly what is asked for again",
    )
    op.create_table(
        "failures",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="the error's class, as text_overflow"),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("retryable", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text(), server_default="", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("asset", "partition"),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gameplay_sha256", sa.Text(), nullable=False),
        sa.Column("art_sha256", sa.Text(), nullable=False),
        sa.Column("summary", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("report", sa.Text(), nullable=False, comment="path of the dirt report, relative to DECKPORT_HOME"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "recipes",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False, comment="what the pipeline would make it with today"),
        sa.PrimaryKeyConstraint("asset"),
        comment="so that readers without Dagster can tell what is stale",
    )
    op.create_table(
        "services",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="closed, open or trial"),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service"),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False, comment="the asset key, as cards/composite"),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column(
            "variant",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="thumb, small, ...; empty for the main file",
        ),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="relative to the media root"),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=True),
        sa.Column("height_px", sa.Integer(), nullable=True),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("workflow", sa.Text(), server_default="", nullable=False),
        sa.Column("workflow_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("prompt_version", sa.Integer(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cost_microusd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("run_id", sa.Text(), server_default="", nullable=False),
        sa.Column("duration_s", sa.Float(), server_default="0", nullable=False),
        sa.Column(
            "inputs", sa.JSON(none_as_null=True), nullable=False, comment="data version of each input, by its asset key"
        ),
        sa.Column("data_version", sa.Text(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("claims", sa.JSON(none_as_null=True), nullable=False, comment="what the asset's check found"),
        sa.Column("review", sa.Text(), server_default="none", nullable=False, comment="none, approved or rejected"),
        sa.Column("reviewed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.create_index("versions_of", ["asset", "partition", "variant"], unique=False)
        batch_op.create_index("versions_sha256", ["sha256"], unique=False)

    op.create_table(
        "current_versions",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"],
            ["versions.id"],
        ),
        sa.PrimaryKeyConstraint("asset", "partition", "variant"),
    )
    op.create_table(
        "prompts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="1, 2, ... per card"),
        sa.Column("origin", sa.Text(), nullable=False, comment="human, source, machine or draft"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), server_default="", nullable=False),
        sa.Column("negative", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False, comment="who or which model wrote it"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="set when the source no longer has it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["card"],
            ["cards.slug"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("card", "version"),
    )


def downgrade() -> None:

    op.drop_table("prompts")
    op.drop_table("current_versions")
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.drop_index("versions_sha256")
        batch_op.drop_index("versions_of")

    op.drop_table("versions")
    op.drop_table("services")
    op.drop_table("recipes")
    op.drop_table("imports")
    op.drop_table("failures")
    op.drop_table("claims")
    op.drop_table("catalog_version")
    op.drop_table("cards")
