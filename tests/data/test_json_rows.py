"""Rows handed over as one parameter come out as they went in, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Text, bindparam, select, text

from integration_admin.data.columns import UTCDateTime
from integration_admin.data.database import Database
from integration_admin.data.json_rows import folded, unfolded
from integration_admin.data.models import Delivery

COLUMNS = {"number": BigInteger(), "word": Text(), "at": UTCDateTime(), "truth": Boolean()}
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

Row = tuple[Any, ...]


async def round_trip(database: Database, rows: list[Row], own: str | None = None) -> list[Row]:
    """Hand rows to the database as one parameter and read them back."""
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    given_rows = unfolded(dialect, bindparam("rows", type_=Text), COLUMNS, own=own)
    place = list(COLUMNS).index(own) if own else None
    async with database.engine.connect() as connection:
        question = select(*(given_rows.c[name] for name in COLUMNS))
        found = await connection.execute(question, {"rows": folded(dialect, rows, own=place)})
        return [tuple(row) for row in found]


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "'",
        '"',
        "\\",
        "Bilag 'æøå' “ÆØÅ”",
        'a", "b',
        "$[0]",
        "{}",
        "null",
        "%s :rows ?",
        "to\nlinjer\t",
        "💶",
        None,
    ],
)
async def test_texts_survive(database: Database, word: str | None) -> None:
    assert await round_trip(database, [(1, word, None, None)]) == [(1, word, None, None)]


@pytest.mark.parametrize(
    "instant",
    [
        NOON,
        NOON + timedelta(microseconds=1),
        NOON.replace(microsecond=999_999),
        NOON.astimezone(timezone(timedelta(hours=2))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        None,
    ],
)
async def test_instants_survive_to_the_microsecond(database: Database, instant: datetime | None) -> None:
    assert await round_trip(database, [(1, "", instant, True)]) == [(1, "", instant, True)]


async def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="aware"):
        await round_trip(database, [(1, "", NOON.replace(tzinfo=None), None)])


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), None])
async def test_whole_numbers_survive(database: Database, number: int | None) -> None:
    assert await round_trip(database, [(number, "", None, False)]) == [(number, "", None, False)]


async def test_many_rows_keep_their_order_and_no_row_is_no_row(database: Database) -> None:
    rows: list[Row] = [(number, str(number), NOON, number % 2 == 0) for number in range(1000)]
    assert await round_trip(database, rows) == rows
    assert await round_trip(database, []) == []


async def test_hours_and_days_of_other_years_compare_as_the_database_stores_them(
    sqlite_database: Database,
) -> None:
    # SQLite compares instants as text, so a folded one must look like a stored one.
    stored = UTCDateTime().dialect_impl(sqlite_database.engine.dialect)
    process = stored.bind_processor(sqlite_database.engine.dialect)
    assert process is not None
    assert f'"{process(NOON)}"' in folded("sqlite", [(NOON,)])


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        folded("sqlite", [(value,)])


@settings(derandomize=True, deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            st.none() | st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001, hypothesis wants bounds without a zone
            st.none() | st.booleans(),
        ),
        max_size=5,
    )
)
async def test_whatever_the_rows_hold_they_come_out_as_they_went_in(
    database: Database, rows: list[Row]
) -> None:
    assert await round_trip(database, rows) == rows


@settings(derandomize=True, deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            st.sampled_from(
                [NOON, NOON.astimezone(timezone(timedelta(hours=2))), NOON + timedelta(hours=1), None]
            ),
            st.none() | st.booleans(),
        ),
        max_size=8,
        unique_by=lambda row: row[0],
    )
)
async def test_rows_that_share_most_of_what_they_say_come_out_as_they_went_in(
    database: Database, rows: list[Row]
) -> None:
    assert sorted(await round_trip(database, rows, own="word"), key=lambda row: row[0]) == sorted(
        rows, key=lambda row: row[0]
    )


def test_what_rows_share_is_written_once() -> None:
    rows = [(number, f"V-{number}", "delivered", NOON) for number in range(100)]
    written = folded("sqlite", [*rows, (100, "V-100", "rejected", None)], own=1)
    assert (written.count("delivered"), written.count("rejected")) == (1, 1)
    assert folded("postgresql", rows, own=1).count("delivered") == 100


async def test_rows_are_found_by_their_index_behind_row_level_security(postgresql_database: Database) -> None:
    given_rows = unfolded("postgresql", bindparam("rows", type_=Text), {"id": BigInteger()})
    joined = select(Delivery.attempts).join(given_rows, Delivery.id == given_rows.c.id)
    compiled = joined.compile(dialect=postgresql_database.engine.dialect)
    async with postgresql_database.engine.connect() as connection:
        # Autovacuum may have found out meanwhile that the table is empty; then any plan will do.
        await connection.execute(text("SELECT pg_clear_relation_stats('public', 'deliveries')"))
        # With no rows there any plan is cheap; what matters is that this one is allowed.
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"):
            await connection.execute(text(f"SET LOCAL {setting} = off"))
        plan = await connection.exec_driver_sql(f"EXPLAIN {compiled}", {**compiled.params, "rows": "[[1]]"})
        steps = [row[0].strip() for row in plan]
    assert any(step.startswith("Index Cond: (id = ") for step in steps), steps
    assert not any(step.startswith("Join Filter") for step in steps), steps
