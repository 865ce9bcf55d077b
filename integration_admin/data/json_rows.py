"""Many rows as one parameter: a JSON list the database unfolds itself, on SQLite and on PostgreSQL.

One statement then moves a whole batch; as many statements it would take ten times as long.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    Subquery,
    Table,
    Text,
    UnaryExpression,
    Uuid,
    bindparam,
    cast,
    func,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import TypeEngine

Columns = Mapping[str, TypeEngine[Any]]


def unfolded(
    dialect: str, parameter: BindParameter[Any], columns: Columns, *, own: str | None = None
) -> Subquery:
    """Return the rows of `parameter`, as `folded` writes them, with named columns.

    `own` names the one column, apart from the first, that differs from row to row where the others rarely do;
    it is a text, and the first a number of which no other row has the same.
    """
    if dialect == "sqlite" and own is not None:
        return _ungrouped(parameter, columns, own)
    if dialect == "sqlite":
        each = func.json_each(parameter).table_valued("value", name="each")
        picked = [
            type_coerce(func.json_extract(each.c.value, f"$[{place}]"), kind).label(name)
            for place, (name, kind) in enumerate(columns.items())
        ]
        return select(*picked).select_from(each).subquery("given")
    element = func.jsonb_array_elements(cast(parameter, JSONB)).column_valued("each")
    picked = [
        cast(type_coerce(element.op("->>")(place), Text), kind).label(name)
        for place, (name, kind) in enumerate(columns.items())
    ]
    # Without the offset PostgreSQL would unfold the list inside the comparisons with it. Row-level security lets no
    # comparison with a cast in it come before the policy, so each row given would cost a scan instead of an index's answer.
    return select(*picked).offset(0).subquery("given")


def _ungrouped(parameter: BindParameter[Any], columns: Columns, own: str) -> Subquery:
    """Return rows that share most of what they say; taking each apart would cost SQLite more than moving it."""
    first, *others = columns
    shared = [name for name in others if name != own]
    group = func.json_each(parameter).table_valued("value", name="groups")
    picked = [
        type_coerce(func.json_extract(group.c.value, f"$[{place}]"), columns[name]).label(name)
        for place, name in enumerate(shared)
    ]
    rows = func.json_extract(group.c.value, f"$[{len(shared)}]").label("rows")
    # Without the offset SQLite would take a group apart for each of its rows.
    groups = select(*picked, rows).select_from(group).offset(0).subquery("said")
    each = func.json_each(groups.c.rows).table_valued("key", "value", name="each")
    return (
        select(
            cast(each.c.key, columns[first]).label(first),
            type_coerce(each.c.value, columns[own]).label(own),
            *(groups.c[name] for name in shared),
        )
        .select_from(groups.join(each, true()))
        .subquery("given")
    )


def listed(dialect: str, parameter: BindParameter[Any]) -> Select[Any]:
    """Return the whole numbers of `parameter`, a JSON list of nothing else."""
    if dialect == "sqlite":
        return select(func.json_each(parameter).table_valued("value", name="each").c.value)
    each = func.jsonb_array_elements_text(cast(parameter, JSONB)).column_valued("each")
    return select(cast(each, BigInteger)).offset(0)


def owned_and_given(dialect: str, table: Table, given: Subquery) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the rows of a table that are given by id and belong to the parameter `organisation`."""
    owner: ColumnElement[Any] = table.c.organisation_id
    if dialect == "sqlite":
        # Its planner takes an organisation to own ten rows and would begin there; a plus keeps it from that.
        owner = UnaryExpression(owner, operator=custom_op("+"), type_=Uuid())
    return owner == bindparam("organisation", type_=Uuid()), table.c.id == given.c.id


def folded(dialect: str, rows: Iterable[Sequence[Any]], *, own: int | None = None) -> str:
    """Write rows of texts, numbers, truths and instants as the JSON `unfolded` reads.

    `own` is the place of the column `unfolded` knows by that name.
    """

    def instant(value: object) -> str:
        if not isinstance(value, datetime):
            raise TypeError(type(value).__name__)
        if value.tzinfo is None:
            detail = "A stored time must be aware."
            raise ValueError(detail)
        utc = value.astimezone(UTC)
        # SQLite compares times as text, so they must look like those SQLAlchemy writes.
        return utc.strftime("%Y-%m-%d %H:%M:%S.%f") if dialect == "sqlite" else utc.isoformat()

    written = list(rows) if own is None or dialect != "sqlite" else _grouped(rows, own)
    return json.dumps(written, default=instant)


def _grouped(rows: Iterable[Sequence[Any]], own: int) -> list[Sequence[Any]]:
    """Return, for each thing that rows share, what it is and those rows by their first column."""
    groups: dict[tuple[Any, ...], dict[int, str]] = {}
    for row in rows:
        shared = (*row[1:own], *row[own + 1 :])
        groups.setdefault(shared, {})[row[0]] = row[own]
    return [(*shared, members) for shared, members in groups.items()]
