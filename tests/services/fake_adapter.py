"""An accounting system in memory that does what a test tells it to, and keeps an honest ledger."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from integration_admin.adapters.base import (
    Booked,
    Capabilities,
    Connection,
    CredentialField,
    Credentials,
    Level,
    Outcome,
    ReferenceData,
    Result,
    TargetField,
    Voucher,
)
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.reference import ReferenceItem

ACCOUNTS = tuple(
    ReferenceItem(str(number), code, name)
    for number, (code, name) in enumerate([("7140", "Reise"), ("6800", "Kontor"), ("2910", "Gjeld")], start=1)
)

Behaviour = Callable[["FakeAdapter", Sequence[Voucher]], list[Outcome] | Awaitable[list[Outcome]]]


def book_all(adapter: "FakeAdapter", batch: Sequence[Voucher]) -> list[Outcome]:
    """Book every voucher and say so."""
    return [adapter.book(voucher) for voucher in batch]


class FakeAdapter:
    """Books what it is sent unless `behaviour` says otherwise; `ledger` lists every booking."""

    kind = "xledger"
    label = msg("Fake ledger")
    credential_fields = (
        CredentialField("address", msg("Address"), msg("Where it is."), default="https://fake.example"),
        CredentialField("token", msg("Token"), msg("The key."), secret=True),
    )
    target_fields = (
        TargetField(
            "account", msg("Account"), msg("The cost."), Level.LINE, required=True, reference="accounts"
        ),
        TargetField("text", msg("Text"), msg("What it was."), Level.LINE),
        TargetField(
            "credit_account", msg("Credit"), msg("Owed."), Level.VOUCHER, required=True, reference="accounts"
        ),
    )

    def __init__(
        self,
        behaviour: Behaviour = book_all,
        batch_size: int = 10,
        *,
        lookup: bool = True,
        in_flight: int = 1,
    ) -> None:
        self.behaviour = behaviour
        self.capabilities = Capabilities(
            batch_size=batch_size,
            in_flight=in_flight,
            lookup=lookup,
            quiet_seconds=60.0,
            send_seconds=30.0,
        )
        self.ledger: list[Voucher] = []
        self.sent: list[list[str]] = []
        self.looked_up: list[list[str]] = []
        self.connect: Callable[[Credentials], Connection] = lambda _: Connection("Fake AS")

    def book(self, voucher: Voucher) -> Outcome:
        """Write a voucher into the ledger."""
        self.ledger.append(voucher)
        return Outcome(voucher.reference, Result.DELIVERED, external_id=f"F-{len(self.ledger)}")

    def capabilities_of(self, settings: Mapping[str, str]) -> Capabilities:
        del settings
        return self.capabilities

    def target_origin(self, settings: Mapping[str, str]) -> str:
        if not settings["address"].startswith("https://"):
            raise InvalidInput(msg("Wrong."), fields={"address": msg("Write https.")})
        return settings["address"]

    async def test_connection(self, credentials: Credentials) -> Connection:
        return self.connect(credentials)

    async def reference_data(self, credentials: Credentials) -> ReferenceData:
        del credentials
        return ReferenceData({"accounts": ACCOUNTS})

    def render(self, voucher: Voucher, settings: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        del settings
        return {"reference": voucher.reference, "lines": [dict(line.fields) for line in voucher.lines]}

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        del credentials
        self.sent.append([voucher.record_id for voucher in batch])
        answer = self.behaviour(self, batch)
        return await answer if inspect.isawaitable(answer) else answer

    async def lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        del credentials
        self.looked_up.append(list(references))
        booked = [voucher.reference for voucher in self.ledger]
        return [Booked(ref, booked.count(ref), f"F-{ref}") for ref in references if ref in booked]
