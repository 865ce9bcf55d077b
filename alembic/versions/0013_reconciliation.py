"""what comparing months with the accounting system found, and who signed it"""

import json

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NEW_NOTICE = "reconciliation"


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_by", sa.String(length=200), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("place", _json(), nullable=False),
        sa.Column("totals", _json(), nullable=False),
        sa.Column("about", _json(), nullable=False),
        sa.Column("trouble", _json(), nullable=True),
        sa.Column("csv_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.String(length=200), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _inside("reconciliations", "integration_id", "integrations"),
        _owner("reconciliations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
        sa.UniqueConstraint(
            "organisation_id",
            "integration_id",
            "period",
            "version",
            name=op.f("uq_reconciliations_organisation_id_integration_id_period_version"),
        ),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_reconciliations_organisation_id_id")),
    )
    op.create_index(
        "uq_reconciliations_open",
        "reconciliations",
        ["organisation_id", "integration_id"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "reconciliation_pages",
        _number(),
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("packed", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _inside("reconciliation_pages", "reconciliation_id", "reconciliations"),
        _owner("reconciliation_pages"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_pages")),
        sa.UniqueConstraint(
            "reconciliation_id", "number", name=op.f("uq_reconciliation_pages_reconciliation_id_number")
        ),
    )
    op.create_table(
        "reconciliation_lines",
        _number(),
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("finding", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("record", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=25), nullable=False),
        sa.Column("state_here", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", _row_id(), nullable=False),
        sa.Column("count_there", sa.Integer(), nullable=False),
        sa.Column("sums_there", _json(), nullable=True),
        sa.Column("external_id", sa.String(length=100), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _inside("reconciliation_lines", "reconciliation_id", "reconciliations"),
        _owner("reconciliation_lines"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_lines")),
        sa.UniqueConstraint(
            "reconciliation_id", "reference", name=op.f("uq_reconciliation_lines_reconciliation_id_reference")
        ),
    )
    op.create_index(
        op.f("ix_reconciliation_lines_reconciliation_id_id"),
        "reconciliation_lines",
        ["reconciliation_id", "id"],
    )
    _choose(add=True)


def downgrade() -> None:
    _choose(add=False)
    op.drop_table("reconciliation_lines")
    op.drop_table("reconciliation_pages")
    op.drop_index("uq_reconciliations_open", table_name="reconciliations")
    op.drop_table("reconciliations")


def _choose(*, add: bool) -> None:
    """Tell organisations that have chosen their notices of differences too: nobody could have chosen that before."""
    settings = sa.table("notice_settings", sa.column("id", sa.Uuid()), sa.column("kinds", _json()))
    connection = op.get_bind()
    for row in connection.execute(sa.select(settings.c.id, settings.c.kinds)).all():
        chosen = json.loads(row.kinds) if isinstance(row.kinds, str) else row.kinds
        kinds = [kind for kind in chosen if kind != _NEW_NOTICE] + ([_NEW_NOTICE] if add else [])
        connection.execute(settings.update().where(settings.c.id == row.id).values(kinds=kinds))


def _number() -> sa.Column[int]:
    return sa.Column("id", _row_id(), autoincrement=True, nullable=False)


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _owner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisations.id"],
        name=op.f(f"fk_{table}_organisation_id"),
        ondelete="CASCADE",
    )


def _inside(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{parent}.organisation_id", f"{parent}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
        ondelete="CASCADE",
    )


def _json() -> sa.types.TypeEngine[object]:
    return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
