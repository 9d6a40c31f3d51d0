"""The ledger of what calls cost, and the prompt queue."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    motion = sa.Column(
        "motion", sa.Text(), server_default="", nullable=False, comment="what moves in a clip of its picture"
    )
    op.add_column("prompts", motion)
    told: sa.Column[bool] = sa.Column(
        "told", sa.Boolean(), server_default=sa.true(), nullable=False, comment="Dagster was told of it"
    )
    op.add_column("prompts", told)
    maker = sa.Column(
        "provider", sa.Text(), server_default="", nullable=False, comment="claude, embedded; empty of a person"
    )
    op.add_column("prompts", maker)
    op.add_column("prompts", sa.Column("cost_microusd", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False, comment="the run or process that makes the call"),
        sa.Column("order_id", sa.Text(), nullable=False, comment="the produce or backfill that it belongs to"),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("correlation", sa.Text(), nullable=False),
        sa.Column("processing", sa.Text(), server_default="", nullable=False, comment="`batch` at half the price"),
        sa.Column("day", sa.Text(), nullable=False, comment="in UTC, as 2026-01-31"),
        sa.Column("state", sa.Text(), nullable=False, comment="reserved, sent, settled, unknown or released"),
        sa.Column("ceiling_microusd", sa.BigInteger(), nullable=False, comment="the most that it may cost"),
        sa.Column("expected_microusd", sa.BigInteger(), nullable=False),
        sa.Column("cost_microusd", sa.BigInteger(), nullable=False),
        sa.Column("usage", sa.JSON(), nullable=False),
        sa.Column(
            "prices", sa.Text(), nullable=False, comment="the library and version that the cost was computed with"
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        comment="a row for every call that may cost",
    )
    op.create_index("ledger_day", "ledger", ["day"], unique=False)
    op.create_index("ledger_order_id", "ledger", ["order_id"], unique=False)
    op.create_index("ledger_state", "ledger", ["state"], unique=False)
    op.create_table(
        "prompt_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False, comment="a slug; empty for free text"),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("references", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False, comment="1 to 10, 10 the most urgent"),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="queued, processing, completed, failed or cancelled"),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="the fence: how often it was claimed"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("dedupe", sa.Text(), comment="open requests with the same are one"),
        sa.Column("correlation", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), server_default="", nullable=False),
        sa.Column("prompt_version", sa.Integer()),
        sa.Column("answer", sa.JSON()),
        sa.Column("kind", sa.Text(), server_default="", nullable=False, comment="the class of the last failure"),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("remedy", sa.Text(), server_default="", nullable=False),
        sa.Column("run_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        comment="what people ask to have written",
    )
    op.create_index(
        "prompt_requests_dedupe",
        "prompt_requests",
        ["dedupe"],
        unique=True,
        sqlite_where=sa.text("status IN ('queued', 'processing')"),
        postgresql_where=sa.text("status IN ('queued', 'processing')"),
    )
    op.create_index("prompt_requests_status", "prompt_requests", ["status"], unique=False)

    op.create_table(
        "prompt_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False, comment="what its items' names at the service begin with"),
        sa.Column("service_id", sa.Text(), nullable=False, comment="how the service calls it"),
        sa.Column("state", sa.Text(), nullable=False, comment="prepared, sending, open, collected or given up"),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token"),
        comment="prompts that were asked for in one piece, at half the price",
    )
    op.create_table(
        "prompt_batch_items",
        sa.Column("custom_id", sa.Text(), nullable=False, comment="how the service calls it"),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False, comment="its row in the ledger"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["prompt_batches.id"]),
        sa.PrimaryKeyConstraint("custom_id"),
        comment="one card's part of a batch",
    )
    op.create_index("prompt_batch_items_batch", "prompt_batch_items", ["batch"], unique=False)
    op.create_index(
        "prompt_batch_items_card",
        "prompt_batch_items",
        ["card"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="the requester of what is asked with it"),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("begins_with", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("sha256"),
        comment="who may spend money over HTTP",
    )


def downgrade() -> None:
    op.drop_table("api_keys")
    op.drop_table("prompt_batch_items")
    op.drop_table("prompt_batches")
    for name in ("cost_microusd", "provider", "told"):
        op.drop_column("prompts", name)
    op.drop_column("prompts", "motion")
    op.drop_index("prompt_requests_status", table_name="prompt_requests")
    op.drop_index(
        "prompt_requests_dedupe",
        table_name="prompt_requests",
        sqlite_where=sa.text("status IN ('queued', 'processing')"),
        postgresql_where=sa.text("status IN ('queued', 'processing')"),
    )
    op.drop_table("prompt_requests")
    op.drop_index("ledger_state", table_name="ledger")
    op.drop_index("ledger_order_id", table_name="ledger")
    op.drop_index("ledger_day", table_name="ledger")
    op.drop_table("ledger")
