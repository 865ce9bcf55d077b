"""How what is done again and again logs that it failed this time."""

from structlog.typing import FilteringBoundLogger

from integration_admin.core.errors import DatabaseBusy, DatabaseUnreachable


def log_failure(log: FilteringBoundLogger, event: str, error: Exception, **about: str) -> None:
    """Log a failure: one line while the database is away or full, which may last for hours, and else a traceback."""
    if isinstance(error, DatabaseBusy | DatabaseUnreachable):
        log.warning(event, reason=error.internal, **about)
    else:
        log.error(event, exc_info=error, **about)
