"""What every accounting system's adapter promises, tried on each against its simulation over real sockets.

A new adapter passes this suite by adding its line to systems.py. What only one system does is tested in its
own folder. A green run shows that adapter and simulation agree, not that the real system does.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
import structlog

from integration_admin.adapters.base import Outcome, Result
from integration_admin.adapters.catalog import CATALOG
from integration_admin.adapters.probing import TEST_SECONDS
from integration_admin.core.errors import AdapterError, AuthenticationFailed
from integration_admin.sandbox.xledger.chart import ACCOUNTS
from tests.adapters.conftest import Serve
from tests.adapters.hostile import Peer
from tests.adapters.running import Running, found, given_up, sent, started, whole
from tests.adapters.systems import GUIDE, REST_BY_TOKEN, SYSTEMS, System

WRONG = "canary-5b1f0c9e-secret"
BOOKED = ("drop_after", "late", "error500_after", "half_body", "reset", "idless", "wrong_json")
NOT_BOOKED = ("drop_before", "error503", "rate_limited", "rate_limited_bare")


ENDING = pytest.mark.parametrize(
    "far_side",
    [system for system in [*SYSTEMS, REST_BY_TOKEN] if system.ends],
    indirect=True,
    ids=lambda system: system.kind,
)
"""Those whose sign-in can come to its end while they are in use."""


@pytest.fixture(params=[*SYSTEMS, GUIDE], ids=lambda system: system.kind)
async def far_side(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """Each system in turn, with nothing booked."""
    async with started(request.param) as running:
        yield running


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


async def test_nobody_waits_longer_than_ten_seconds_for_the_connection_test(serve: Serve) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await asyncio.Event().wait()

    async def seconds_until_given_up(system: System, address: str) -> float:
        async with started(system) as far_side:
            begun = asyncio.get_running_loop().time()
            with pytest.raises(AdapterError):
                await far_side.adapter.test_connection(system.credentials(address))
            return asyncio.get_running_loop().time() - begun

    mute = await serve(silent)
    # At the same time, because each takes as long as it may.
    waits = await asyncio.gather(
        *(seconds_until_given_up(system, f"http://127.0.0.1:{mute.port}") for system in (*SYSTEMS, GUIDE))
    )
    assert TEST_SECONDS < 10
    # A busy machine is late; whoever would wait for two answers one after the other is later.
    assert max(waits) < TEST_SECONDS + 5


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
    assert Decimal(entry["amount"]) == Decimal("399.50")
    assert sum(Decimal(line["amount"]) for line in entry["lines"]) == 0


@pytest.mark.parametrize("amounts", [("-75.00",), ("0.00",), ("80.00", "-80.00")])
async def test_a_claim_that_owes_nothing_or_gives_money_back_is_booked_in_balance_or_refused_with_a_reason(
    far_side: Running, amounts: tuple[str, ...]
) -> None:
    voucher = far_side.system.voucher(1, *amounts)
    [outcome] = await sent(far_side, voucher)
    if outcome.result is Result.REJECTED:
        assert str(outcome.message)
        assert await found(far_side, voucher) == {voucher.reference: 0}
        return
    [entry] = await far_side.ledger()
    assert outcome.result is Result.DELIVERED
    assert [Decimal(line["amount"]) for line in entry["lines"][:-1]] == [Decimal(each) for each in amounts]
    assert sum(Decimal(line["amount"]) for line in entry["lines"]) == 0


async def test_a_text_longer_than_its_field_is_cut_between_characters_or_refused_by_name(
    far_side: Running,
) -> None:
    text = "Ærfuglø 🚢 " * 40
    [outcome] = await sent(far_side, far_side.system.voucher(1, text=text))
    if outcome.result is Result.REJECTED:
        assert outcome.field == "text"
        assert await far_side.ledger() == []
        return
    [entry] = await far_side.ledger()
    kept = entry["lines"][0]["text"]
    assert outcome.result is Result.DELIVERED
    assert len(kept) > 50
    assert text.startswith(kept)


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


@ENDING
async def test_a_sign_in_that_ends_in_the_middle_of_a_run_costs_no_voucher_and_doubles_none(
    far_side: Running,
) -> None:
    vouchers = [far_side.system.voucher(number) for number in range(1, 6)]
    successor = far_side.system.successor(far_side.system.describe(far_side.url, 1))
    signed_in, refused = far_side.credentials, 0
    for place, voucher in enumerate(vouchers):
        if place == 2:
            await far_side.change(far_side.system.ends)
        try:
            [outcome] = await sent(far_side, voucher, credentials=signed_in)
        except AuthenticationFailed:
            # Everything stops until somebody has entered another secret, and nothing was booked.
            assert await far_side.booked() == [earlier.reference for earlier in vouchers[:place]]
            signed_in, refused = far_side.system.credentials(far_side.url, **successor), refused + 1
            [outcome] = await sent(far_side, voucher, credentials=signed_in)
        if outcome.result is Result.NOT_SENT:
            [outcome] = await sent(far_side, voucher, credentials=signed_in)
        assert outcome.result is Result.DELIVERED
    assert refused == bool(successor)
    assert await far_side.booked() == [voucher.reference for voucher in vouchers]


@pytest.mark.parametrize("far_side", SYSTEMS, indirect=True, ids=lambda system: system.kind)
async def test_lists_of_several_pages_are_read_whole_and_nothing_twice(far_side: Running) -> None:
    route, body = far_side.system.pages
    whole = await far_side.adapter.reference_data(far_side.credentials)
    if route:
        await far_side.change(route, **body)
    paged = await far_side.adapter.reference_data(far_side.relayed)
    codes = [item.code for item in paged.lists["accounts"]]
    assert {code for code, _ in ACCOUNTS} <= set(codes)
    assert len(codes) >= body.get("accounts", 0)
    assert far_side.relay.requests > len(paged.lists)
    for name, items in paged.lists.items():
        assert len({item.id for item in items}) == len(items)
        assert set(whole.lists.get(name, ())) <= set(items)


@pytest.mark.parametrize("arrives", [True, False], ids=["answer_lost", "request_lost"])
async def test_a_cancelled_send_leaves_nothing_half_and_is_never_taken_for_a_delivery(
    far_side: Running, *, arrives: bool
) -> None:
    centre = far_side.system.cost_centre
    line = {centre: "210"} if centre else {}
    vouchers = []
    # Each send is given up one request later than the one before, until one gets to its end by itself.
    for place in range(1, 12):
        voucher = far_side.system.voucher(place, **line)
        vouchers.append(voucher)
        if not await given_up(far_side, voucher, place, arrives=arrives):
            break
        there = await found(far_side, voucher, credentials=far_side.relayed)
        booked = [entry for entry in await far_side.ledger() if entry["reference"] == voucher.reference]
        if there[voucher.reference]:
            assert [whole(entry, centre) for entry in booked] == [True]
            continue
        [again] = await sent(far_side, voucher, credentials=far_side.relayed)
        assert again.result is Result.DELIVERED
    assert 1 < len(vouchers) < 11
    ledger = await far_side.ledger()
    assert sorted(entry["reference"] for entry in ledger) == [voucher.reference for voucher in vouchers]
    assert all(whole(entry, centre) for entry in ledger)
