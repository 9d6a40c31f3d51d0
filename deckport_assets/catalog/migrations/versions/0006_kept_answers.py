"""Answers that were paid for and not used yet, and since when a service is away."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNUSED = sa.text("answer IS NOT NULL")


def upgrade() -> None:
    for column in (
        sa.Column("purpose", sa.Text(), server_default="", nullable=False, comment="what the answer is for"),
        sa.Column("question", sa.Text(), server_default="", nullable=False, comment="the sha256 of what was asked"),
        sa.Column("answer", sa.JSON(), comment="what was paid for, until it is used"),
    ):
        op.add_column("ledger", column)
    op.create_index("ledger_unused", "ledger", ["question"], unique=False, sqlite_where=UNUSED, postgresql_where=UNUSED)
    since = sa.Column(
        "since",
        sa.DateTime(timezone=True),
        comment="when it opened, however often it was tried since; or closed again",
    )
    op.add_column("services", since)
    op.execute("UPDATE services SET since = changed_at WHERE state != 'closed'")


def downgrade() -> None:
    op.drop_column("services", "since")
    op.drop_index("ledger_unused", table_name="ledger")
    for name in ("answer", "question", "purpose"):
        op.drop_column("ledger", name)
