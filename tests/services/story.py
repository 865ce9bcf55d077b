"""One installation with its accounting system, what people and the world do to it, and what must always hold.

In which order it all happens is test_engine_model.py's business.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import event, select
from structlog.testing import capture_logs

from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import DeliveryState, IntegrationState, Role, RunState
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, Failure, RecordRow, Run
from tests.builders import make_claim, make_line, save_organisation
from tests.fakes import START, FakeClock
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.far_side import Dies, FarSide, Mishap

OPEN = {DeliveryState.READY, DeliveryState.SENDING, DeliveryState.RETRY_WAIT, DeliveryState.UNKNOWN}
NOT_THERE = {DeliveryState.READY, DeliveryState.RETRY_WAIT, DeliveryState.REJECTED}
"""States in which a record may go out (again), so the accounting system must not have it."""
NEVER_LOGGED = {"run_failed", "tick_item_failed", "run_broke"}
NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]


@dataclass(frozen=True)
class Template:
    """A database in which an organisation has an active integration, to be copied for each story."""

    file: Path
    integration: uuid.UUID
    actor: Actor
    new_engine: NewEngine
    clock: FakeClock


@dataclass
class Claim:
    """What the expense system says of a claim; `amounts` by revision, in minor units."""

    revision: int
    approved: bool
    amounts: dict[int, int]


class Story:
    """One story on a database of its own."""

    def __init__(self, template: Template) -> None:
        super().__init__()
        self.template = template
        self.integration = template.integration
        self.clock = template.clock
        self.clock.set(START)
        self.file = template.file.with_name(f"{uuid.uuid4().hex}.sqlite3")
        copyfile(template.file, self.file)
        self.loop = asyncio.Runner()
        self.claims: dict[str, Claim] = {}
        self.delivered: set[str] = set()
        self.found = 0
        self.far = FarSide(self.clock, 10, 1, lookup=True)
        self.engine = self.assemble()

    def assemble(self) -> Engine:
        database = Database(f"sqlite:///{self.file}")
        # No story has a power cut, and waiting for the disk would be most of it.
        event.listen(database.engine.sync_engine, "connect", _without_waiting)
        return self.template.new_engine(database, self.far, self.template.actor)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something; if the process dies of it, start another one."""
        with capture_logs() as logged:
            try:
                return self.loop.run(work)
            except Dies:
                self.restart()
            finally:
                said = {line["event"] for line in logged}
                assert not said & NEVER_LOGGED, logged

    def begin(self, new: int, mishaps: list[tuple[Mishap, int]], meanwhile: list[str], *, calm: bool) -> None:
        """Take in new claims and plan what shall befall them."""
        if calm:
            self.far.plan.clear()
            self.do(self.put_right())
        numbers = range(len(self.claims) + 1, len(self.claims) + new + 1)
        said = [self.say(f"EC-{number}", 1, approved=True, amount=10_000 + number) for number in numbers]
        self.do(self.engine.records.receive(self.engine.actor, said))
        self.far.plan.extend(mishaps)
        for place, what in enumerate(meanwhile):
            self.far.meanwhile.append(self.actions(len(self.claims) + place)[what])

    def actions(self, which: int) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return what somebody else may do at any time, also in the middle of a send."""
        return {
            "cancel": self.cancel_all,
            "pause": lambda: self.set_paused(paused=True),
            "revise": lambda: self.revised(which, approved=True, amount=5_000 + which),
            "withdraw": lambda: self.revised(which, approved=False, amount=5_000 + which),
            "receive": lambda: self.store(f"EC-{len(self.claims) + 1}", 1, approved=True, amount=70_000),
            "rival": self.rival,
            "retry": self.retried,
            "decide": self.decided,
        }

    def restart(self) -> None:
        self.loop.run(self.engine.database.close())
        self.engine = self.assemble()

    def close(self) -> None:
        """End the story and remove its database."""
        self.loop.run(self.engine.database.close())
        self.loop.close()
        self.file.unlink()

    async def store(self, claim_id: str, revision: int, *, approved: bool, amount: int) -> None:
        """Hand over one claim, and note what the expense system says of it now."""
        raw = self.say(claim_id, revision, approved=approved, amount=amount)
        (receipt,) = await self.engine.records.receive(self.engine.actor, [raw])
        assert str(receipt.result) in {"created", "updated"}

    def say(self, claim_id: str, revision: int, *, approved: bool, amount: int) -> dict[str, Any]:
        """Return a claim's record JSON, and note what it says."""
        claim = self.claims.setdefault(claim_id, Claim(0, approved, {}))
        claim.revision, claim.approved = revision, approved
        claim.amounts[revision] = amount
        text = f"{amount // 100}.{amount % 100:02}"
        changes = {} if approved else {"status": "draft", "approved_on": None}
        return make_claim(id=claim_id, revision=revision, lines=[make_line(amount=text)], **changes)

    async def revised(self, which: int, *, approved: bool, amount: int) -> None:
        if self.claims:
            # Most stories are about the newest claims: they are still on their way.
            claim_id = list(self.claims)[-1 - which % min(4, len(self.claims))]
            revision = self.claims[claim_id].revision + 1
            await self.store(claim_id, revision, approved=approved, amount=amount)

    async def tick_and_work(self, engine: Engine) -> None:
        await engine.scheduler.tick()
        await engine.work_off()

    async def export(self) -> None:
        with suppress(Conflict):
            await self.engine.sync(self.integration)

    async def rival(self) -> None:
        """Let a second process try at this very moment."""
        rival = self.assemble()
        try:
            await self.tick_and_work(rival)
        finally:
            await rival.database.close()

    async def take_over(self) -> None:
        """Let a second process take the lock of one that is paused, and go on until the doubts are settled."""
        await self.rival()
        self.clock.advance(61)
        await self.rival()

    async def set_paused(self, *, paused: bool) -> None:
        with suppress(Conflict):
            await self.engine.configuration.set_paused(self.engine.actor, self.integration, paused=paused)

    async def cancel_all(self) -> None:
        async with self.engine.database.system() as system:
            runs = await system.unfinished_runs()
        for run in runs:
            await self.engine.runs.cancel(self.engine.actor, run.id)

    async def retried(self) -> None:
        with suppress(Conflict):
            await self.engine.runs.retry(self.engine.actor, self.integration)

    async def new_credentials(self) -> None:
        view = await self.engine.configuration.get(self.engine.actor, self.integration)
        await self.engine.credentials.store(
            self.engine.actor, self.integration, view.version, {"token": "another"}
        )
        assert (await self.engine.credentials.test(self.engine.actor, self.integration)).passed

    async def decided(self) -> None:
        """Decide as somebody does who looks into the accounting system."""
        self.far.catch_up()
        there = {voucher.record_id for voucher in self.far.holds()}
        page = await self.engine.decisions.waiting(self.engine.actor, self.integration, limit=500)
        for item in page.decisions:
            key = (item.record_kind, item.record_id)
            if item.record_id in there:
                await self.engine.decisions.found(self.engine.actor, self.integration, key, "F-1")
                self.found += 1
            else:
                await self.engine.decisions.send_again(self.engine.actor, self.integration, [key])

    async def rows(self) -> list[tuple[Delivery, RecordRow]]:
        async with self.engine.database.system() as system:
            found = await system._session.execute(
                select(Delivery, RecordRow).join(RecordRow, RecordRow.id == Delivery.record_id)
            )
            return [(row[0], row[1]) for row in found]

    async def runs(self) -> list[Run]:
        async with self.engine.database.system() as system:
            return list((await system._session.scalars(select(Run))).all())

    async def check(self) -> None:
        rows = await self.rows()
        there = {voucher.reference: voucher for voucher in self.far.holds()}
        assert len(there) == len(self.far.holds()), "a voucher is booked twice"
        for delivery, record in rows:
            self.check_delivery(delivery, record, there.get(delivery.reference))
        states = Counter(delivery.state for delivery, _ in rows)
        runs = await self.runs()
        if all(run.finished_at is not None for run in runs):
            assert states[DeliveryState.SENDING] == 0, "nobody is sending"
        assert sum(run.delivered for run in runs) == states[DeliveryState.DELIVERED] - self.found
        assert set(there) <= {delivery.reference for delivery, _ in rows}

    def check_delivery(self, delivery: Delivery, record: RecordRow, voucher: Any) -> None:
        state, claim = delivery.state, self.claims[record.external_id]
        assert state is DeliveryState.DELIVERED or record.external_id not in self.delivered
        if state in NOT_THERE:
            assert voucher is None, f"{record.external_id} is {state} and yet it is booked"
        if state is DeliveryState.DELIVERED:
            self.delivered.add(record.external_id)
            assert voucher is not None, f"{record.external_id} is called delivered and is not booked"
        if voucher is not None:
            booked = sum(line.amount.minor for line in voucher.lines)
            assert booked in claim.amounts.values()
            assert booked == delivery.amount_minor == claim.amounts[delivery.revision]

    async def come_to_rest(self) -> None:
        """Put everything right, let time pass until nothing moves, then do a person's part too."""
        self.far.plan.clear()
        self.far.questions.clear()
        self.far.meanwhile.clear()
        await self.calm_down()
        for delivery, record in await self.rows():
            if delivery.state is not DeliveryState.DELIVERED:
                assert await self.reason_of(record) is not None, f"{record.external_id} fails without a word"
        await self.decided()
        await self.retried()
        await self.engine.work_off()
        await self.calm_down()
        await self.decided()
        await self.calm_down()
        await self.check()
        booked = Counter(voucher.record_id for voucher in self.far.holds())
        owed = {claim_id for claim_id, claim in self.claims.items() if claim.approved}
        assert {claim_id for claim_id in owed if booked[claim_id] != 1} == set(), "lost or doubled"
        assert set(booked) - owed <= self.delivered, "withdrawn only after it was exported"

    async def put_right(self) -> None:
        view = await self.engine.configuration.get(self.engine.actor, self.integration)
        if view.state is IntegrationState.STOPPED:
            await self.new_credentials()
        if view.state is IntegrationState.PAUSED:
            await self.set_paused(paused=False)

    async def calm_down(self) -> None:
        await self.put_right()
        for _ in range(40):
            self.clock.advance(16 * 60)
            await self.tick_and_work(self.engine)
            await self.export()
            await self.check()
            unfinished = [
                run for run in await self.runs() if run.state in {RunState.QUEUED, RunState.RUNNING}
            ]
            if not unfinished and not {delivery.state for delivery, _ in await self.rows()} & OPEN:
                return
        pytest.fail("it never comes to rest")

    async def reason_of(self, record: RecordRow) -> Failure | None:
        async with self.engine.database.system() as system:
            return await system._session.scalar(
                select(Failure).where(Failure.record_id == record.id, Failure.resolved_at.is_(None)).limit(1)
            )


def _without_waiting(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


async def make_template(url: str, new_engine: NewEngine, clock: FakeClock) -> Template:
    """Fill a migrated SQLite database with what every story begins with."""
    database = Database(url)
    organisation = await save_organisation(database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    integration = await new_engine(database, FarSide(clock, 10, 1, lookup=True), actor).set_up()
    await database.close()
    return Template(Path(url.removeprefix("sqlite:///")), integration, actor, new_engine, clock)
