"""What every accounting system's adapter promises, tried on each against its simulation over real sockets.

A new adapter passes this suite by adding its line to systems.py. What only one system does is tested in its
own folder. A green run shows that adapter and simulation agree, not that the real system does.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import httpx2
import pytest
import structlog

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.catalog import CATALOG
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.sandbox.servers import running
from tests.adapters.conftest import Serve
from tests.adapters.hostile import Peer
from tests.adapters.systems import GUIDE, SYSTEMS, Running, System

# Loading the certificates takes longer than most tests here; no test uses them.
_TLS = ssl.create_default_context()
WRONG = "canary-5b1f0c9e-secret"
BOOKED = ("drop_after", "late", "error500_after", "half_body", "reset", "idless", "wrong_json")
NOT_BOOKED = ("drop_before", "error503", "rate_limited", "rate_limited_bare")


@pytest.fixture(params=[*SYSTEMS, GUIDE], ids=lambda system: system.kind)
async def far_side(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """Each system in turn, with nothing booked."""
    system: System = request.param
    app = system.create_app(seed=1, limits=False, faults="", journal=None)
    async with (
        running(app) as url,
        OutboundClient(allow=("127.0.0.0/8",)) as outbound,
        httpx2.AsyncClient(timeout=30, verify=_TLS) as http,
    ):
        yield Running(system, url, system.make(outbound, SystemClock()), http)


async def sent(far_side: Running, *vouchers: Voucher) -> list[Outcome]:
    """Send vouchers; an error raised for the whole batch becomes an outcome of each."""
    try:
        outcomes = await far_side.adapter.send(far_side.credentials, vouchers)
    except AdapterError as error:
        result = Result.UNKNOWN if error.fault is Fault.UNKNOWN_OUTCOME else Result.NOT_SENT
        return [Outcome(voucher.reference, result, fault=error.fault) for voucher in vouchers]
    told = {outcome.reference: outcome for outcome in outcomes}
    # One that is missing from the answer counts as unknown.
    return [told.get(item.reference, Outcome(item.reference, Result.UNKNOWN)) for item in vouchers]


async def found(far_side: Running, *vouchers: Voucher) -> dict[str, int]:
    """Look vouchers up; return how many times each is booked."""
    references = [voucher.reference for voucher in vouchers]
    counts = dict.fromkeys(references, 0)
    for item in await far_side.adapter.lookup(far_side.credentials, references):
        counts[item.reference] += item.count
    return counts


def test_every_adapter_there_is_is_held_to_this_contract() -> None:
    assert {system.kind for system in SYSTEMS} == set(CATALOG)


async def test_the_connection_test_names_whom_it_reached(far_side: Running) -> None:
    connection = await far_side.adapter.test_connection(far_side.credentials)
    assert connection.entity.strip()


async def test_the_form_and_the_settings_name_one_allowed_origin(far_side: Running) -> None:
    origin = far_side.adapter.target_origin(far_side.credentials.settings)
    assert far_side.url in origin


async def test_a_wrong_secret_stops_everything_and_is_told_nowhere(far_side: Running) -> None:
    names = list(far_side.credentials.secrets)
    wrong = far_side.system.credentials(far_side.url, **{names[0]: WRONG})
    voucher = far_side.system.voucher(1)
    calls: list[Callable[[], Any]] = [
        lambda: far_side.adapter.test_connection(wrong),
        lambda: far_side.adapter.reference_data(wrong),
        lambda: far_side.adapter.send(wrong, [voucher]),
        lambda: far_side.adapter.lookup(wrong, [voucher.reference]),
    ]
    with structlog.testing.capture_logs() as logged:
        for call in calls:
            with pytest.raises(AuthenticationFailed) as refused:
                await call()
            error = refused.value
            assert WRONG not in f"{error!r} {error.message} {error.internal} {error.__dict__}"
    assert WRONG not in repr(logged)
    assert await far_side.ledger() == []


async def test_nobody_waits_longer_than_ten_seconds_for_the_connection_test(
    far_side: Running, serve: Serve
) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await asyncio.Event().wait()

    mute = await serve(silent)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(AdapterError):
        await far_side.adapter.test_connection(far_side.system.credentials(f"http://127.0.0.1:{mute.port}"))
    assert asyncio.get_running_loop().time() - begun < 10.5


async def test_every_reference_list_a_field_names_is_read(far_side: Running) -> None:
    data = await far_side.adapter.reference_data(far_side.credentials)
    codes = {item.code for item in data.lists["accounts"]}
    assert far_side.system.line["account"] in codes
    assert far_side.system.unknown not in codes
    fields = {field.reference for field in far_side.adapter.target_fields if field.reference}
    assert set(data.lists) <= fields | {"accounts", "currencies"}


async def test_a_claim_is_booked_once_in_balance_and_found_by_its_reference(far_side: Running) -> None:
    voucher = far_side.system.voucher(1, "412.00", "99.50")
    [outcome] = await sent(far_side, voucher)
    [entry] = await far_side.ledger()
    assert outcome.result is Result.DELIVERED
    assert outcome.external_id
    assert (entry["reference"], Decimal(entry["amount"])) == (voucher.reference, Decimal("511.50"))
    assert sum(Decimal(line["amount"]) for line in entry["lines"]) == 0
    assert await found(far_side, voucher) == {voucher.reference: 1}


async def test_negative_and_zero_amounts_stay_what_they_are(far_side: Running) -> None:
    voucher = far_side.system.voucher(1, "412.00", "-12.50", "0.00")
    [outcome] = await sent(far_side, voucher)
    [entry] = await far_side.ledger()
    amounts = {Decimal(line["amount"]) for line in entry["lines"]}
    assert outcome.result is Result.DELIVERED
    assert {Decimal("412.00"), Decimal("-12.50")} <= amounts
    assert sum(Decimal(line["amount"]) for line in entry["lines"]) == 0


@pytest.mark.parametrize("text", ["Blåbærsyltetøy på Ærøy", "<b>&amp;\"'\\", "🚆 tog " * 9, "e\u0301" * 30])
async def test_what_people_write_arrives_as_they_wrote_it_or_is_refused_by_name(
    far_side: Running, text: str
) -> None:
    [outcome] = await sent(far_side, far_side.system.voucher(1, text=text))
    if outcome.result is Result.REJECTED:
        assert outcome.field == "text"
        assert await far_side.ledger() == []
    else:
        assert outcome.result is Result.DELIVERED
        assert text.strip() in json.dumps(await far_side.ledger(), ensure_ascii=False).replace(
            '\\"', '"'
        ).replace("\\\\", "\\")


async def test_one_bad_claim_among_good_ones_is_named_and_harms_no_other(far_side: Running) -> None:
    good = [far_side.system.voucher(number) for number in (1, 3)]
    bad = far_side.system.voucher(2, account=far_side.system.unknown)
    waiting = [good[0], bad, good[1]]
    told: dict[str, Outcome] = {}
    # What was surely not sent, or is looked up and absent, may go again: as the services do it.
    for _ in range(4):
        for size in range(0, len(waiting), far_side.adapter.capabilities.batch_size):
            part = waiting[size : size + far_side.adapter.capabilities.batch_size]
            told |= {outcome.reference: outcome for outcome in await sent(far_side, *part)}
        there = await found(far_side, *waiting)
        waiting = [
            item
            for item in waiting
            if told[item.reference].result in {Result.NOT_SENT, Result.UNKNOWN} and not there[item.reference]
        ]
    assert waiting == []
    assert told[bad.reference].result is Result.REJECTED
    assert far_side.system.unknown in str(told[bad.reference].message)
    assert await far_side.booked() == [voucher.reference for voucher in good]


@pytest.mark.parametrize("fault", BOOKED)
async def test_a_lost_or_unclear_answer_is_never_a_delivery_and_a_lookup_tells(
    far_side: Running, fault: str
) -> None:
    vouchers = [far_side.system.voucher(1)]
    await far_side.change("faults", spec=f"{fault}=1,late_seconds=60")
    attempt = asyncio.create_task(sent(far_side, *vouchers))
    if fault == "late":
        # Nobody waits a minute here: whoever is cancelled knows as little as whoever waited in vain.
        async with asyncio.timeout(30):
            while not await far_side.booked():
                pass
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
    else:
        assert {outcome.result for outcome in await attempt} == {Result.UNKNOWN}
    await far_side.change("faults", spec="")
    assert await found(far_side, *vouchers) == {vouchers[0].reference: 1}
    assert await far_side.booked() == [vouchers[0].reference]


@pytest.mark.parametrize("fault", NOT_BOOKED)
async def test_what_the_far_side_did_not_do_is_absent_and_goes_through_later(
    far_side: Running, fault: str
) -> None:
    voucher = far_side.system.voucher(1)
    await far_side.change("faults", spec=f"{fault}=1")
    [outcome] = await sent(far_side, voucher)
    await far_side.change("faults", spec="")
    assert outcome.result in {Result.NOT_SENT, Result.UNKNOWN}
    assert await found(far_side, voucher) == {voucher.reference: 0}
    [again] = await sent(far_side, voucher)
    assert again.result is Result.DELIVERED
    assert await far_side.booked() == [voucher.reference]


async def test_a_double_of_the_far_sides_own_making_is_seen(far_side: Running) -> None:
    voucher = far_side.system.voucher(1)
    await far_side.change("faults", spec="duplicate=1")
    await sent(far_side, voucher)
    await far_side.change("faults", spec="")
    doubled = (await far_side.booked()).count(voucher.reference)
    assert (await found(far_side, voucher))[voucher.reference] == doubled


async def test_many_references_are_looked_up_at_once(far_side: Running) -> None:
    able = far_side.adapter.capabilities
    booked = [far_side.system.voucher(number) for number in range(1, 4)]
    for voucher in booked:
        await sent(far_side, voucher)
    asked = [far_side.system.voucher(number) for number in range(1, able.lookup_size + 1)]
    counts = await found(far_side, *asked)
    assert sum(counts.values()) == 3
    assert all(counts[voucher.reference] == 1 for voucher in booked)


async def test_what_is_shown_before_is_what_is_sent(far_side: Running) -> None:
    voucher = far_side.system.voucher(1, "412.00")
    shown = json.dumps(far_side.adapter.render(voucher, far_side.credentials.settings), default=str)
    assert far_side.system.line["account"] in shown
    assert "412" in shown
    assert not any(secret.reveal() in shown for secret in far_side.credentials.secrets.values())
