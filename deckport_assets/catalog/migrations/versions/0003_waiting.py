"""Which runs wait for a place at an outside service, in the order in which they get one."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="of two alike the older goes first"),
        sa.Column("services", sa.JSON(), nullable=False, comment="where a place would do"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
        comment="runs that wait for a place at an outside service",
    )


def downgrade() -> None:
    op.drop_table("waiting")
