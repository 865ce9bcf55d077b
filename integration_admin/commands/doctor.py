"""The command that looks whether everything is in order. What it looks at is in doctor_checks.py."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Final

import structlog
import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.doctor_checks import (
    Finding,
    State,
    check_audit,
    check_clock,
    check_database,
    check_disk,
    check_files,
    check_keys,
    check_migrations,
    check_outbound,
    check_redis,
    check_role,
    check_scheduler,
    check_settings,
)
from integration_admin.commands.running import run
from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.file_trouble import words_of

Check = Callable[[Application], Awaitable[Finding]]

_ALWAYS: Final[dict[str, Check]] = {
    "settings": check_settings,
    "disk": check_disk,
    "redis": check_redis,
    "database": check_database,
}
_WITH_DATABASE: Final[dict[str, Check]] = {"files": check_files, "migrations": check_migrations}
_WITH_SCHEMA: Final[dict[str, Check]] = {
    "database role": check_role,
    "keys": check_keys,
    "clock": check_clock,
    "scheduler": check_scheduler,
    "audit log": check_audit,
    "outbound": check_outbound,
}
_WITHIN_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Look whether everything is in order: one line each, and what to do about what is not."""
    findings = run(examine, of_any_release=True)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{finding.state:<8} {finding.name}: {finding.words}")
    if any(finding.state is State.WRONG for finding in findings):
        raise typer.Exit(1)


async def examine(application: Application) -> list[Finding]:
    """Make each check whose ground is sound: without a database there is no schema to look at."""
    findings: list[Finding] = []
    for checks in (_ALWAYS, _WITH_DATABASE, _WITH_SCHEMA):
        findings += [await _made(name, check, application) for name, check in checks.items()]
        if any(
            finding.state is State.WRONG and finding.name in {"database", "migrations"}
            for finding in findings
        ):
            break
    return findings


async def _made(name: str, check: Check, application: Application) -> Finding:
    """Make one check; one that fails is a finding itself."""
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            return await check(application)
    except IntegrationAdminError as error:
        return Finding(name, State.WRONG, str(error.message))
    except TimeoutError:
        return Finding(name, State.WRONG, "This could not be looked at within a minute.")
    except Exception as error:  # noqa: BLE001, the other checks must still be made
        if isinstance(error, OSError) and error.filename:
            return Finding(name, State.WRONG, words_of(error))
        _log.debug("doctor.failed", check=name, error=type(error).__name__)
        return Finding(name, State.WRONG, f"This could not be looked at ({type(error).__name__}).")
