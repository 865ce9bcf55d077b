"""What people get wrong, and what changes behind their backs: a clear sentence each, nothing sent twice or lost.

Tried on every accounting system it can happen to, against its simulation. Bad descriptions of an interface
are in generic_rest/test_rest_openapi.py, journals deleted in the middle in the folders of Microsoft's systems.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integration_admin.adapters.base import Credentials, Result, VoucherLine
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault, InvalidInput
from integration_admin.core.money import Money
from integration_admin.core.secret import Secret
from tests.adapters.running import Running, found, sent, started
from tests.adapters.systems import GUIDE, SYSTEMS, System

CENTRAL, FINANCE = (
    next(system for system in SYSTEMS if system.kind == kind) for kind in ("dynamics_bc", "dynamics_fo")
)
XLEDGER = next(system for system in SYSTEMS if system.kind == "xledger")
ADDRESSES = {
    "xledger": "endpoint",
    "generic_rest": "base_url",
    "dynamics_bc": "endpoint",
    "dynamics_fo": "endpoint",
}
WRONG = "canary-77c3-password"


def only(*systems: System) -> pytest.MarkDecorator:
    """Try a test on some of the systems alone."""
    return pytest.mark.parametrize("far_side", systems, indirect=True, ids=lambda system: system.kind)


@pytest.fixture(params=[*SYSTEMS, GUIDE], ids=lambda system: system.kind)
async def far_side(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """Each system in turn, with nothing booked."""
    async with started(request.param) as running:
        yield running


async def failures(far_side: Running, signed_in: Credentials) -> tuple[AdapterError, AdapterError]:
    """Return what the connection test and a send end with; nothing may have been booked."""
    told = []
    calls = (
        far_side.adapter.test_connection(signed_in),
        far_side.adapter.send(signed_in, [far_side.system.voucher(1)]),
    )
    for call in calls:
        with pytest.raises(AdapterError) as failed:
            await call
        told.append(failed.value)
    assert await far_side.ledger() == []
    return told[0], told[1]


@only(CENTRAL, FINANCE)
@pytest.mark.parametrize(
    ("setting", "given", "words"),
    [
        ("tenant", "", "tenant"),
        ("client_secret", "secret_id", "Value"),
        ("client_secret", "expired_secret", "expired"),
    ],
)
async def test_a_tenant_that_does_not_exist_a_secrets_id_and_an_expired_secret_are_told_apart(
    far_side: Running, setting: str, given: str, words: str
) -> None:
    said = far_side.system.describe(far_side.url, 1)
    value = said[given] if given else "99999999-1111-4222-8333-444444444444"
    signed_in = far_side.system.credentials(far_side.url, **{setting: value})
    for failed in await failures(far_side, signed_in):
        assert isinstance(failed, AuthenticationFailed)
        assert words in str(failed.message)
        assert value not in f"{failed!r} {failed.internal} {failed.__dict__}" or setting == "tenant"


@only(XLEDGER)
async def test_an_expired_token_is_told_from_one_that_never_was(far_side: Running) -> None:
    said = far_side.system.describe(far_side.url, 1)
    expired = far_side.system.credentials(far_side.url, token=said["tokens"]["expired"])
    unknown = far_side.system.credentials(far_side.url, token=WRONG)
    sentences = {str(failed.message) for failed in await failures(far_side, expired)}
    assert len(sentences) == 1
    assert sentences.isdisjoint(str(failed.message) for failed in await failures(far_side, unknown))


@only(CENTRAL)
async def test_a_company_renamed_between_two_sends_gets_the_second_one_too(far_side: Running) -> None:
    first, second = (far_side.system.voucher(number) for number in (1, 2))
    assert [outcome.result for outcome in await sent(far_side, first)] == [Result.DELIVERED]
    await far_side.change("companies/1", name="NYTT NAVN", display_name="Nytt navn")
    assert [outcome.result for outcome in await sent(far_side, second)] == [Result.DELIVERED]
    assert await found(far_side, first, second) == {first.reference: 1, second.reference: 1}


@pytest.mark.parametrize(
    ("far_side", "route", "body"),
    [
        (XLEDGER, "accounts/7140", {"open": False}),
        (CENTRAL, "accounts/7140", {"blocked": True}),
        (FINANCE, "finance_operations/accounts/7140/suspend", {}),
    ],
    indirect=["far_side"],
    ids=lambda value: value.kind if isinstance(value, System) else "",
)
async def test_an_account_blocked_between_test_and_export_is_named_and_stops_no_other_claim(
    far_side: Running, route: str, body: dict[str, Any]
) -> None:
    await far_side.adapter.test_connection(far_side.credentials)
    await far_side.change(route, **body)
    [refused] = await sent(far_side, far_side.system.voucher(1))
    [other] = await sent(far_side, far_side.system.voucher(2, account="6800"))
    assert (refused.result, refused.field) == (Result.REJECTED, "account")
    assert "7140" in str(refused.message)
    assert other.result is Result.DELIVERED
    assert len(await far_side.ledger()) == 1


async def test_a_claim_whose_own_number_has_36_characters_is_sent_once_and_found_by_ours(
    far_side: Running,
) -> None:
    name = "0f8fad5b-d9cb-469f-a165-70867728950e"
    voucher = far_side.system.voucher(1)._replace(record_id=name, reference="IA0123456789ABCDEFGHIJ")
    [outcome] = await sent(far_side, voucher)
    assert outcome.result is Result.DELIVERED
    assert await found(far_side, voucher) == {voucher.reference: 1}
    assert len(await far_side.ledger()) == 1


async def test_an_emoji_at_the_hundredth_character_stays_whole_or_goes_whole(far_side: Running) -> None:
    text = "å" * 99 + "🚢"
    [outcome] = await sent(far_side, far_side.system.voucher(1, text=text))
    [entry] = await far_side.ledger()
    kept = entry["lines"][0]["text"]
    assert outcome.result is Result.DELIVERED
    assert kept in {text, "å" * 99, "å" * 60}


async def test_an_amount_with_three_decimals_is_booked_digit_by_digit_or_refused_with_a_reason(
    far_side: Running,
) -> None:
    voucher = far_side.system.voucher(1)
    line = VoucherLine(far_side.system.line, Money.parse("12.345", "KWD"))
    [outcome] = await sent(far_side, voucher._replace(lines=(line,)))
    ledger = await far_side.ledger()
    if outcome.result is Result.REJECTED:
        assert "KWD" in str(outcome.message)
        assert ledger == []
    else:
        assert outcome.result is Result.DELIVERED
        assert Decimal(ledger[0]["lines"][0]["amount"]) == Decimal("12.345")


@pytest.mark.parametrize("far_side", SYSTEMS, indirect=True, ids=lambda system: system.kind)
async def test_an_address_with_a_password_in_it_is_refused_beside_its_field_and_not_repeated(
    far_side: Running,
) -> None:
    name = ADDRESSES[far_side.system.kind]
    right = far_side.credentials.settings
    wrong = {**right, name: right[name].replace("://", f"://kari:{WRONG}@")}
    with pytest.raises(InvalidInput) as refused:
        far_side.adapter.target_origin(wrong)
    assert list(refused.value.fields) == [name]
    assert WRONG not in f"{refused.value!r} {refused.value.message} {refused.value.fields}"
    for failed in await failures(far_side, replace(far_side.credentials, settings=wrong)):
        assert failed.fault is Fault.CONFIG
        assert WRONG not in f"{failed!r} {failed.message} {failed.internal} {failed.__dict__}"


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.9:8080", "[fd00::1]", "169.254.169.254"])
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.kind)
async def test_a_private_address_is_not_called_and_nothing_is_left_in_doubt(
    system: System, address: str, attempts: list[Any]
) -> None:
    async with OutboundClient() as outbound:
        adapter = system.make(outbound, SystemClock())
        right = system.credentials(f"https://{address}")
        signed_in = Credentials(right.settings, {name: Secret(WRONG) for name in right.secrets})
        for call in (adapter.test_connection(signed_in), adapter.send(signed_in, [system.voucher(1)])):
            with pytest.raises(AdapterError) as refused:
                await call
            assert refused.value.fault is Fault.CONFIG
            assert str(refused.value.message).endswith(".")
    assert attempts == []
