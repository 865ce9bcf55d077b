"""Every column that names a row of another table names its organisation too, in the models and in both databases."""

from sqlalchemy import Table, inspect

from integration_admin.data.columns import Base
from integration_admin.data.database import Database

OWNED = {name: table for name, table in Base.metadata.tables.items() if "organisation_id" in table.c}
NOT_OURS = {"client_id", "external_id", "folded_id", "tested_entity_id", "organisation_id"}
"""Columns that hold an id of somebody else's, or the organisation itself."""
OUTLIVED = {"created_by_id"}
"""Columns that hold the id of a member who may be gone: what they made outlives them."""
UNTIED = {
    (
        "deliveries",
        "run_id",
    ): "the last run a record was in, written by that run alone; no cascade may take a delivery",
    ("passkeys", "credential_id"): "an authenticator's name for its key, not one of our credentials",
    (
        "schedule_slots",
        "run_id",
    ): "the run a local time has made; a slot stays used when its run is deleted as too old",
}
"""Ids without a foreign key, and why."""


def referred(column: str) -> Table | None:
    """Return the owned table whose rows a column names: `integration_id` names integrations."""
    return OWNED.get(f"{column.removesuffix('_id')}s") if column.endswith("_id") else None


def test_a_column_that_names_a_row_of_an_organisation_is_tied_to_that_organisation() -> None:
    untied: set[tuple[str, str]] = set()
    for name, table in OWNED.items():
        tied = {tuple(constraint.column_keys) for constraint in table.foreign_key_constraints}
        assert ("organisation_id",) in tied
        untied |= {
            (name, column.name)
            for column in table.c
            if referred(column.name) is not None and ("organisation_id", column.name) not in tied
        }
    assert untied == set(UNTIED)


def test_every_other_id_is_known_to_name_nothing_of_ours() -> None:
    columns = {column.name for table in OWNED.values() for column in table.c if column.name.endswith("_id")}
    assert {column for column in columns if referred(column) is None} <= NOT_OURS | OUTLIVED


async def test_the_database_has_each_of_these_ties(database: Database) -> None:
    async with database.engine.connect() as connection:
        there = await connection.run_sync(
            lambda sync: {
                (
                    name,
                    tuple(key["constrained_columns"]),
                    key["referred_table"],
                    tuple(key["referred_columns"]),
                )
                for name in OWNED
                for key in inspect(sync).get_foreign_keys(name)
            }
        )
    wanted = {
        (
            name,
            tuple(constraint.column_keys),
            constraint.referred_table.name,
            ("organisation_id", "id") if len(constraint.column_keys) > 1 else ("id",),
        )
        for name, table in OWNED.items()
        for constraint in table.foreign_key_constraints
    }
    assert there == wanted
    assert len(wanted) > len(OWNED)
