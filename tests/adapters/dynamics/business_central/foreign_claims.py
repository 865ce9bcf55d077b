"""Claims in another currency for the tests, the invoices they have become, and faults at one step of their way."""

from dataclasses import dataclass
from typing import Any

from integration_admin.adapters.base import Voucher, VoucherLine
from integration_admin.adapters.outbound import OutboundClient, Response
from tests.adapters.dynamics.business_central.company import CentralSandbox, line, voucher


@dataclass
class FaultyAt:
    """The real client, with a fault of the sandbox's for one of the requests that write, counted from 1."""

    http: OutboundClient
    sandbox: CentralSandbox
    place: int
    spec: str
    writes: int = 0

    async def request(self, method: str, url: str, **options: Any) -> Response:
        is_write = url.endswith(("$batch", "Microsoft.NAV.post"))
        self.writes += is_write
        if not is_write or self.writes != self.place:
            return await self.http.request(method, url, **options)
        await self.sandbox.change("faults", {"spec": f"{self.spec}=1"})
        try:
            return await self.http.request(method, url, **options)
        finally:
            await self.sandbox.change("faults", {"spec": ""})


@dataclass
class NoCurrencies:
    """The real client, for which there is no list of currencies."""

    http: OutboundClient

    async def request(self, method: str, url: str, **options: Any) -> Response:
        return await self.http.request(method, url.replace("/currencies", "/nothing"), **options)


def euros(amount: str = "412.00", **fields: str) -> VoucherLine:
    return line(amount, "EUR", **fields)


def claim(number: int = 1, *lines: VoucherLine, **fields: str) -> Voucher:
    """Return a claim in euros, owed to a vendor; without lines it has one of 412.00."""
    return voucher(number, *(lines or (euros(),)), **{"vendor": "L-201", **fields})


async def invoices(sandbox: CentralSandbox) -> list[dict[str, Any]]:
    path = f"{await sandbox.company()}/purchaseInvoices?$expand=purchaseInvoiceLines"
    return list((await sandbox.api("GET", path))["value"])


async def lines_of(sandbox: CentralSandbox, invoice: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"{await sandbox.company()}/purchaseInvoices({invoice['id']})/purchaseInvoiceLines"
    return list((await sandbox.api("GET", f"{path}?$expand=dimensionSetLines"))["value"])


def dimensions(found: dict[str, Any]) -> dict[str, str]:
    return {pair["code"]: pair["valueCode"] for pair in found["dimensionSetLines"]}
