"""what becomes of delivered records, requests counted by the month, and entities known by their id"""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fate", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("fate_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("fate_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_deliveries_fate",
            ["integration_id", "fate"],
            unique=False,
            sqlite_where=sa.text("fate IS NOT NULL"),
            postgresql_where=sa.text("fate IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_deliveries_fate_due",
            ["integration_id", "fate_due_at", "id"],
            unique=False,
            sqlite_where=sa.text("fate_due_at IS NOT NULL"),
            postgresql_where=sa.text("fate_due_at IS NOT NULL"),
        )

    with op.batch_alter_table("integrations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "tested_entity_id", sa.String(length=200), server_default=sa.text("('')"), nullable=False
            )
        )
        batch_op.add_column(
            sa.Column("requests_month", sa.String(length=7), server_default=sa.text("('')"), nullable=False)
        )
        batch_op.add_column(
            sa.Column("requests_sent", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("integrations", schema=None) as batch_op:
        batch_op.drop_column("requests_sent")
        batch_op.drop_column("requests_month")
        batch_op.drop_column("tested_entity_id")

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_deliveries_fate_due",
            sqlite_where=sa.text("fate_due_at IS NOT NULL"),
            postgresql_where=sa.text("fate_due_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_deliveries_fate",
            sqlite_where=sa.text("fate IS NOT NULL"),
            postgresql_where=sa.text("fate IS NOT NULL"),
        )
        batch_op.drop_column("fate_due_at")
        batch_op.drop_column("fate_at")
        batch_op.drop_column("fate")
