"""until when an integration's secrets are good, and when a session's person last gave the password"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("integrations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("secrets_expire_on", sa.Date(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "secrets_expiry_by", sa.String(length=200), server_default=sa.text("('')"), nullable=False
            )
        )
        batch_op.add_column(sa.Column("secrets_reminded", sa.Integer(), nullable=True))

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_column("authenticated_at")

    with op.batch_alter_table("integrations", schema=None) as batch_op:
        batch_op.drop_column("secrets_reminded")
        batch_op.drop_column("secrets_expiry_by")
        batch_op.drop_column("secrets_expire_on")
