"""What search, history and health cost the server at a million records and ten thousand runs, beside ten thousand records."""

import asyncio
import shutil
import sqlite3
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from benchmarks.claims import claims
from benchmarks.instance import ORGANISATION, opened, set_up_organisation
from benchmarks.report import Figure
from integration_admin.bootstrap import Application
from integration_admin.core.actor import Actor
from integration_admin.core.statuses import DeliveryState, IntegrationState
from integration_admin.data.models import Integration
from integration_admin.services.record_search import RecordQuery

_FEW = 10_000
_TIMES = 100
_PER_RUN = 100
"""Records one run exported, so that a run's page holds as much of both installations."""
_FAILED = 50
_ROUNDS = 100
_MOST_GROWTH = 1.3
_MOST_MILLISECONDS = 50.0
_RECORD = "organisation_id, kind, revision, status, currency, content_hash, claimant, claimant_turned, received_at, updated_at"
_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('records', 'deliveries')"
_DELIVERED = (
    "INSERT INTO deliveries (organisation_id, integration_id, record_id, state, reference, voucher_number,"
    " revision, attempts, currency, amount_minor, external_id, run_id, first_sent_at, sent_at, updated_at)"
    " SELECT organisation_id, ?1, id, CASE WHEN id <= ?2 THEN 'rejected' ELSE 'delivered' END,"
    " 'REF' || printf('%019d', id), id, 1, 1, currency, amount_minor, 'VB-' || id, NULL, updated_at, updated_at,"
    " updated_at FROM records"
)
_RAN = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?3)"
    " INSERT INTO runs (id, organisation_id, integration_id, trigger, state, started_by, cancel_requested,"
    " requested_at, started_at, finished_at, delivered, rejected, waiting, unknown, sums)"
    " SELECT lower(hex(randomblob(16))), ?1, ?2, 'schedule', CASE WHEN i % 50 THEN 'succeeded' ELSE 'failed' END,"
    " '', 0, datetime('2026-11-01', '-' || i || ' hours') || '.000000', NULL,"
    " datetime('2026-11-01', '-' || i || ' hours') || '.000000', 0, 0, 0, 0, '{}' FROM n"
)
_BELONG = (
    "UPDATE deliveries SET run_id = (SELECT id FROM runs WHERE rowid ="
    " 1 + deliveries.id % (SELECT count(*) FROM runs))"
)
_FAILURES = (
    "INSERT INTO failures (organisation_id, integration_id, run_id, record_id, fault, field, message, created_at,"
    " state, cause, since, currency, amount_minor)"
    " SELECT organisation_id, integration_id, run_id, record_id, 'config', 'account',"
    ' \'{"template": "The account is closed.", "values": {}}\', updated_at,'
    " 'refused', printf('%032x', record_id % 3), updated_at, currency, amount_minor FROM deliveries"
    " WHERE state = 'rejected'"
)
_Question = Callable[[Application, Actor, uuid.UUID], Awaitable[object]]


def measure() -> list[Figure]:
    """Ask the same of both installations, turn by turn."""
    with TemporaryDirectory(prefix="ia-bench-") as name:
        few, many = Path(name) / "few", Path(name) / "many"
        integration = asyncio.run(_set_up(few))
        shutil.copytree(few, many)
        _fill(few, integration, copies=0)
        _fill(many, integration, copies=_TIMES - 1)
        base, whole = asyncio.run(_ask(few, integration)), asyncio.run(_ask(many, integration))
    return [_figure(question, whole[question], base[question]) for question in whole]


def _figure(question: str, value: float, baseline: float) -> Figure:
    ratio = value / baseline
    holds = ratio <= _MOST_GROWTH and value <= _MOST_MILLISECONDS
    return Figure(f"{question}_p95", value, "ms", baseline, ratio, _MOST_GROWTH, holds)


async def _set_up(folder: Path) -> uuid.UUID:
    """Make an installation with an integration and some records, and return the integration's id."""
    async with opened(folder) as application:
        await set_up_organisation(application)
        actor = await application.services.organisations.actor_of(ORGANISATION)
        now = application.clock.now()
        integration = Integration(
            id=uuid.uuid4(),
            kind="xledger",
            name="Xledger",
            state=IntegrationState.ACTIVE,
            settings={},
            created_at=now,
            updated_at=now,
        )
        async with application.database.write(actor.organisation_id) as unit:
            await unit.integrations.add(integration)
        await application.services.records.receive(actor, claims(_FEW))
    return integration.id


def _fill(folder: Path, integration: uuid.UUID, *, copies: int) -> None:
    """Repeat the records under other ids and amounts, and have all of them exported, a hundred a run."""
    (file,) = folder.glob("*.sqlite3")
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA synchronous = OFF")
        # Made anew at the end they cost a tenth of what keeping them in order for each row does.
        indexes = database.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            database.execute(f"DROP INDEX {name}")
        for copy in range(1, copies + 1):
            database.execute(
                f"INSERT INTO records ({_RECORD}, external_id, folded_id, id_number, amount_minor, payload)"  # noqa: S608, only our own words
                f" SELECT {_RECORD}, external_id || ?1, folded_id || ?1, id_number || ?1, amount_minor + ?2,"
                " payload FROM records WHERE id <= ?3",
                (f"{copy:03}", copy * 250_000, _FEW),
            )
        (organisation,) = database.execute("SELECT id FROM organisations").fetchone()
        database.execute(_DELIVERED, (integration.hex, _FAILED))
        database.execute(_RAN, (organisation, integration.hex, _FEW * (copies + 1) // _PER_RUN))
        database.execute(_BELONG)
        database.execute(_FAILURES)
        for _, made in indexes:
            database.execute(made)


async def _ask(folder: Path, integration: uuid.UUID) -> dict[str, float]:
    """Return the 95th percentile of each question's server time in milliseconds."""
    async with opened(folder) as application:
        actor = await application.services.organisations.actor_of(ORGANISATION)
        found: dict[str, float] = {}
        for name, question in _QUESTIONS.items():
            await question(application, actor, integration)
            taken = []
            for _ in range(_ROUNDS):
                started = time.perf_counter()
                await question(application, actor, integration)
                taken.append((time.perf_counter() - started) * 1e3)
            found[name] = quantiles(taken, n=20)[-1]
    return found


def _search(query: RecordQuery) -> _Question:
    async def ask(application: Application, actor: Actor, _: uuid.UUID) -> object:
        return await application.services.search.find(actor, query)

    return ask


async def _history(application: Application, actor: Actor, integration: uuid.UUID) -> object:
    return await application.services.history.page(actor, integration)


async def _run(application: Application, actor: Actor, integration: uuid.UUID) -> object:
    newest = await application.services.history.page(actor, integration, limit=1)
    return await application.services.run_records.page(actor, newest.runs[0].id, limit=50)


async def _health(application: Application, actor: Actor, integration: uuid.UUID) -> object:
    """All that states/health.py asks for the page, with causes and trend."""
    return await application.services.health.page(actor, integration)


async def _dashboard(application: Application, actor: Actor, _: uuid.UUID) -> object:
    return await application.services.health.everything(actor, failures=3)


_QUESTIONS: dict[str, _Question] = {
    "search_number": _search(RecordQuery("1042")),
    "search_beginning": _search(RecordQuery("EC-2026-0010")),
    "search_claimant": _search(RecordQuery("nordmann")),
    "search_voucher": _search(RecordQuery("VB-1042")),
    "search_amount": _search(RecordQuery("412,00")),
    "search_newest": _search(RecordQuery()),
    "search_rejected": _search(RecordQuery(state=DeliveryState.REJECTED)),
    "history": _history,
    "run_records": _run,
    "health": _health,
    "dashboard": _dashboard,
}
