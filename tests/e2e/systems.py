"""The four accounting systems as somebody who sets them up meets them: what they type, choose and are told."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.types import ASGIApp

from integration_admin.sandbox.dynamics import app as dynamics
from integration_admin.sandbox.rest import app as rest
from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger import app as xledger
from tests.e2e.world import CREDIT_ACCOUNT
from tests.trust import TLS

PAYMENT_ACCOUNT = "1920"
_ACCOUNTS = {
    "from:credit_account": "constant",
    "value:credit_account": CREDIT_ACCOUNT,
    "from:payment_account": "constant",
    "value:payment_account": PAYMENT_ACCOUNT,
}

Typed = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class System:
    """One accounting system; names of fields are those of its form."""

    kind: str
    label: str
    create_app: Callable[..., ASGIApp]
    describe: Callable[[str, int], dict[str, Any]]
    credentials: Callable[[str, dict[str, Any]], Typed]
    """Takes the simulation's address and what it says of itself."""
    mistake: Typed
    """What is typed wrong first, in place of the right credentials."""
    told: str
    """The sentence the mistake is answered with; its beginning is looked for."""
    entity: str
    """What the system is called when the connection is there."""
    listed: Typed = field(default_factory=dict)
    """What is chosen, by its name, from what the test found; the field is typed in before."""
    mapping: Typed = field(default_factory=dict)
    """What is chosen in the mapping for the dimensions."""

    @property
    def choices(self) -> Typed:
        """Everything that is chosen in the mapping beside the accounts of the categories."""
        return {**_ACCOUNTS, **self.mapping}


@dataclass(frozen=True, slots=True)
class Simulated:
    """A system on a socket of its own, in which nobody has booked anything."""

    system: System
    url: str
    credentials: Typed

    async def ledger(self) -> list[dict[str, Any]]:
        """Return every booked voucher."""
        async with httpx2.AsyncClient(verify=TLS, timeout=30) as client:
            booked: list[dict[str, Any]] = (await client.get(f"{self.url}/_sandbox/ledger")).json()
            return booked


@asynccontextmanager
async def running_system(system: System, seed: int) -> AsyncIterator[Simulated]:
    """Start a fresh simulation whose demo credentials come from `seed`."""
    async with running(system.create_app(seed=seed)) as url:
        yield Simulated(system, url, system.credentials(url, system.describe(url, seed)))


def _app(url: str, said: dict[str, Any]) -> dict[str, str]:
    return {
        "cloud": "custom",
        "endpoint": url,
        "tenant": said["tenant"],
        "client_id": said["client_id"],
        "client_secret": said["client_secret"],
    }


SYSTEMS = (
    System(
        "xledger",
        "Xledger",
        xledger.create_app,
        xledger.describe,
        lambda url, said: {
            "environment": "custom",
            "endpoint": f"{url}/graphql",
            "token": said["tokens"]["full"],
        },
        mistake={"token": "not-the-right-token"},
        told="Xledger refuses the token. Check that all of it was copied, and that it was made in the environment you chose.",
        entity="Eksempelforbundet",
        mapping={"from:project": "line.project", "from:gl_object_1": "line.cost_centre"},
    ),
    System(
        "dynamics_bc",
        "Microsoft Dynamics 365 Business Central",
        dynamics.create_app,
        dynamics.describe,
        lambda url, said: {
            **_app(url, said),
            "company": "",
            "journal": said["journal"],
            "dimensions": "AVDELING, PROSJEKT",
        },
        mistake={"company": ""},
        told="The sign-in works. Choose a company under Company, and test again. There are: {companies}.",
        listed={"company": "Eksempelforbundet"},
        entity="Eksempelforbundet",
        mapping={"from:dimension_1": "line.cost_centre", "from:dimension_2": "line.project"},
    ),
    System(
        "dynamics_fo",
        "Microsoft Dynamics 365 Finance & Operations",
        dynamics.create_app,
        dynamics.describe,
        lambda url, said: {
            **_app(url, said),
            "company": "NO01",
            "journal_name": "UTLEGG",
            "account_format": "MainAccount,CostCenter,Project",
        },
        mistake={"company": "NO99"},
        told="There is no legal entity {company} in Finance & Operations. Choose one of these: {entities}.",
        listed={"company": "NO01 Eksempelforbundet"},
        entity="Eksempelforbundet",
        mapping={"from:dimension_1": "line.cost_centre", "from:dimension_2": "line.project"},
    ),
    System(
        "generic_rest",
        "Another system (REST)",
        rest.create_app,
        rest.describe,
        lambda url, said: {
            "base_url": url,
            "api_key": said["keys"]["full"],
            "accounts_path": "/api/accounts?page={page}",
        },
        mistake={"api_key": "not-the-right-key"},
        told="The accounting system refuses the credentials. Check that all of them were copied, and that they are still in"
        " force.",
        entity="Eksempelforbundet",
        mapping={"from:cost_centre": "line.cost_centre", "from:project": "line.project"},
    ),
)
