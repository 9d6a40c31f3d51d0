"""A version may wait for a person's word; only the column's comment says so, its values were never narrowed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE, AFTER = "none, approved or rejected", "none, waiting, approved or rejected"


def upgrade() -> None:
    _comment(BEFORE, AFTER)


def downgrade() -> None:
    _comment(AFTER, BEFORE)


def _comment(existing: str, comment: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("versions", "review", existing_type=sa.Text(), existing_comment=existing, comment=comment)
