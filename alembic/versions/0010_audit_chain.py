"""the audit log as a chain of hashes, and when the scheduler last ticked"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BEGINNING = "0" * 64
_AT_ONCE = 1_000

_events = sa.table(
    "audit_events",
    sa.column("id", sa.BigInteger()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("actor", sa.String()),
    sa.column("action", sa.String()),
    sa.column("target", sa.String()),
    sa.column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
    sa.column("number", sa.BigInteger()),
    sa.column("previous_hash", sa.String()),
    sa.column("hash", sa.String()),
)
_COLUMNS = ("number", "previous_hash", "hash")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    heads = op.create_table(
        "audit_heads",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", number, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_audit_heads_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    types = (number, sa.String(length=64), sa.String(length=64))
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        for name, kind in zip(_COLUMNS, types, strict=True):
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    for organisation_id in list(op.get_bind().scalars(sa.select(_events.c.organisation_id).distinct())):
        op.bulk_insert(heads, [_chained(organisation_id)])
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        for name, kind in zip(_COLUMNS, types, strict=True):
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        batch_op.drop_index(batch_op.f("ix_audit_events_organisation_id_id"))
        batch_op.create_unique_constraint(
            batch_op.f("uq_audit_events_organisation_id_number"), ["organisation_id", "number"]
        )


def downgrade() -> None:
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_audit_events_organisation_id_number"), type_="unique")
        batch_op.create_index(
            batch_op.f("ix_audit_events_organisation_id_id"), ["organisation_id", "id"], unique=False
        )
        for name in _COLUMNS:
            batch_op.drop_column(name)
    op.drop_table("heartbeats")
    op.drop_table("audit_heads")


def _chained(organisation_id: Any) -> dict[str, Any]:
    """Number and chain the lines an organisation has, in the order they were written; return its head."""
    number, previous = 0, _BEGINNING
    change = (
        sa.update(_events)
        .where(_events.c.id == sa.bindparam("line"))
        .values({name: sa.bindparam(f"new_{name}") for name in _COLUMNS})
    )
    for rows in _lines(organisation_id):
        values = []
        for row in rows:
            number += 1
            digest = _digest(row, number, previous)
            values.append(
                {"line": row.id, "new_number": number, "new_previous_hash": previous, "new_hash": digest}
            )
            previous = digest
        op.get_bind().execute(change, values)
    return {"organisation_id": organisation_id, "number": number, "hash": previous}


def _lines(organisation_id: Any) -> Iterator[list[Any]]:
    last = 0
    while True:
        statement = sa.select(_events).where(
            _events.c.organisation_id == organisation_id, _events.c.id > last
        )
        rows = list(op.get_bind().execute(statement.order_by(_events.c.id).limit(_AT_ONCE)))
        if not rows:
            return
        yield rows
        last = rows[-1].id


def _digest(row: Any, number: int, previous: str) -> str:
    """Hash a line as this release does; written out here, so that it stays as it was when lines were chained."""
    at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at.astimezone(UTC)
    canonical = {
        "action": row.action,
        "actor": row.actor,
        "at": at.isoformat(timespec="microseconds"),
        "detail": row.detail,
        "number": number,
        "organisation": str(row.organisation_id),
        "previous": previous,
        "target": row.target,
    }
    written = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(written.encode("ascii")).hexdigest()
