"""A system of the contract suite while it runs: how vouchers are sent, looked up and given up there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from integration_admin.adapters.base import AccountingAdapter, Credentials, Outcome, Result, Voucher
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.sandbox.servers import running
from tests.adapters.relay import Relay, relaying
from tests.adapters.systems import System
from tests.trust import TLS


@dataclass(frozen=True, slots=True)
class Running:
    """A system with its simulation, the adapter as the product has it, and a relay between the two."""

    system: System
    url: str
    adapter: AccountingAdapter
    http: httpx2.AsyncClient
    relay: Relay

    @property
    def credentials(self) -> Credentials:
        """What signs in."""
        return self.system.credentials(self.url)

    @property
    def relayed(self) -> Credentials:
        """What signs in by way of the relay, with a cost centre on every line where there is one."""
        return self.system.credentials(self.relay.url, **self.system.dimensions)

    async def change(self, path: str, **body: Any) -> None:
        """Use one of the simulation's own routes; it must succeed."""
        answer = await self.http.post(f"{self.url}/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text

    async def ledger(self) -> list[dict[str, Any]]:
        """Return what is booked there."""
        return list((await self.http.get(f"{self.url}/_sandbox/ledger")).json())

    async def booked(self) -> list[str]:
        """Return the references that are booked, in order."""
        return sorted(entry["reference"] for entry in await self.ledger())


@asynccontextmanager
async def started(system: System) -> AsyncIterator[Running]:
    """Start a system's simulation with nothing booked, and what the product reaches it with."""
    app = system.create_app(seed=1, limits=False, faults="", journal=None)
    async with (
        running(app) as url,
        OutboundClient(allow=("127.0.0.0/8",)) as outbound,
        httpx2.AsyncClient(timeout=30, verify=TLS) as http,
        relaying(url) as relay,
    ):
        yield Running(system, url, system.make(outbound, SystemClock()), http, relay)


async def sent(
    far_side: Running, *vouchers: Voucher, credentials: Credentials | None = None
) -> list[Outcome]:
    """Send vouchers; an error raised for the whole batch becomes an outcome of each."""
    try:
        outcomes = await far_side.adapter.send(credentials or far_side.credentials, vouchers)
    except AuthenticationFailed:
        raise
    except AdapterError as error:
        result = Result.UNKNOWN if error.fault is Fault.UNKNOWN_OUTCOME else Result.NOT_SENT
        return [Outcome(voucher.reference, result, fault=error.fault) for voucher in vouchers]
    told = {outcome.reference: outcome for outcome in outcomes}
    # One that is missing from the answer counts as unknown.
    return [told.get(item.reference, Outcome(item.reference, Result.UNKNOWN)) for item in vouchers]


async def found(
    far_side: Running, *vouchers: Voucher, credentials: Credentials | None = None
) -> dict[str, int]:
    """Look vouchers up; return how many times each is booked."""
    references = [voucher.reference for voucher in vouchers]
    counts = dict.fromkeys(references, 0)
    for item in await far_side.adapter.lookup(credentials or far_side.credentials, references):
        counts[item.reference] += item.count
    return counts


async def given_up(far_side: Running, voucher: Voucher, place: int, *, arrives: bool) -> bool:
    """Send a voucher and cancel that at its request number `place`; False where it ends before."""
    far_side.relay.hold(place, arrives=arrives)
    attempt = asyncio.create_task(far_side.adapter.send(far_side.relayed, [voucher]))
    caught = asyncio.create_task(far_side.relay.caught.wait())
    async with asyncio.timeout(30):
        await asyncio.wait({attempt, caught}, return_when=asyncio.FIRST_COMPLETED)
        caught.cancel()
        far_side.relay.release()
        if attempt.done():
            assert [outcome.result for outcome in await attempt] == [Result.DELIVERED]
            return False
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        await far_side.relay.gone.wait()
    return True


def whole(entry: dict[str, Any], centre: str) -> bool:
    """Tell whether an entry of a ledger balances and its first line has the cost centre it was sent with."""
    balance = sum(Decimal(line["amount"]) for line in entry["lines"])
    return not balance and (not centre or entry["lines"][0]["cost_centre"] == "210")
