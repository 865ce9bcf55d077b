"""Answers that are lost, short, without names, or that refuse everything: against the simulated Business Central."""

import pytest

from integration_admin.adapters.base import Result
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from tests.adapters.dynamics.business_central.company import (
    CentralSandbox,
    line,
    reference,
    results,
    voucher,
)


@pytest.fixture(autouse=True)
async def _tested(adapter: BusinessCentralAdapter, sandbox: CentralSandbox) -> None:
    await adapter.test_connection(sandbox.credentials())


@pytest.mark.parametrize(
    "fault", ["drop_after", "half_body", "error500_after", "wrong_json", "reset", "idless"]
)
async def test_a_lost_answer_is_unknown_and_found_by_a_lookup(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox, fault: str
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])
    await sandbox.change("faults", {"spec": f"{fault}=1"})

    outcomes = []
    try:
        outcomes = await adapter.send(sandbox.credentials(), [voucher(2)])
    except AdapterError as error:
        assert error.fault is Fault.UNKNOWN_OUTCOME  # noqa: PT017  # it may also be told as an outcome
    assert not outcomes or set(results(outcomes).values()) == {Result.UNKNOWN}

    await sandbox.change("faults", {"spec": ""})
    assert [item.reference for item in await adapter.lookup(sandbox.credentials(), [reference(2)])] == [
        reference(2)
    ]


async def test_answers_without_names_stand_in_the_order_of_the_operations(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("settings", {"batch_null_ids": True})

    outcomes = await adapter.send(sandbox.credentials(), [voucher(1, line(dimension_1="210")), voucher(2)])

    assert set(results(outcomes).values()) == {Result.DELIVERED}
    assert (await sandbox.lines(dimensions=True))[0]["dimensionSetLines"][0]["valueCode"] == "210"
    assert len(await sandbox.lines()) == 4


async def test_an_answer_that_is_too_short_leaves_everything_unknown_until_it_is_looked_up(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("settings", {"batch_answers": 1})

    outcomes = await adapter.send(sandbox.credentials(), [voucher(1), voucher(2)])

    assert set(results(outcomes).values()) == {Result.UNKNOWN}
    found = await adapter.lookup(sandbox.credentials(), [reference(1), reference(2)])
    assert [item.count for item in found] == [1, 1]


async def test_a_refusal_without_ids_is_found_by_sending_each_alone(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("settings", {"batch_null_ids": True})
    batch = [voucher(1), voucher(2, line(account="NOPE")), voucher(3)]

    outcomes = await adapter.send(sandbox.credentials(), batch)

    assert results(outcomes) == {
        reference(1): Result.DELIVERED,
        reference(2): Result.REJECTED,
        reference(3): Result.DELIVERED,
    }


@pytest.mark.parametrize("fault", ["rate_limited", "rate_limited_bare"])
async def test_a_limit_means_that_nothing_was_processed(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox, fault: str
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])
    await sandbox.change("faults", {"spec": f"{fault}=1"})

    with pytest.raises(AdapterError) as caught:
        await adapter.send(sandbox.credentials(), [voucher(2)])

    assert caught.value.fault is Fault.RATE_LIMITED
    assert caught.value.retry_after is not None
    await sandbox.change("faults", {"spec": ""})
    assert len(await sandbox.lines()) == 2


async def test_a_token_that_ends_in_the_middle_is_renewed(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])
    await sandbox.change("tokens/revoke")

    assert results(await adapter.send(sandbox.credentials(), [voucher(2)])) == {
        reference(2): Result.DELIVERED
    }


async def test_an_app_that_is_switched_off_stops_everything_and_nothing_is_sent(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("apps/full", {"enabled": False})

    with pytest.raises(AuthenticationFailed):
        await adapter.send(sandbox.credentials(), [voucher(1)])

    await sandbox.change("apps/full", {"enabled": True})
    assert await sandbox.lines() == []


async def test_a_journal_that_is_deleted_while_sending_stops_with_a_sentence(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await adapter.send(sandbox.credentials(), [voucher(1)])
    for found in await sandbox.lines():
        await sandbox.api("DELETE", f"{await sandbox.journal()}/journalLines({found['id']})")
    await sandbox.api("DELETE", await sandbox.journal())

    with pytest.raises(AdapterError) as caught:
        await adapter.send(sandbox.credentials(), [voucher(2)])

    assert (caught.value.fault, caught.value.code) == (Fault.CONFIG, "journal")
    await adapter.test_connection(sandbox.credentials())
    assert results(await adapter.send(sandbox.credentials(), [voucher(2)])) == {
        reference(2): Result.DELIVERED
    }
