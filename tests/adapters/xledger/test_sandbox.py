"""The adapter against the simulated Xledger, over real sockets, with the real HTTP client and clock.

A green run here shows that the two agree, not that Xledger does.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from integration_admin.adapters.base import Credentials, Outcome, Result
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Pace
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app
from tests.adapters.xledger.fake_http import line, voucher
from tests.sandbox.xledger import XledgerSandbox, client_of

UNHURRIED = Pace(10_000, 5.0)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def xledger_url() -> AsyncIterator[str]:
    async with running(create_app(limits=False)) as url:
        yield url


@pytest.fixture
async def sandbox(xledger_url: str) -> AsyncIterator[XledgerSandbox]:
    async with client_of(xledger_url) as client:
        await client.change("reset")
        yield client


@pytest.fixture
def real(outbound: OutboundClient) -> XledgerAdapter:
    """The adapter as the product has it, without waiting for limits the sandbox has turned off."""
    return XledgerAdapter(outbound, SystemClock(), UNHURRIED)


def credentials(sandbox: XledgerSandbox, by: str = "full") -> Credentials:
    settings = {"environment": "custom", "endpoint": f"{sandbox.url}/graphql"}
    return Credentials(settings, {"token": Secret(sandbox.tokens.get(by, by))})


def owed(number: int = 1, *lines: Any, **fields: str) -> Any:
    """Return a voucher the demo chart takes; what is owed is kept by person."""
    return voucher(number, *(lines or (line(),)), subledger="V-118", **fields)


def results(outcomes: list[Outcome]) -> dict[str, Result]:
    return {outcome.reference: outcome.result for outcome in outcomes}


async def test_the_connection_test_names_the_entity(real: XledgerAdapter, sandbox: XledgerSandbox) -> None:
    connection = await real.test_connection(credentials(sandbox))
    assert (connection.entity, connection.warnings) == ("1000 Eksempelforbundet", ())


@pytest.mark.parametrize(
    ("token", "code"),
    [("expired", "token_expired"), ("made-up", "token_refused"), ("no_read", "scope")],
)
async def test_each_kind_of_useless_token_is_told_apart(
    real: XledgerAdapter, sandbox: XledgerSandbox, token: str, code: str
) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        await real.test_connection(credentials(sandbox, token))
    assert refused.value.code == code


async def test_a_token_that_may_not_write_passes_the_test_and_stops_the_first_export(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    await real.test_connection(credentials(sandbox, "no_write"))
    with pytest.raises(AuthenticationFailed) as refused:
        await real.send(credentials(sandbox, "no_write"), [owed()])
    assert "General Ledger (write)" in str(refused.value.message)
    assert await sandbox.ledger() == []


async def test_an_address_beside_the_endpoint_is_told(real: XledgerAdapter, sandbox: XledgerSandbox) -> None:
    codes = []
    for path in ("/graphq", "/", "/_sandbox/stats", "/_sandbox/nothing"):
        settings = {"environment": "custom", "endpoint": sandbox.url + path}
        with pytest.raises(AdapterError) as failed:
            await real.test_connection(Credentials(settings, {"token": Secret("abc")}))
        codes.append(failed.value.code)
    assert codes == ["not_found", "settings", "not_found", "not_found"]


async def test_all_lists_are_read_with_what_makes_a_code_unusable(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    data = await real.reference_data(credentials(sandbox))
    assert dict(data.dimensions) == {
        "gl_object_1": "Kostnadssted",
        "gl_object_2": "Prosjekt",
        "gl_object_3": "Aktivitet",
    }
    assert set(data.lists) == {
        "accounts", "projects", "currencies", "subledgers", "tax_rules",
        "gl_object_1", "gl_object_2", "gl_object_3",
    }  # fmt: skip
    accounts = data.lists["accounts"]
    assert sum(item.code == "6890" for item in accounts) == 2
    assert {item.code for item in accounts if not item.posting} >= {"19", "71"}
    assert any(not item.open for item in accounts)
    assert {item.code for item in data.lists["gl_object_1"] if not item.open} == {"290"}
    assert {item.code for item in data.lists["tax_rules"] if not item.open} == {"23"}
    assert any(item.valid_to is not None for item in data.lists["projects"])
    assert len({(name, item.id) for name, items in data.lists.items() for item in items}) == sum(
        len(items) for items in data.lists.values()
    )


async def test_each_entity_has_its_own_meaning_of_the_slots(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    data = await real.reference_data(credentials(sandbox, "branch"))
    assert dict(data.dimensions) == {"gl_object_1": "Prosjekt", "gl_object_2": "Kostnadssted"}


async def test_a_hundred_claims_are_booked_once_each_and_found_again(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    batch = [owed(n, line("412.00"), line("99.50", gl_object_1="210")) for n in range(1, 101)]
    outcomes = await real.send(credentials(sandbox), batch)
    assert set(results(outcomes).values()) == {Result.DELIVERED}
    assert len({outcome.external_id for outcome in outcomes}) == 100
    ledger = await sandbox.ledger()
    assert sorted(entry["reference"] for entry in ledger) == sorted(item.reference for item in batch)
    assert all(entry["balanced"] and entry["amount"] == "511.50" for entry in ledger)
    assert {entry["voucher_number"] for entry in ledger} == set(range(1, 101))
    booked = await real.lookup(credentials(sandbox), [item.reference for item in batch])
    assert {(item.reference, item.count) for item in booked} == {(item.reference, 1) for item in batch}


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_bad_claim_among_good_ones_is_refused_alone(
    real: XledgerAdapter, sandbox: XledgerSandbox, *, atomic: bool
) -> None:
    await sandbox.change("behaviour", {"atomic": atomic})
    batch = [owed(n) for n in range(1, 31)]
    batch[16] = owed(17, line(account="7149"))
    outcomes = await real.send(credentials(sandbox), batch)
    told = results(outcomes)
    assert told.pop("IAREF17") is Result.REJECTED
    assert set(told.values()) == {Result.DELIVERED}
    refusal = next(outcome for outcome in outcomes if outcome.result is Result.REJECTED)
    assert refusal.field == "account"
    assert str(refusal.message).startswith("Account 7149 does not exist in Xledger. Did you mean 7140")
    assert sorted(entry["reference"] for entry in await sandbox.ledger()) == sorted(told)


@pytest.mark.parametrize("status", [200, 400])
async def test_a_refusal_reads_the_same_at_any_status(
    real: XledgerAdapter, sandbox: XledgerSandbox, status: int
) -> None:
    await sandbox.change("behaviour", {"validation_status": status})
    [outcome] = await real.send(credentials(sandbox), [owed(1, line(), credit_account="2919")])
    assert (outcome.result, outcome.field) == (Result.REJECTED, "credit_account")


async def test_an_account_kept_by_person_wants_a_subledger(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    [outcome] = await real.send(credentials(sandbox), [voucher(1, credit_account="2400")])
    assert (outcome.result, outcome.field) == (Result.REJECTED, "subledger")


async def test_a_code_two_accounts_share_is_refused_and_its_id_is_taken(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    data = await real.reference_data(credentials(sandbox))
    shared = next(item for item in data.lists["accounts"] if item.code == "6890")
    outcomes = await real.send(
        credentials(sandbox),
        [owed(1, line(account="6890")), owed(2, line(account=f"dbId:{shared.id}"))],
    )
    assert results(outcomes) == {"IAREF1": Result.REJECTED, "IAREF2": Result.DELIVERED}


async def test_an_amount_in_euro_is_not_booked_as_kroner(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    [outcome] = await real.send(credentials(sandbox), [owed(1, line("10.00", "EUR"))])
    assert outcome.result is Result.REJECTED
    assert "The claim is in EUR" in str(outcome.message)
    assert await sandbox.ledger() == []


@pytest.mark.parametrize(
    ("fault", "booked"),
    [("drop_before", 0), ("drop_after", 1), ("error500_after", 1), ("error503", 0)],
)
async def test_a_lost_answer_is_unknown_until_a_lookup_tells(
    real: XledgerAdapter, sandbox: XledgerSandbox, fault: str, booked: int
) -> None:
    batch = [owed(n) for n in range(1, 6)]
    await sandbox.change("faults", {"spec": f"{fault}=1"})
    outcomes = await real.send(credentials(sandbox), batch)
    await sandbox.change("faults", {"spec": ""})
    assert set(results(outcomes).values()) == {Result.UNKNOWN}
    found = await real.lookup(credentials(sandbox), [item.reference for item in batch])
    assert [item.count for item in found] == [1] * 5 * booked


async def test_a_double_shows_as_two_once_both_are_booked(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    for _ in range(2):
        await real.send(credentials(sandbox), [owed(1, line(tax_rule="22"), line(), line())])
    [double] = await real.lookup(credentials(sandbox), ["IAREF1"])
    assert (double.reference, double.count) == ("IAREF1", 2)


async def test_what_waits_in_the_import_queue_is_found_too(
    real: XledgerAdapter, sandbox: XledgerSandbox
) -> None:
    await sandbox.change("behaviour", {"processing_delay": 3_600})
    [sent] = await real.send(credentials(sandbox), [owed(1)])
    [found] = await real.lookup(credentials(sandbox), ["IAREF1", "IAREF2"])
    assert (found.count, found.external_id) == (1, sent.external_id)
    assert await sandbox.ledger() == []


async def test_used_up_credits_are_told_with_the_time_they_come_back(outbound: OutboundClient) -> None:
    async with running(create_app()) as url, client_of(url) as sandbox:
        await sandbox.change("tokens/full/credits", {"remaining": 0, "reset_in": 600})
        with pytest.raises(AdapterError) as failed:
            await XledgerAdapter(outbound, SystemClock()).send(credentials(sandbox), [owed(1)])
    assert failed.value.fault is Fault.RATE_LIMITED
    assert 590 < (failed.value.retry_after or 0) < 610


async def test_the_pace_never_meets_the_limits_and_a_burst_by_others_is_waited_out(
    outbound: OutboundClient,
) -> None:
    async with running(create_app()) as url, client_of(url) as sandbox:
        paced = XledgerAdapter(outbound, SystemClock())
        for _ in range(25):
            await paced.lookup(credentials(sandbox), ["IAREF1"])
        assert (await sandbox.stats())["errors"] == {}
        hasty = XledgerAdapter(outbound, SystemClock(), UNHURRIED, jitter=lambda: 0.1)
        for _ in range(15):
            await hasty.lookup(credentials(sandbox), ["IAREF1"])
        [outcome] = await hasty.send(credentials(sandbox), [owed(1)])
        limited = (await sandbox.stats())["errors"]
    assert outcome.result is Result.DELIVERED
    assert sum(limited.values()) == 1
