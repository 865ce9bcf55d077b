"""A simulated REST ledger on a real socket, and a client that speaks to it as anybody would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from integration_admin.sandbox.rest.app import create_app, demo_credentials
from integration_admin.sandbox.servers import running
from tests.trust import TLS

Record = dict[str, Any]


@dataclass
class RESTSandbox:
    """One running sandbox and how to call it; every call names a key by its name in `keys`."""

    url: str
    credentials: dict[str, Any]
    http: httpx2.AsyncClient

    def key(self, by: str = "full") -> dict[str, str]:
        return {"X-Api-Key": self.credentials["keys"][by]}

    async def post(self, content: Any, *, by: str = "full", **headers: str) -> httpx2.Response:
        return await self.http.post(
            f"{self.url}/api/vouchers", json=content, headers={**self.key(by), **headers}
        )

    async def get(self, path: str, *, by: str = "full", **query: Any) -> httpx2.Response:
        return await self.http.get(f"{self.url}/api/{path}", params=query or None, headers=self.key(by))

    async def ledger(self, **query: Any) -> list[Any]:
        return list((await self.http.get(f"{self.url}/_sandbox/ledger", params=query or None)).json())

    async def booked(self) -> list[str]:
        """Return the references that are booked, in their order."""
        return [entry["reference"] for entry in await self.ledger()]

    async def stats(self) -> Any:
        return (await self.http.get(f"{self.url}/_sandbox/stats")).json()

    async def change(self, path: str, body: dict[str, Any] | None = None) -> None:
        """Use one of the administrative routes; it must succeed."""
        answer = await self.http.post(f"{self.url}/_sandbox/{path}", json=body or {})
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def client_of(url: str, seed: int = 1) -> AsyncIterator[RESTSandbox]:
    """Speak to a sandbox that is served at `url`."""
    async with httpx2.AsyncClient(timeout=30, verify=TLS) as http:
        yield RESTSandbox(url, demo_credentials(seed), http)


@asynccontextmanager
async def rest_sandbox(**options: Any) -> AsyncIterator[RESTSandbox]:
    """Serve a sandbox with create_app's options."""
    async with running(create_app(**options)) as url, client_of(url, options.get("seed", 1)) as sandbox:
        yield sandbox


def record(reference: str = "REF1", **changes: Any) -> Record:
    """Make a voucher of one line; keyword arguments change it, None takes a part away."""
    whole: Record = {
        "reference": reference,
        "date": "2026-11-05",
        "currency": "NOK",
        "text": "EC-2026-1042",
        "credit": {"account": "2910"},
        "lines": [line()],
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def line(amount: Any = "412.00", account: str = "7140", **more: Any) -> Record:
    return {"account": account, "amount": amount, "text": "Tog Oslo-Hamar", **more}
