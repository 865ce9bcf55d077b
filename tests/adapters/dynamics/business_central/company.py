"""A running simulated Business Central for the tests, and credentials and vouchers that fit it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx2

from integration_admin.adapters.base import Credentials, Outcome, Result, Voucher, VoucherLine
from integration_admin.core.money import Money
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.core.secret import Secret

COMPANY = "Eksempelforbundet"
DIMENSIONS = "AVDELING, PROSJEKT"


@dataclass
class CentralSandbox:
    """One running sandbox and how to change and ask it."""

    url: str
    demo: dict[str, Any]
    http: httpx2.AsyncClient

    def settings(self, app: str = "full", **changes: str) -> dict[str, str]:
        return {
            "cloud": "custom",
            "endpoint": self.url,
            "tenant": self.demo["tenant"],
            "client_id": self.demo["apps"][app]["client_id"],
            "company": COMPANY,
            "dimensions": DIMENSIONS,
            **changes,
        }

    def credentials(self, app: str = "full", secret: str = "", **changes: str) -> Credentials:
        value = secret or self.demo["apps"][app]["client_secret"]
        return Credentials(self.settings(app, **changes), {"client_secret": Secret(value)})

    async def change(self, path: str, body: dict[str, Any] | None = None) -> None:
        """Use one of the sandbox's own routes; it must succeed."""
        answer = await self.http.post(f"{self.url}/_sandbox/{path}", json=body or {})
        assert answer.status_code == 200, answer.text

    async def ledger(self) -> list[dict[str, Any]]:
        return list((await self.http.get(f"{self.url}/_sandbox/ledger")).json())

    async def stats(self) -> dict[str, Any]:
        return dict((await self.http.get(f"{self.url}/_sandbox/stats")).json())

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the simulated interface as anybody with the full app's token would."""
        if not hasattr(self, "_bearer"):
            full = self.demo["apps"]["full"]
            form = {
                "grant_type": "client_credentials",
                "client_id": full["client_id"],
                "client_secret": full["client_secret"],
                "scope": "https://api.businesscentral.dynamics.com/.default",
            }
            answer = await self.http.post(f"{self.url}/{self.demo['tenant']}/oauth2/v2.0/token", data=form)
            self._bearer = answer.json()["access_token"]
        base = f"{self.url}/v2.0/{self.demo['tenant']}/production/api/v2.0"
        headers = {"Authorization": f"Bearer {self._bearer}", "If-Match": "*"}
        answer = await self.http.request(method, f"{base}/{path}", headers=headers, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def company(self) -> str:
        """Return the path of the company."""
        companies = (await self.api("GET", "companies"))["value"]
        return f"companies({next(found['id'] for found in companies if found['name'] == COMPANY)})"

    async def journal(self, code: str = "EXPENSES") -> str:
        """Return the path of a journal."""
        company = await self.company()
        journals = (await self.api("GET", f"{company}/journals"))["value"]
        return f"{company}/journals({next(found['id'] for found in journals if found['code'] == code)})"

    async def lines(self, *, dimensions: bool = False) -> list[dict[str, Any]]:
        expand = "?$expand=dimensionSetLines" if dimensions else ""
        return list((await self.api("GET", f"{await self.journal()}/journalLines{expand}"))["value"])


def reference(number: int = 1) -> str:
    """Return a reference of the usual 22 characters."""
    return f"IA{number:020}"


def voucher(number: int = 1, *lines: VoucherLine, kind: str = EXPENSE_CLAIM, **fields: str) -> Voucher:
    """Return a voucher owed on account 2910; without lines it has one of 412.00 on account 7140."""
    return Voucher(
        reference=reference(number),
        number=number,
        record_id=f"EC-2026-{number}",
        date=date(2026, 11, 5),
        fields={"credit_account": "2910", **fields},
        lines=lines or (line(),),
        kind=kind,
    )


def line(amount: str = "412.00", currency: str = "NOK", **fields: str) -> VoucherLine:
    """Return a line on account 7140 unless told otherwise."""
    return VoucherLine({"account": "7140", "text": "Tog Oslo-Hamar", **fields}, Money.parse(amount, currency))


def results(outcomes: list[Outcome]) -> dict[str, Result]:
    return {outcome.reference: outcome.result for outcome in outcomes}


def told(error: Any) -> str:
    """Return everything an error says anywhere."""
    return f"{error.message!r} {error.message} {error.internal} {error!r} {error.code} {error.__dict__}"
