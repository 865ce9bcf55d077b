"""What every accounting system tells of what it holds under our references, and for how much; over real sockets."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from integration_admin.adapters.base import Result
from integration_admin.adapters.holding import Holding, ReadsHoldings, money_of
from integration_admin.core.money import Money
from tests.adapters.running import Running, sent, started
from tests.adapters.systems import SYSTEMS, System

BOOKS_TWICE = {"xledger", "generic_rest", "dynamics_fo"}
"""Those whose simulations book what is sent once more; a journal line of Business Central has a key of its own."""


@pytest.fixture(params=SYSTEMS, ids=lambda system: system.kind)
async def far_side(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with started(request.param) as running:
        yield running


async def held(far_side: Running, *references: str, **settings: str) -> dict[str, Holding]:
    assert isinstance(far_side.adapter, ReadsHoldings)
    credentials = far_side.system.credentials(far_side.url, **settings)
    found = await far_side.adapter.holdings(credentials, references)
    return {holding.reference: holding for holding in found}


def nok(amount: str) -> tuple[Money, ...]:
    return (Money.parse(amount, "NOK"),)


async def test_amounts_and_doubles_are_read_back_and_what_is_absent_is_not_there(far_side: Running) -> None:
    system = far_side.system
    one, lines, less = (
        system.voucher(1, "412.00"),
        system.voucher(2, "100.00", "50.55"),
        system.voucher(3, "412.00", "-12.00"),
    )
    outcomes = [outcome for voucher in (one, lines, less) for outcome in await sent(far_side, voucher)]
    assert {outcome.result for outcome in outcomes} == {Result.DELIVERED}
    again = await sent(far_side, one) if system.kind in BOOKS_TWICE else []

    found = await held(far_side, *(v.reference for v in (one, lines, less)), "IA0000000000000099")

    assert set(found) == {one.reference, lines.reference, less.reference}
    assert (found[lines.reference].sums, found[less.reference].sums) == (nok("150.55"), nok("400.00"))
    twice = len(again) == 1
    assert found[one.reference].sums == nok("824.00" if twice else "412.00")
    assert [found[v.reference].count for v in (one, lines, less)] == [1 + twice, 1, 1]
    assert all(holding.external_id for holding in found.values())


async def test_business_central_tells_amounts_of_employees_and_of_what_is_posted() -> None:
    system = next(system for system in SYSTEMS if system.kind == "dynamics_bc")
    async with started(system) as far_side:
        owed = employees(system).voucher(1, "412.00", "8.00")
        await sent(far_side, owed, system.voucher(2, "99.50"))
        waiting = await held(far_side, owed.reference)
        assert waiting[owed.reference].sums == nok("420.00")
        assert (waiting[owed.reference].count, waiting[owed.reference].waiting) == (1, 1)
        posted = system.voucher(3, "12.00")
        await sent(far_side, posted, credentials=system.credentials(far_side.url, posting="post"))
        found = await held(far_side, owed.reference, posted.reference)
        assert [(one.sums, one.waiting) for one in found.values()] == [(nok("420.00"), 0), (nok("12.00"), 0)]


def employees(system: System) -> System:
    """Return Business Central with claims that are owed to an employee, whose lines a journal hides."""
    return replace(system, fields={"employee": "V-118"})


async def test_a_rest_interface_that_tells_no_amounts_says_so() -> None:
    system = next(system for system in SYSTEMS if system.kind == "generic_rest")
    async with started(system) as far_side:
        voucher = system.voucher(1)
        await sent(far_side, voucher)
        found = await held(far_side, voucher.reference, details="own", amount_pointer="/nowhere")
        assert (found[voucher.reference].count, found[voucher.reference].sums) == (1, None)


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [
        ("412.00", "NOK", Money("NOK", 41200)),
        (412, "nok", Money("NOK", 41200)),
        (-0.1, "NOK", Money("NOK", -10)),
        ("1.5", "JPY", None),
        ("NaN", "NOK", None),
        (True, "NOK", None),
        ("", "NOK", None),
        ("412.00", None, None),
    ],
)
def test_only_what_is_exactly_an_amount_is_taken_for_one(
    value: object, currency: object, amount: Money | None
) -> None:
    assert money_of(value, currency) == amount
