"""What a database's own errors mean to whoever asked: one place that knows their codes."""

import sqlite3

from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from integration_admin.core.errors import (
    Conflict,
    DatabaseBusy,
    DatabaseUnreachable,
    IntegrationAdminError,
    InvalidInput,
    NotFound,
)
from integration_admin.core.messages import msg

TOO_LONG = msg("The database is busy. Nothing was changed; try again in a moment.")
"""Why a unit of work that waited for others gave up."""

_BUSY = frozenset({"SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "40P01"})
"""40P01 is PostgreSQL's for a transaction it ended because two waited for each other."""
_UNWRITABLE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")
_TAKEN = frozenset({"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})
_UNSTORABLE = frozenset({None, "22021", "22P05"})
"""None where the driver itself refuses a text."""
_ABSENT = frozenset({"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"})


def busy(error: OperationalError | sqlite3.OperationalError) -> DatabaseBusy | None:
    """Return what an error means where somebody else writes; None for every other error."""
    # SQLAlchemy wraps what a statement raises, but not what BEGIN does.
    cause = error.orig if isinstance(error, OperationalError) else error
    if (getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", "")) not in _BUSY:
        return None
    # The lines after the first name rows and processes.
    return DatabaseBusy(TOO_LONG, internal=str(cause).split("\n", 1)[0])


def unwritable(error: DBAPIError | sqlite3.DatabaseError) -> DatabaseUnreachable | None:
    """Return what an error means where SQLite cannot write its file; None for every other error."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not getattr(cause, "sqlite_errorname", "").startswith(_UNWRITABLE):
        return None
    return DatabaseUnreachable(
        msg("A file cannot be opened or written to. Look whether the disk is full, and who may write there."),
        internal=str(cause),
    )


def no_database(error: DBAPIError) -> DatabaseUnreachable | None:
    """Return what an error means where the file is none of SQLite's, or damaged; None for every other error."""
    name = getattr(error.orig, "sqlite_errorname", "")
    return unreachable(error) if name in {"SQLITE_NOTADB", "SQLITE_CORRUPT"} else None


def lost(error: OperationalError | sqlite3.OperationalError) -> DatabaseUnreachable | None:
    """Return what it means that the connection broke while something was asked; None for every other error."""
    if isinstance(error, OperationalError) and error.connection_invalidated:
        return unreachable(error)
    return None


def unreachable(error: DBAPIError) -> DatabaseUnreachable:
    """Return what it means that there is no connection, or none any more."""
    return DatabaseUnreachable(
        msg("The database cannot be reached. Check that it is running and that DATABASE_URL names it."),
        # The lines after the first may quote more than the address.
        internal=str(error.orig).split("\n", 1)[0],
    )


def refusal(error: IntegrityError) -> IntegrationAdminError | None:
    """Return what a broken constraint means to the caller; None for one that only a bug breaks."""
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", "")
    if code in _TAKEN:
        return Conflict(
            msg("This exists already, or somebody else saved it at the same moment."),
            internal=str(error.orig),
        )
    if code in _ABSENT:
        return NotFound(msg("What this belongs to does not exist any more."), internal=str(error.orig))
    return None


def unstorable_text(error: DataError | UnicodeEncodeError) -> InvalidInput | None:
    """Return what it means that a text cannot be stored; None for a value that is refused for anything else.

    PostgreSQL takes no zero byte, and neither of them half a surrogate pair; no keyboard types either.
    """
    if isinstance(error, DataError) and getattr(error.orig, "sqlstate", None) not in _UNSTORABLE:
        return None
    return InvalidInput(msg("There is a character in it that cannot be stored."), internal="unstorable text")


def hide_quoted_rows(context: ExceptionContext) -> None:
    """Keep only the first line of what PostgreSQL says: those after it quote the row, secrets and all."""
    primary = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if primary is None:
        return
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = (str(error.args[0]).split("\n", 1)[0], *error.args[1:])
