"""How the program logs: to standard error, as lines for people or as JSON, in UTC, never with local variables."""

import io
import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

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

_QUOTING = (
    "engineio",
    "reflex.app",
    "reflex.istate",
    "reflex.state",
    "reflex.utils.token_manager",
    "reflex_base.event",
    "socketio",
)
"""What handles traffic in libraries whose warnings and errors quote what a browser sent, passwords included."""
_UNPRINTABLE = re.compile(
    r"[^\n\t\x20-\x7e\xa0-\u200a\u2010-\u2027\u202f-\u205f\u2070-\ud7ff\ue000-\U0010ffff]"
)
"""What could make a terminal do something or change what a reader sees: control characters, escape sequences, and
marks that turn the direction of writing."""

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
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            _without_what_was_sent,
            _redis_without_traceback,
            *_COMMON,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings)],
    )


def _rendering(settings: Settings) -> list[Processor]:
    """Return the last processors; tracebacks are plain, for the rich kind prints every local variable."""
    if settings.log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    return [
        _on_one_line,
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_indented_traceback),
    ]


def _without_what_was_sent(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Leave of a quoting library's line only where it was written, and what kind of error it tells of."""
    del logger, name
    record: logging.LogRecord = event["_record"]
    if not f"{record.name}.".startswith(tuple(f"{name}." for name in _QUOTING)):
        return event
    event["event"] = f"{record.funcName} ({record.module}.py:{record.lineno})"
    error = event.pop("exc_info", None)
    if isinstance(error, tuple) and error[0] is not None:
        event["error"] = error[0].__name__
    return event


def _redis_without_traceback(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Tell in a word that Redis is away: each of Reflex's subscribers gives up again and again, a page of lines each."""
    del logger, name
    error = event.get("exc_info")
    if isinstance(error, tuple) and error[0] is not None and error[0].__module__.startswith("redis."):
        del event["exc_info"]
        event["error"] = f"{error[0].__name__}: {error[1]}"
    return event


def _on_one_line(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Keep what somebody typed from beginning a line of its own, or from moving the terminal's cursor.

    Values are written as Python would, which takes care of them; tracebacks are several lines on purpose.
    """
    del logger, name
    event["event"] = _UNPRINTABLE.sub(_escaped, str(event["event"])).replace("\n", "\\n").replace("\t", "\\t")
    return event


def _indented_traceback(stream: TextIO, error: ExcInfo) -> None:
    """Write a plain traceback so that no line of an error's own words looks like a line of the log."""
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    stream.write(_UNPRINTABLE.sub(_escaped, text.getvalue()).replace("\n", "\n    "))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "backslashreplace").decode()
