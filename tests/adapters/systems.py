"""What the contract suite has to know of each accounting system: how to simulate it, sign in, and fill a voucher."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from starlette.types import ASGIApp

from integration_admin.adapters.base import AccountingAdapter, Credentials, Voucher, VoucherLine
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Pace
from integration_admin.core.clock import Clock
from integration_admin.core.money import Money
from integration_admin.core.secret import Secret
from integration_admin.sandbox.dynamics import app as dynamics
from integration_admin.sandbox.rest import app as rest
from integration_admin.sandbox.xledger import app as xledger
from tests.adapters import guide


@dataclass(frozen=True, slots=True)
class System:
    """One accounting system of the catalogue.

    `settings` takes the simulation's address and what it says of itself; `secrets` takes the latter. The
    fields make a voucher the simulation books; `unknown` is an account it does not have.
    """

    kind: str
    create_app: Callable[..., ASGIApp]
    describe: Callable[[str, int], dict[str, Any]]
    settings: Callable[[str, dict[str, Any]], dict[str, str]]
    secrets: Callable[[dict[str, Any]], dict[str, str]]
    fields: Mapping[str, str]
    line: Mapping[str, str]
    make: Callable[[HTTPClient, Clock], AccountingAdapter]
    unknown: str = "0000"
    cost_centre: str = ""
    """The field of a line that is the cost centre, with `dimensions` in the settings; empty where there is none."""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    ends: str = ""
    """The simulation's route that lets what signs in end now; empty where that never ends."""
    successor: Callable[[dict[str, Any]], dict[str, str]] = lambda _: {}
    """The secrets that sign in after that; empty where the adapter gets another token by itself."""
    pages: tuple[str, Mapping[str, Any]] = ("", {})
    """A route and a body that make lists take several pages; empty where they do anyway, or never."""

    def credentials(self, url: str, **changes: str) -> Credentials:
        """Return what signs in at a simulation served at `url`; `changes` replaces settings and secrets."""
        said = self.describe(url, 1)
        settings, secrets = self.settings(url, said), self.secrets(said)
        return Credentials(
            settings | {name: value for name, value in changes.items() if name not in secrets},
            {name: Secret(changes.get(name, value)) for name, value in secrets.items()},
        )

    def voucher(self, number: int, *amounts: str, **line: str) -> Voucher:
        """Return a voucher with a line for each amount; `line` changes the lines' fields."""
        return Voucher(
            reference=f"IA{number:016}",
            number=number,
            record_id=f"EC-2026-{number}",
            date=date(2026, 11, 5),
            fields=self.fields,
            lines=tuple(
                VoucherLine({**self.line, **line}, Money.parse(amount, "NOK"))
                for amount in amounts or ("412.00",)
            ),
        )


def _unhurried(http: HTTPClient, clock: Clock) -> XledgerAdapter:
    """Make the adapter without waiting for limits the simulation has turned off."""
    return XledgerAdapter(http, clock, Pace(10_000, 5.0))


def _at_microsoft(url: str, said: dict[str, Any]) -> dict[str, str]:
    """Return the settings both of Microsoft's systems have."""
    return {"cloud": "custom", "endpoint": url, "tenant": said["tenant"], "client_id": said["client_id"]}


SYSTEMS = (
    System(
        "xledger",
        xledger.create_app,
        xledger.describe,
        lambda url, _: {"environment": "custom", "endpoint": f"{url}/graphql"},
        lambda said: {"token": said["tokens"]["full"]},
        {"credit_account": "2910", "subledger": "V-118"},
        {"account": "7140", "text": "Tog Oslo-Hamar"},
        _unhurried,
        cost_centre="gl_object_1",
        ends="tokens/full/expire",
        successor=lambda said: {"token": said["tokens"]["renewed"]},
        pages=("behaviour", {"page_rows": 7}),
    ),
    System(
        "generic_rest",
        rest.create_app,
        rest.describe,
        lambda url, _: {"base_url": url, "accounts_path": "/api/accounts?page={page}"},
        lambda said: {"api_key": said["keys"]["full"]},
        {"credit_account": "2910"},
        {"account": "7140", "text": "Tog Oslo-Hamar"},
        GenericRESTAdapter,
        cost_centre="cost_centre",
    ),
    System(
        "dynamics_bc",
        dynamics.create_app,
        dynamics.describe,
        lambda url, said: _at_microsoft(url, said) | {"company": said["company"], "journal": said["journal"]},
        lambda said: {"client_secret": said["client_secret"]},
        {"credit_account": "2910"},
        {"account": "7140", "text": "Tog Oslo-Hamar"},
        BusinessCentralAdapter,
        cost_centre="dimension_1",
        dimensions={"dimensions": "AVDELING"},
        ends="tokens/revoke",
        pages=("settings", {"accounts": 5_500}),
    ),
    System(
        "dynamics_fo",
        dynamics.create_app,
        dynamics.describe,
        lambda url, said: (
            _at_microsoft(url, said) | {"company": said["finance_company"], "journal_name": said["journal"]}
        ),
        lambda said: {"client_secret": said["client_secret"]},
        {"credit_account": "2910"},
        {"account": "7140", "text": "Tog Oslo-Hamar"},
        FinanceOperationsAdapter,
        cost_centre="dimension_1",
        dimensions={"account_format": "MainAccount,CostCenter"},
        ends="tokens/revoke",
        pages=("finance_operations", {"page_size": 7}),
    ),
)

REST_BY_TOKEN = replace(
    next(system for system in SYSTEMS if system.kind == "generic_rest"),
    settings=lambda url, said: {
        "base_url": url,
        "authentication": "oauth2",
        "token_url": f"{url}/oauth/token",
        "client_id": said["oauth"]["client_id"],
    },
    secrets=lambda said: {"client_secret": said["oauth"]["client_secret"]},
    ends="tokens/revoke",
)
"""A REST interface that gives out tokens, which end; a key does not."""

_guide_adapter, _guide_sandbox = guide.written()

GUIDE = System(
    "tiny_ledger",
    _guide_sandbox.create_app,
    _guide_sandbox.describe,
    lambda url, _: {"url": url},
    lambda said: {"key": said["key"]},
    {"credit_account": "2910"},
    {"account": "7140", "text": "Tog Oslo-Hamar"},
    _guide_adapter.TinyLedgerAdapter,
)
"""The one docs/adapters.md teaches to write."""
