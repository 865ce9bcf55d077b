"""The tables of the simulated Business Central: all changes of a transaction are kept, or none.

What the rows mean is in rows.py; whether a change is allowed is decided before it comes here.
"""

import json
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import TypeAdapter, ValidationError

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.sandbox.journal import Journal

Row = Any
"""One of the tuples of rows.py."""
Key = Callable[[Row], Hashable]


class Table:
    """Rows by number, found by some of their fields too; `unique` is what no two of them have in common."""

    def __init__(self, kind: type, indexes: Mapping[str, Key], unique: Key | None = None) -> None:
        self.rows: dict[int, Row] = {}
        self.next_number = 1
        self._unique = unique
        self._places: dict[Hashable, int] = {}
        self._adapter = TypeAdapter[Row](kind)
        self._keys = indexes
        self._found: dict[str, dict[Hashable, dict[int, None]]] = {name: {} for name in indexes}

    def numbers(self, index: str, key: Hashable) -> Iterable[int]:
        """Return the numbers of the rows with `key`, in the order they got it."""
        return self._found[index].get(key, ())

    def keys(self, index: str) -> Collection[Any]:
        """Return the keys there are rows with."""
        return self._found[index].keys()

    def unique(self, key: Hashable) -> int | None:
        """Return the number of the one row with this unique key."""
        return self._places.get(key)

    def put(self, number: int, row: Row | None) -> Row | None:
        """Set a row or, with None, remove it; return what was there."""
        before = self.rows.pop(number, None)
        if before is not None:
            self._forget(number, before)
        if row is not None:
            self.rows[number] = row
            self.next_number = max(self.next_number, number + 1)
            if self._unique:
                self._places[self._unique(row)] = number
            for name, key in self._keys.items():
                self._found[name].setdefault(key(row), {})[number] = None
        return before

    def read(self, kept: Any) -> Row:
        """Return the row a journal holds. Raises ValidationError."""
        return self._adapter.validate_python(kept)

    def _forget(self, number: int, row: Row) -> None:
        if self._unique:
            del self._places[self._unique(row)]
        for name, key in self._keys.items():
            found = self._found[name]
            value = key(row)
            del found[value][number]
            if not found[value]:
                del found[value]


class Store:
    """The tables by name, with a journal of their changes where there is one."""

    def __init__(self, tables: Mapping[str, Table], journal: Journal | None) -> None:
        self.tables = tables
        self.version = 0
        """Grows with every change; records carry it in their ETags."""
        self._journal = journal
        self._undo: list[tuple[str, int, Row | None]] | None = None
        if journal is not None:
            self._restore(journal)

    def table(self, name: str) -> Table:
        """Return one table."""
        return self.tables[name]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep the changes made inside, or none of them where an exception comes; inner ones join the outer."""
        if self._undo is not None:
            yield
            return
        self._undo = []
        try:
            yield
            self._write()
        except BaseException:
            self.undo()
            raise
        finally:
            self._undo = None

    def undo(self) -> None:
        """Take back what the transaction has changed so far."""
        changes = self._undo or []
        while changes:
            name, number, before = changes.pop()
            self.tables[name].put(number, before)

    def add(self, name: str, row: Row) -> int:
        """Add a row and return its number."""
        number = self.tables[name].next_number
        self.change(name, number, row)
        return number

    def change(self, name: str, number: int, row: Row | None) -> None:
        """Set or remove a row, inside a transaction."""
        if self._undo is None:
            detail = "changes are made in a transaction"
            raise RuntimeError(detail)
        self._undo.append((name, number, self.tables[name].put(number, row)))

    def stamp(self) -> int:
        """Return the version of a change."""
        self.version += 1
        return self.version

    def forget(self) -> None:
        """Forget what the journal has."""
        if self._journal is not None:
            self._journal.clear()

    def _write(self) -> None:
        """Hand the transaction's changes to the journal. Raises OSError."""
        if self._journal is None or not self._undo:
            return
        changed = dict.fromkeys((name, number) for name, number, _ in self._undo)
        rows = [[name, number, self.tables[name].rows.get(number)] for name, number in changed]
        self._journal.append([json.dumps({"version": self.version, "rows": rows}).encode()])

    def _restore(self, journal: Journal) -> None:
        for place, line in enumerate(journal.lines(), start=1):
            try:
                kept = json.loads(line)
                for name, number, row in kept["rows"]:
                    table = self.tables[name]
                    table.put(number, None if row is None else table.read(row))
                self.version = int(kept["version"])
            except (ValueError, LookupError, TypeError, ValidationError) as error:
                raise ConfigurationError(
                    msg(
                        "Line {line} of “{path}” is damaged. Delete the file to start with an empty ledger.",
                        line=place,
                        path=journal.path,
                    )
                ) from error
