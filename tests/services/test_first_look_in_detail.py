"""The look at what is there already after a restored backup: what it asks, and what it says when there is no answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from integration_admin.adapters.base import Booked, Credentials
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.services.delivery_rules import MAX_AGE
from integration_admin.services.export_claims import Item
from integration_admin.services.export_first_look import FirstLook
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_send import Answer, BatchSender
from tests.fakes import START
from tests.services.fake_adapter import FakeAdapter
from tests.services.outgoing import Lock, make_item, make_job

S = DeliveryState
AWAY = msg("It is away.")


@pytest.fixture
def job(tmp_path: Path) -> ExportJob:
    """A run of a restored database that looks up two at a time."""
    adapter = FakeAdapter()
    capabilities = replace(adapter.capabilities, lookup_size=2)
    return make_job(tmp_path, adapter, Lock(), capabilities=capabilities, restored=True)


def adapter_of(job: ExportJob) -> FakeAdapter:
    assert isinstance(job.adapter, FakeAdapter)
    return job.adapter


def book(job: ExportJob, *items: Item) -> None:
    """Let the accounting system have these already."""
    adapter_of(job).ledger += [item.voucher for item in items]


def refuse_to_answer(job: ExportJob, error: Exception) -> None:
    async def lookup(_: Credentials, __: Sequence[str]) -> list[Booked]:
        raise error

    adapter_of(job).lookup = lookup  # type: ignore[method-assign]


async def send(job: ExportJob, *items: Item) -> Answer:
    return await BatchSender(job).send(items)


async def test_all_are_looked_up_so_many_at_a_time_and_what_is_there_is_never_sent(job: ExportJob) -> None:
    items = [make_item(number) for number in range(1, 6)]
    book(job, items[0], items[3], items[4])
    answer = await send(job, *items)
    assert adapter_of(job).looked_up == [["IA1", "IA2"], ["IA3", "IA4"], ["IA5"]]
    assert adapter_of(job).sent == [["EC-2", "EC-3"]]
    assert {found.delivery.id: found.state for found in answer.verdicts} == dict.fromkeys(
        range(1, 6), S.DELIVERED
    )
    assert sorted(found.external_id for found in answer.verdicts) == ["F-4", "F-5", "F-IA1", "F-IA4", "F-IA5"]


async def test_nothing_is_sent_where_everything_is_there(job: ExportJob) -> None:
    book(job, item := make_item())
    answer = await send(job, item)
    assert (len(answer.verdicts), answer.problem, adapter_of(job).sent) == (1, None, [])


async def test_what_is_found_counts_as_sent(job: ExportJob) -> None:
    book(job, item := make_item())
    (found,) = await FirstLook(job).settled([item, make_item(2)])
    assert (found.delivery, found.state, found.sent) == (item.delivery, S.DELIVERED, True)


async def test_what_was_sent_in_vain_for_days_goes_to_a_person_and_not_out_again(job: ExportJob) -> None:
    old = make_item(attempts=3, first_sent_at=START - MAX_AGE - timedelta(days=1))
    young = make_item(2, attempts=3, first_sent_at=START - timedelta(minutes=1))
    (found,) = await FirstLook(job).settled([old, young])
    assert (found.delivery, found.state) == (old.delivery, S.NEEDS_PERSON)


async def test_the_question_is_asked_with_the_credentials_of_the_job(job: ExportJob) -> None:
    given: list[Credentials] = []

    async def lookup(credentials: Credentials, _: Sequence[str]) -> list[Booked]:
        given.append(credentials)
        return []

    adapter_of(job).lookup = lookup  # type: ignore[method-assign]
    await FirstLook(job).settled([make_item()])
    assert given == [job.credentials]


@pytest.mark.parametrize("fault", sorted(set(Fault) - {Fault.CONFIG, Fault.RATE_LIMITED}))
async def test_an_unanswered_question_says_what_the_accounting_system_said_and_that_nothing_was_sent(
    job: ExportJob, fault: Fault
) -> None:
    refuse_to_answer(job, AdapterError(AWAY, fault, code="away", retry_after=7.0, internal="status 503"))
    with pytest.raises(AdapterError) as unanswered:
        await FirstLook(job).settled([make_item()])
    told = unanswered.value
    assert (told.message, told.fault, told.code) == (AWAY, Fault.TRANSIENT, "away")
    assert (told.retry_after, told.internal) == (7.0, "status 503")


@pytest.mark.parametrize("fault", [Fault.CONFIG, Fault.RATE_LIMITED])
async def test_what_has_a_treatment_of_its_own_is_handed_on_as_it_is(job: ExportJob, fault: Fault) -> None:
    error = AdapterError(AWAY, fault, retry_after=7.0)
    refuse_to_answer(job, error)
    with pytest.raises(AdapterError) as unanswered:
        await FirstLook(job).settled([make_item()])
    assert unanswered.value is error


async def test_a_fault_of_our_own_in_the_question_leaves_the_record_unsent_and_is_in_the_log(
    job: ExportJob,
) -> None:
    refuse_to_answer(job, ZeroDivisionError())
    with capture_logs() as logs:
        answer = await send(job, make_item())
    (found,) = answer.verdicts
    assert (found.state, adapter_of(job).sent) == (S.RETRY_WAIT, [])
    assert answer.problem is not None
    assert answer.problem.fault is Fault.TRANSIENT
    assert str(answer.problem.message) == "There is a fault in this program."
    (line,) = logs
    assert (line["event"], line["error"], line["run"]) == (
        "question_broke",
        "ZeroDivisionError",
        str(job.run.id),
    )
    assert line["exc_info"] is True
