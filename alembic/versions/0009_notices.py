"""notices to people and webhooks, and how their delivery went"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_settings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kinds", _json(), nullable=False),
        sa.Column("deputy_email", sa.String(length=254), nullable=False),
        sa.Column("webhook_url", sa.String(length=2000), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("key_made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _owner("notice_settings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_settings")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_notice_settings_organisation_id")),
    )
    op.create_table(
        "open_troubles",
        sa.Column("id", _number(), autoincrement=True, nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _inside("open_troubles", "integration_id", "integrations"),
        _owner("open_troubles"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_troubles")),
        sa.UniqueConstraint("integration_id", "kind", name=op.f("uq_open_troubles_integration_id_kind")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=True),
        sa.Column("integration_name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=100), nullable=False),
        sa.Column("sentence", _json(), nullable=False),
        sa.Column("counts", _json(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _inside("notices", "integration_id", "integrations"),
        _owner("notices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_notices_organisation_id_id")),
        sa.UniqueConstraint(
            "integration_id", "kind", "cause", name=op.f("uq_notices_integration_id_kind_cause")
        ),
    )
    op.create_index(
        op.f("ix_notices_organisation_id_created_at"), "notices", ["organisation_id", "created_at"]
    )
    op.create_table(
        "notice_deliveries",
        sa.Column("id", _number(), autoincrement=True, nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", _json(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _inside("notice_deliveries", "notice_id", "notices"),
        _owner("notice_deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_deliveries")),
        sa.UniqueConstraint(
            "notice_id", "channel", "address", name=op.f("uq_notice_deliveries_notice_id_channel_address")
        ),
    )
    op.create_index(
        "ix_notice_deliveries_due",
        "notice_deliveries",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("notice_deliveries")
    op.drop_table("notices")
    op.drop_table("open_troubles")
    op.drop_table("notice_settings")


def _json() -> sa.types.TypeEngine:
    return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _number() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _owner(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_id")
    return sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=name, ondelete="CASCADE")


def _inside(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{other}.organisation_id", f"{other}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
        ondelete="CASCADE",
    )
