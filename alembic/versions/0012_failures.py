"""failures by their cause, what each waits for, and who dismissed one"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_AT_ONCE = 1_000
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXTS = {"cause": 32, "currency": 3, "dismissed_by": 200, "dismissed_because": 500}
_TIMES = ("since", "dismissed_at")
_INDEXES = {
    "ix_failures_causes": (
        ["integration_id", "state", "cause", "id", "currency", "amount_minor", "since", "resolved_at"],
        "resolved_at IS NULL",
    ),
    "ix_failures_closed": (["integration_id", "state", "id"], "resolved_at IS NOT NULL"),
}
_STATES = {"retry_wait": "waiting", "unknown": "waiting", "needs_person": "person", "delivered": "person"}
"""What an open failure waits for, by where its record is: a delivered one was refused after import."""
_OF_ONE_RECORD = frozenset({"amount", "count", "number", "reference"})
_OWN_NAMES = re.compile(r"\bIA[A-Z2-7]{20}\b|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{6,}")

_failures = sa.table(
    "failures",
    sa.column("id", _NUMBER),
    sa.column("integration_id", sa.Uuid()),
    sa.column("record_id", _NUMBER),
    sa.column("fault", sa.String()),
    sa.column("field", sa.String()),
    sa.column("message", sa.JSON()),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("resolved_at", sa.DateTime(timezone=True)),
    sa.column("since", sa.DateTime(timezone=True)),
    sa.column("state", sa.String()),
    sa.column("cause", sa.String()),
    sa.column("currency", sa.String()),
    sa.column("amount_minor", _NUMBER),
)
_deliveries = sa.table(
    "deliveries",
    sa.column("integration_id", sa.Uuid()),
    sa.column("record_id", _NUMBER),
    sa.column("state", sa.String()),
)
_records = sa.table(
    "records",
    sa.column("id", _NUMBER),
    sa.column("currency", sa.String()),
    sa.column("amount_minor", _NUMBER),
)


def upgrade() -> None:
    op.add_column(
        "failures",
        sa.Column("state", sa.String(16), server_default=sa.text("'refused'"), nullable=False),
    )
    for name, length in _TEXTS.items():
        op.add_column(
            "failures", sa.Column(name, sa.String(length), server_default=sa.text("''"), nullable=False)
        )
    op.add_column("failures", sa.Column("amount_minor", _NUMBER, server_default=sa.text("0"), nullable=False))
    for name in _TIMES:
        op.add_column("failures", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    _fill()
    for name, (columns, condition) in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(op.f(name), "failures", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(op.f(name), table_name="failures")
    for name in ("state", "amount_minor", *_TEXTS, *_TIMES):
        op.drop_column("failures", name)


def _fill() -> None:
    """Write what the failures already there are told by, some at a time."""
    change = (
        sa.update(_failures)
        .where(_failures.c.id == sa.bindparam("failure"))
        .values(
            {
                name: sa.bindparam(f"new_{name}")
                for name in ("state", "cause", "currency", "amount_minor", "since")
            }
        )
    )
    last = 0
    while rows := _rows_after(last):
        op.get_bind().execute(change, [_values_of(row) for row in rows])
        last = rows[-1].id


def _rows_after(last: int) -> list[Any]:
    newer = _failures.alias("newer")
    is_last = ~sa.exists().where(
        newer.c.record_id == _failures.c.record_id,
        newer.c.integration_id == _failures.c.integration_id,
        newer.c.id > _failures.c.id,
    )
    own = (
        _deliveries.c.integration_id == _failures.c.integration_id,
        _deliveries.c.record_id == _failures.c.record_id,
    )
    statement = (
        sa.select(
            *(_failures.c[name] for name in ("id", "fault", "field", "message", "created_at", "resolved_at")),
            _records.c.currency,
            _records.c.amount_minor,
            _deliveries.c.state.label("delivery"),
            is_last.label("is_last"),
        )
        .join_from(_failures, _records, _records.c.id == _failures.c.record_id)
        .outerjoin(_deliveries, sa.and_(*own))
        .where(_failures.c.id > last)
        .order_by(_failures.c.id)
        .limit(_AT_ONCE)
    )
    return list(op.get_bind().execute(statement))


def _values_of(row: Any) -> dict[str, Any]:
    if row.resolved_at is None:
        state = _STATES.get(row.delivery, "refused")
    else:
        state = "delivered" if row.delivery == "delivered" and row.is_last else "replaced"
    message = json.loads(row.message) if isinstance(row.message, str) else row.message
    return {
        "failure": row.id,
        "new_state": state,
        "new_cause": _cause_of(row.fault, row.field, message),
        "new_currency": row.currency,
        "new_amount_minor": row.amount_minor,
        "new_since": row.created_at,
    }


def _cause_of(fault: str, field: str, message: Mapping[str, Any]) -> str:
    """Tell causes apart as this release does; written out here, so that it stays as it was then."""
    told = json.dumps([fault, field, _common(message)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _common(message: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        name: _common_value(name, value)
        for name, value in message["values"].items()
        if name not in _OF_ONE_RECORD
    }
    return {"template": message["template"], "values": values}


def _common_value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _OWN_NAMES.sub("#", value) if name == "words" else value
    return _common(value) if "template" in value else value
