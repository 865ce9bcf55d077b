"""which member made an API token or a one-time link, where one did; two may have the same name"""

import sqlalchemy as sa

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = ("api_tokens", "one_time_links")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("created_by_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_column(table, "created_by_id")
