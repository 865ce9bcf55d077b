"""How the program logs: to standard error, as lines for people or as JSON, in UTC, never with local variables."""

import logging
import sys

import structlog
from structlog.typing import Processor

from integration_admin.core.settings import Settings

_CHATTY = (
    "aiohttp",
    "aiosmtplib",
    "aiosqlite",
    "alembic",
    "apscheduler",
    "asyncio",
    "httpx",
    "httpcore",
    "procrastinate",
    "sqlalchemy",
    "uvicorn",
)
"""Libraries whose everyday messages hold addresses and headers; only their warnings are passed on."""

_COMMON: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(settings: Settings) -> None:
    """Set up logging for this process, our own lines and those of libraries in the same form."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[*_COMMON, *_rendering(settings)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_for_libraries(settings))
    logging.basicConfig(level=level, handlers=[handler])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _for_libraries(settings: Settings) -> logging.Formatter:
    """Return what gives the lines of the standard library's logging the form of our own."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_COMMON],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings)],
    )


def _rendering(settings: Settings) -> list[Processor]:
    """Return the last processors; tracebacks are plain, for the rich kind prints every local variable."""
    if settings.log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]
