"""Logs that can be read by people or programs, and never hold what must not be told."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog
from redis.exceptions import ConnectionError  # noqa: A004, that of Redis is meant

from integration_admin.core import logs
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings

CANARY = "canary-value-of-a-secret"


@pytest.fixture(autouse=True)
def _own_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@contextmanager
def bare_root_logger() -> Iterator[logging.Logger]:
    """Yield the root logger without the handlers that pytest gives each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        yield root
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def fail() -> None:
    password = CANARY
    detail = f"no good, {len(password)}"
    raise RuntimeError(detail)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_holds_no_local_variable(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_format=form))
    try:
        fail()
    except RuntimeError:
        structlog.get_logger().exception("it_failed", credential=Secret(CANARY))
    written = capsys.readouterr().err
    assert "no good" in written
    assert CANARY not in written


def test_json_is_one_object_a_line_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_format="json"))
    structlog.get_logger().info("run_finished", run="r-1", delivered=3)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["run"], line["delivered"]) == (
        "run_finished",
        "info",
        "r-1",
        3,
    )
    assert line["timestamp"].endswith("Z")


def test_the_level_is_the_one_that_was_set(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_level="WARNING"))
    structlog.get_logger().info("quiet")
    assert capsys.readouterr().err == ""


def test_a_library_s_lines_are_json_too_and_hold_no_local_variable(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with bare_root_logger() as root:
        logs.configure(Settings(log_format="json"))
        try:
            fail()
        except RuntimeError:
            root.getChild("library").exception("It failed for %s", "the library")
    written = capsys.readouterr().err
    line = json.loads(written)
    assert (line["event"], line["level"], line["logger"]) == ("It failed for the library", "error", "library")
    assert "no good" in line["exception"]
    assert CANARY not in written


TYPED = "Kari\n2026-11-22T00:00:00Z [info     ] run_finished delivered=99\r\x1b[2J\x1b]0;x\x07\x9b31m\u202e\u2028end"


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_somebody_typed_begins_no_line_and_moves_no_cursor(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with bare_root_logger() as root:
        logs.configure(Settings(log_format=form))
        structlog.get_logger().info("noted", by=TYPED)
        structlog.get_logger().info(TYPED)
        root.getChild("library").warning("It failed for %s", TYPED)
        root.getChild("library").warning(TYPED)
    written = capsys.readouterr().err
    lines = written.rstrip("\n").split("\n")
    assert len(lines) == 4
    assert all("Kari" in line and "end" in line for line in lines)
    assert not set(written) & set("\r\x1b\x07\x9b\u202e\u2028")


@pytest.mark.parametrize(
    "name", ["reflex.app", "reflex_base.event.processor.x", "engineio.server", "socketio"]
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_library_that_quotes_what_was_sent_tells_only_where(
    form: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with bare_root_logger():
        logs.configure(Settings(log_format=form))
        library = logging.getLogger(name)
        library.warning("Event data: %s", {"password": CANARY})
        try:
            fail()
        except RuntimeError:
            library.exception("Unknown receive error %s", CANARY)
    written = capsys.readouterr().err
    assert CANARY not in written
    assert "test_logs.py:" in written
    assert "RuntimeError" in written
    assert "no good" not in written


@pytest.mark.parametrize("form", ["text", "json"])
async def test_a_subscriber_that_redis_has_left_takes_one_line_and_no_traceback(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def subscriber() -> None:
        detail = "Error 111 connecting to redis.example.org:6379."
        raise ConnectionError(detail)

    with bare_root_logger():
        logs.configure(Settings(log_format=form))
        task = asyncio.create_task(subscriber(), name="subscriber")
        await asyncio.wait([task])
        del task
    written = capsys.readouterr().err
    assert (written.count("\n"), "Traceback" in written) == (1, False)
    assert "Task exception was never retrieved" in written
    assert "ConnectionError: Error 111 connecting to redis.example.org:6379." in written


def test_the_words_of_an_error_look_like_no_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings())
    try:
        int(TYPED)
    except ValueError:
        structlog.get_logger().exception("it_failed")
    written = capsys.readouterr().err
    assert not set(written) & set("\r\x1b\x07\x9b\u202e\u2028")
    assert [line for line in written.splitlines() if line.startswith("2026-11-22T00:00:00Z")] == []
