"""Many rows as one parameter: a JSON list the database unfolds itself, on SQLite and on PostgreSQL.

One statement then moves a whole batch; as many statements it would take ten times as long.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Subquery,
    Table,
    Text,
    UnaryExpression,
    Uuid,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import TypeEngine


def unfolded(dialect: str, parameter: BindParameter[Any], columns: Mapping[str, TypeEngine[Any]]) -> Subquery:
    """Return the rows of `parameter`, a JSON list of lists as `folded` writes it, with named columns."""
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


def owned_and_given(dialect: str, table: Table, given: Subquery) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the rows of a table that are given by id and belong to the parameter `organisation`."""
    owner: ColumnElement[Any] = table.c.organisation_id
    if dialect == "sqlite":
        # Its planner takes an organisation to own ten rows and would begin there; a plus keeps it from that.
        owner = UnaryExpression(owner, operator=custom_op("+"), type_=Uuid())
    return owner == bindparam("organisation", type_=Uuid()), table.c.id == given.c.id


def folded(dialect: str, rows: Iterable[Sequence[Any]]) -> str:
    """Write rows of texts, numbers, truths and instants as the JSON `unfolded` reads."""

    def instant(value: object) -> str:
        if not isinstance(value, datetime):
            raise TypeError(type(value).__name__)
        if value.tzinfo is None:
            detail = "A stored time must be aware."
            raise ValueError(detail)
        utc = value.astimezone(UTC)
        # SQLite compares times as text, so they must look like those SQLAlchemy writes.
        return utc.strftime("%Y-%m-%d %H:%M:%S.%f") if dialect == "sqlite" else utc.isoformat()

    return json.dumps(list(rows), default=instant)
