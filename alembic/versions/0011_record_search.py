"""what records are found by, the records of a run, and how long an organisation keeps its history"""

import json
import re
import unicodedata
from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AT_ONCE = 1_000
_WORDS = {"folded_id": 64, "id_number": 20, "claimant": 200, "claimant_turned": 200}
_INDEXES = {
    "ix_records_organisation_id_folded_id_id": ("records", ["organisation_id", "folded_id", "id"]),
    "ix_records_organisation_id_id_number_id": ("records", ["organisation_id", "id_number", "id"]),
    "ix_records_organisation_id_claimant_id": ("records", ["organisation_id", "claimant", "id"]),
    "ix_records_organisation_id_claimant_turned_id": (
        "records",
        ["organisation_id", "claimant_turned", "id"],
    ),
    "ix_records_organisation_id_amount_minor_id": ("records", ["organisation_id", "amount_minor", "id"]),
}
_OF_DELIVERIES = {
    "ix_deliveries_external": (["organisation_id", "external_id", "id"], "external_id <> ''"),
    "ix_deliveries_run": (["run_id", "id"], "run_id IS NOT NULL"),
}

_records = sa.table(
    "records",
    sa.column("id", sa.BigInteger()),
    sa.column("external_id", sa.String()),
    sa.column("payload", sa.Text()),
    *(sa.column(name, sa.String()) for name in _WORDS),
)


def upgrade() -> None:
    op.add_column(
        "organisations", sa.Column("keep_years", sa.Integer(), server_default=sa.text("10"), nullable=False)
    )
    for name, length in _WORDS.items():
        # Compared byte by byte, as a search for beginnings needs it, whatever the database's own language.
        kind = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
        op.add_column("records", sa.Column(name, kind, server_default=sa.text("''"), nullable=False))
    _fill()
    for name, (table, columns) in _INDEXES.items():
        op.create_index(op.f(name), table, columns)
    for name, (columns, condition) in _OF_DELIVERIES.items():
        where = sa.text(condition)
        op.create_index(op.f(name), "deliveries", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in _OF_DELIVERIES:
        op.drop_index(op.f(name), table_name="deliveries")
    for name, (table, _) in _INDEXES.items():
        op.drop_index(op.f(name), table_name=table)
    for name in _WORDS:
        op.drop_column("records", name)
    op.drop_column("organisations", "keep_years")


def _fill() -> None:
    """Write what the records already there are found by, some at a time."""
    change = (
        sa.update(_records)
        .where(_records.c.id == sa.bindparam("record"))
        .values({name: sa.bindparam(f"new_{name}") for name in _WORDS})
    )
    last = 0
    while rows := _rows_after(last):
        values = [_words_of(row) for row in rows]
        op.get_bind().execute(change, values)
        last = rows[-1].id


def _rows_after(last: int) -> list[Any]:
    payload = sa.cast(_records.c.payload, sa.Text())
    statement = sa.select(_records.c.id, _records.c.external_id, payload.label("payload"))
    return list(
        op.get_bind().execute(statement.where(_records.c.id > last).order_by(_records.c.id).limit(_AT_ONCE))
    )


def _words_of(row: Any) -> dict[str, Any]:
    """Fold as this release does; written out here, so that it stays as it was when the columns were filled."""
    claimant = json.loads(row.payload).get("claimant") or {}
    name = _folded(str(claimant.get("name", "")))[:200]
    first, _, last = name.rpartition(" ")
    number = re.search(r"[0-9]{1,20}\Z", row.external_id)
    return {
        "record": row.id,
        "new_folded_id": _folded(row.external_id)[:64],
        "new_id_number": number.group().lstrip("0") if number else "",
        "new_claimant": name,
        "new_claimant_turned": f"{last} {first}".strip(),
    }


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
