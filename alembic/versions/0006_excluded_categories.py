"""room for an expense category's whole name in what is left out, and what a run left out"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("exclusions", schema=None) as batch_op:
        batch_op.alter_column(
            "category", existing_type=sa.String(length=64), type_=sa.String(length=80), existing_nullable=False
        )

    json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("data_scope", json, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_column("data_scope")

    exclusions = sa.table("exclusions", sa.column("category", sa.String()))
    # What is too long for the column of before cannot stand there.
    op.execute(exclusions.delete().where(sa.func.length(exclusions.c.category) > 64))
    with op.batch_alter_table("exclusions", schema=None) as batch_op:
        batch_op.alter_column(
            "category", existing_type=sa.String(length=80), type_=sa.String(length=64), existing_nullable=False
        )
