"""A PostgreSQL server of the bench's own, with every commit on the disk as in earnest."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from faults.postgresql import as_program, new_database, start_server


class Databases:
    """Makes databases and copies them."""

    def __init__(self, address: str) -> None:
        self._address = address

    def new(self, template: str = "template0") -> str:
        """Make a database of the program's and return its address."""
        name = f"bench_{uuid.uuid4().hex}"
        self._administer(new_database(name, template))
        return as_program(make_url(self._address), name)

    @contextmanager
    def copied(self, url: str) -> Iterator[str]:
        """Copy a database that nobody has open, for as long as the block lasts; its tables are analysed."""
        copy = self.new(make_url(url).database or "")
        with psycopg.connect(copy, autocommit=True) as connection:
            connection.execute("ANALYZE")
        try:
            yield copy
        finally:
            name = sql.Identifier(make_url(copy).database or "")
            self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def databases() -> Iterator[Databases]:
    """Start PostgreSQL 18, and remove it with all its data at the end."""
    process = start_server("ia-bench-pg-")
    try:
        yield Databases(process.get_uri())
    finally:
        process.cleanup()
