"""What outside services hold for us; what a provider says of a picture's making, and its likeness."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "in_flight",
        sa.Column("job", sa.Text(), nullable=False, comment="the job's key: the same work has the same"),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), server_default="", nullable=False, comment="how the service calls it"),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "lease_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="counted until then; renewed while its process lives",
        ),
        sa.PrimaryKeyConstraint("job"),
        comment="what outside services hold for us, counted over all processes",
    )
    op.add_column(
        "versions",
        sa.Column("likeness", sa.BigInteger(), comment="64-bit perceptual hash of a picture, as a signed number"),
    )
    op.add_column(
        "versions",
        sa.Column(
            "more", sa.JSON(), server_default="{}", nullable=False, comment="what else its provider says of its making"
        ),
    )


def downgrade() -> None:
    op.drop_column("versions", "more")
    op.drop_column("versions", "likeness")
    op.drop_table("in_flight")
