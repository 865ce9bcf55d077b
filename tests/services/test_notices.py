"""Notices from end to end: what happens to an integration, and who is told of it, once."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.mail import DEADLINE
from integration_admin.bootstrap import assemble
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AuthenticationFailed, Fault
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import IntegrationState, NoticeKind, NoticeState, Role
from integration_admin.data.database import Database
from integration_admin.services.notices import DELIVER_SECONDS, LOOK_SECONDS
from integration_admin.services.timetable import read_timetable
from tests.adapters.mail_server import running_mail_server
from tests.builders import make_member, save_integration, save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter, book_all
from tests.services.notice_office import PUBLIC_URL, Office, opened_office, texts_of
from tests.services.test_preflight import SIX, preflights, receive_hotels

NewEngine = Callable[[Database, FakeAdapter, Actor], Engine]


@pytest.fixture
async def engine(sqlite_database: Database, new_engine: NewEngine) -> Engine:
    alice = make_member("Alice", email="alice@example.org", language="nn")
    people = (alice, make_member("Bob", email="bob@example.org"))
    organisation = await save_organisation(sqlite_database, *people, features=["xledger"], name="Forbundet")
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR, alice.id)
    return new_engine(sqlite_database, FakeAdapter(), actor)


@pytest.fixture
async def office(engine: Engine) -> AsyncIterator[Office]:
    async with opened_office(engine, exports=True) as opened:
        yield opened


@pytest.fixture
async def quiet_office(engine: Engine) -> AsyncIterator[Office]:
    """One whose integration exports nothing."""
    async with opened_office(engine) as opened:
        yield opened


def refuse_all(_: FakeAdapter, batch: list[Voucher]) -> list[Outcome]:
    sentence = msg("The system refused it. It says: “{words}”", words="Kari Nordmann is unknown")
    return [Outcome(voucher.reference, Result.REJECTED, message=sentence) for voucher in batch]


def ask_a_person(_: FakeAdapter, batch: list[Voucher]) -> list[Outcome]:
    return [
        Outcome(
            voucher.reference,
            Result.NEEDS_PERSON,
            message=msg("Half of it was taken."),
            fault=Fault.UPSTREAM,
        )
        for voucher in batch
    ]


def refuse_credentials(*_: object) -> list[Outcome]:
    raise AuthenticationFailed(msg("The token has expired. It says: “{words}”", words="no such user Kari"))


async def test_failed_records_are_told_once_and_so_is_that_all_is_well_again(office: Office) -> None:
    engine = office.engine
    await engine.receive(2, first=20)
    await engine.sync(office.integration_id)
    await office.pass_time()
    assert await office.log() == [], "nothing is told while all is well"

    engine.adapter.behaviour = refuse_all  # type: ignore[assignment]  # a list is a sequence
    await engine.receive(3)
    await engine.sync(office.integration_id)
    await office.pass_time()
    (mail,) = office.inbox.mails
    assert (mail["To"], mail["Content-Language"]) == ("alice@example.org", "nn")
    status = (await engine.health.of(engine.actor, office.integration_id)).sentence.translate("nn")
    for text in texts_of(mail).values():
        assert "3" in status
        assert status in text
        assert re.findall(r"https?://[^\s\"<]+", text) == [
            f"{PUBLIC_URL}/settings/integrations/{office.integration_id}"
        ]
        assert "Kari" not in text
    # The same trouble goes on the next night.
    await engine.receive(1, first=9)
    await engine.sync(office.integration_id)
    await office.pass_time(86_400)
    assert len(office.inbox.mails) == 1

    engine.adapter.behaviour = book_all
    await engine.runs.retry(engine.actor, office.integration_id)
    await office.pass_time()
    assert len(office.inbox.mails) == 1, "a run under way has not mended anything yet"
    await engine.work_off()
    await office.pass_time()
    assert [line.kind for line in await office.log()] == [NoticeKind.RECOVERED, NoticeKind.FAILED]
    assert len(office.inbox.mails) == 2


async def test_refused_credentials_are_told_as_such_and_over_once_they_are_taken_again(
    office: Office,
) -> None:
    office.engine.adapter.behaviour = refuse_credentials  # type: ignore[assignment]  # it never answers
    await office.engine.receive(1)
    await office.engine.sync(office.integration_id)
    await office.pass_time()
    await office.pass_time()
    (line,) = await office.log()
    assert (line.kind, line.state) == (NoticeKind.STOPPED, NoticeState.SENT)
    assert f"{PUBLIC_URL}/settings/integrations/{office.integration_id}/credentials" in str(
        texts_of(office.inbox.mails[0])
    )
    await office.note(state=IntegrationState.ACTIVE, stop_message=None)
    await office.pass_time()
    newest = (await office.log())[0]
    assert newest.kind is NoticeKind.RECOVERED
    assert str(newest.sentence).startswith("The accounting system accepts the credentials again.")
    # The run that had been stopped is no news of its own.
    await office.pass_time()
    assert len(await office.log()) == 2


async def test_what_only_a_person_can_tell_is_told_as_such_and_over_once_it_is_decided(
    office: Office,
) -> None:
    engine = office.engine
    engine.adapter.behaviour = ask_a_person  # type: ignore[assignment]  # a list is a sequence
    await engine.receive(1)
    await engine.sync(office.integration_id)
    await office.pass_time()
    (line,) = await office.log()
    assert (line.kind, line.state) == (NoticeKind.NEEDS_PERSON, NoticeState.SENT)
    await engine.decisions.found(engine.actor, office.integration_id, ("expense_claim", "EC-1"), "4711")
    await office.pass_time()
    assert [line.kind for line in await office.log()] == [NoticeKind.RECOVERED, NoticeKind.NEEDS_PERSON]


async def test_what_is_dismissed_is_over(office: Office) -> None:
    engine = office.engine
    engine.adapter.behaviour = refuse_all  # type: ignore[assignment]  # a list is a sequence
    await engine.receive(1)
    await engine.sync(office.integration_id)
    await office.pass_time()
    await engine.failures.dismiss(
        engine.actor, office.integration_id, [("expense_claim", "EC-1")], "By hand."
    )
    await office.pass_time()
    newest = (await office.log())[0]
    assert (newest.kind, str(newest.sentence)) == (
        NoticeKind.RECOVERED,
        "What was wrong is put right. Exports go on as planned.",
    )


async def test_what_another_system_said_stays_on_the_page(office: Office) -> None:
    def refuse(*_: object) -> list[Outcome]:
        sentence = msg("It says: “{words}”", words="Kari Nordmann is unknown")
        raise AuthenticationFailed(sentence)

    office.engine.adapter.behaviour = refuse  # type: ignore[assignment]  # it never answers
    await office.engine.receive(1)
    run = await office.engine.sync(office.integration_id)
    assert "Kari" in str(run.message)
    await office.note(state=IntegrationState.ACTIVE, stop_message=None)
    await office.pass_time()
    (mail,) = office.inbox.mails
    assert "Kari" not in str(texts_of(mail))


async def test_what_comes_and_goes_is_told_three_times_an_hour_at_the_most(quiet_office: Office) -> None:
    office = quiet_office
    engine = office.engine
    for _ in range(4):
        await office.note(open_until=engine.clock.now())
        await office.pass_time()
        await office.note(open_until=None)
        await office.pass_time()
    kinds = [line.kind for line in await office.log()]
    assert kinds.count(NoticeKind.FAILED) == 3
    assert kinds.count(NoticeKind.RECOVERED) == 3
    await office.note(open_until=engine.clock.now())
    await office.pass_time(3600)
    assert [line.kind for line in await office.log()].count(NoticeKind.FAILED) == 4


async def test_a_paused_integration_is_not_news(quiet_office: Office) -> None:
    office = quiet_office
    await office.note(state=IntegrationState.PAUSED, open_until=office.engine.clock.now())
    await office.pass_time(90_000)
    await office.pass_time(90)
    assert await office.log() == []


async def test_an_export_that_does_not_happen_is_told_within_a_quarter_of_an_hour(office: Office) -> None:
    clock, engine = office.engine.clock, office.engine
    slot = (await engine.schedules.get(engine.actor, office.integration_id)).next_slots[0]
    clock.set(slot.due_at)
    while not office.inbox.mails:
        await office.pass_time(60)
        assert clock.now() - slot.due_at < timedelta(minutes=15)
    assert clock.now() - slot.due_at > timedelta(minutes=10)
    (line,) = await office.log()
    assert line.kind is NoticeKind.NOTHING_HAPPENED
    assert str(line.sentence).startswith("The export planned for 2026-11-22 at 02:00 has not begun.")

    await engine.scheduler.tick()
    await office.pass_time()
    assert len(office.inbox.mails) == 1, "it has begun, but not ended"
    await engine.work_off()
    await office.pass_time()
    # One notice says it: what was missed is made up for.
    assert [line.kind for line in await office.log()] == [NoticeKind.CAUGHT_UP, NoticeKind.NOTHING_HAPPENED]


async def test_a_run_that_is_queued_and_never_begun_counts_as_not_having_happened(office: Office) -> None:
    slot = (await office.engine.schedules.get(office.engine.actor, office.integration_id)).next_slots[0]
    office.engine.clock.set(slot.due_at)
    await office.engine.scheduler.tick()
    for _ in range(4):
        await office.pass_time(300)
    assert [line.kind for line in await office.log()] == [NoticeKind.NOTHING_HAPPENED]


async def test_a_run_somebody_started_ends_the_question_about_missed_ones(office: Office) -> None:
    engine = office.engine
    view = await engine.schedules.get(engine.actor, office.integration_id)
    monthly = read_timetable("monthly", "02:00", "Europe/Oslo", "1")
    await engine.schedules.save(engine.actor, office.integration_id, view.version, monthly)
    engine.clock.set(engine.clock.now().replace(month=12, day=15))
    await engine.scheduler.tick()
    await office.pass_time()
    assert [line.kind for line in await office.log()] == [NoticeKind.NEEDS_PERSON]
    await engine.sync(office.integration_id)
    await office.pass_time()
    assert [line.kind for line in await office.log()] == [NoticeKind.RECOVERED, NoticeKind.NEEDS_PERSON]


async def test_a_machine_that_wakes_up_has_its_chance_to_catch_up_first(office: Office) -> None:
    office.engine.clock.advance(timedelta(days=2))
    await office.watch.look()
    await office.engine.scheduler.tick()
    await office.engine.work_off()
    await office.pass_time()
    assert [line.kind for line in await office.log()] == [NoticeKind.CAUGHT_UP]


async def test_secrets_that_expire_are_told_once_for_each_reminder(office: Office) -> None:
    engine = office.engine
    version = (await engine.configuration.get(engine.actor, office.integration_id)).version
    day = engine.clock.now().date() + timedelta(days=40)
    await engine.expiry.set(engine.actor, office.integration_id, version, day)
    await office.pass_time()
    for _ in range(6):
        await office.pass_time(2 * 86_400)
    told = [line for line in await office.log() if line.kind is NoticeKind.SECRET_EXPIRES]
    assert len(told) == 1
    assert "The credentials expire in 30 days." in str(told[0].sentence)


async def test_two_processes_that_see_the_same_change_tell_it_once(quiet_office: Office) -> None:
    office = quiet_office
    await office.note(open_until=office.engine.clock.now())
    async with office.engine.database.system() as system:
        (signs,) = await system.notices.signs()
    # Both have read the signs before either has written.
    for _ in range(2):
        await office.watch._judge(signs, None, office.engine.clock.now())
    assert [line.kind for line in await office.log()] == [NoticeKind.FAILED]


async def test_what_the_evening_s_check_finds_is_told_before_the_night(office: Office) -> None:
    engine = office.engine
    office.watch._preflights = checks = preflights(engine)
    await receive_hotels(engine, 2)
    engine.clock.set(SIX)
    await checks.tick()
    await office.pass_time()
    await office.pass_time(90)
    (line,) = await office.log()
    assert (line.kind, line.state) == (NoticeKind.PREFLIGHT, NoticeState.SENT)
    assert str(line.sentence).startswith("Records that would fail at 02:00: 2.")


def test_a_run_s_end_is_handed_to_the_mail_server_within_a_minute() -> None:
    assert LOOK_SECONDS + DELIVER_SECONDS + DEADLINE < 60


async def test_a_process_that_serves_hands_the_e_mail_over_within_a_minute_by_itself(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_mail_server() as inbox:
        application = assemble(
            Settings(
                database_url=sqlite_url,
                instance_dir=tmp_path,
                smtp_url=inbox.url,
                mail_from="ia@example.org",
            )
        )
        await application.keys.init_key("first")
        database, alice = application.database, make_member("Alice", email="alice@example.org")
        organisation = await save_organisation(database, alice, features=["xledger"])
        integration = await save_integration(database, organisation.id, kind="xledger")
        async with application.serving(), asyncio.timeout(60):
            async with database.write(organisation.id) as unit:
                await unit.integrations.note(integration.id, open_until=application.clock.now())
            await inbox.arrived.wait()
        await application.close()
    assert inbox.mails[0]["To"] == "alice@example.org"


@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
async def test_every_process_that_serves_looks_for_news(
    request: pytest.FixtureRequest, engine_name: str, tmp_path: Path
) -> None:
    url = request.getfixturevalue(f"{engine_name}_url")
    application = assemble(Settings(database_url=url, instance_dir=tmp_path))
    await application.keys.init_key("first")
    async with application.serving():
        working = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}
    assert ("Notices.run" in working, "Worker.run" in working) == (True, engine_name == "sqlite")
