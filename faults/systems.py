"""The accounting systems the laboratory exports to: how to sign in, what to map, what goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from benchmarks.claims import MAPPING
from faults.times import HurriedAdapter
from integration_admin.adapters.base import AccountingAdapter
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.generic_rest.fields import CREDENTIAL_FIELDS
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.adapters.xledger.pace import Pace
from integration_admin.core.clock import SystemClock
from integration_admin.core.mapping import FieldMapping

_ADAPTER_FIELDS = {"xledger": XledgerAdapter.target_fields, "generic_rest": GenericRESTAdapter.target_fields}
BAD_QUARTER = (
    "drop_before=0.03,drop_after=0.03,late_commit=0.03,late=0.02,slow=0.02,error500_after=0.03,error503=0.02,"
    "rate_limited=0.02,rate_limited_bare=0.01,half_body=0.02,reset=0.01,idless=0.005,wrong_json=0.005,"
    "late_commit_seconds=0.9,late_seconds=2,slow_seconds=1.8"
)
"""A fault plan under which every fourth call goes wrong; a slow one is carried out after we gave up."""


@dataclass(frozen=True, slots=True)
class System:
    """One sandbox, and the adapter for it with short times."""

    kind: str
    url: str
    typed: Mapping[str, str]
    """What a person types into the credential form."""
    latency: tuple[str, str, float]
    """The sandbox's own route and switch for its latency, and how many of its units a second has."""
    batch_size: int = 5
    in_flight: int = 1

    @property
    def address(self) -> tuple[str, int]:
        """The sandbox's own host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    @property
    def mapping(self) -> dict[str, FieldMapping]:
        """Where each field comes from."""
        known = {field.name for field in _ADAPTER_FIELDS[self.kind]}
        return {name: mapped for name, mapped in MAPPING.items() if name in known}

    def adapter(self, http: HTTPClient) -> AccountingAdapter:
        """Return the real adapter in a hurry."""
        hurried: Any = HurriedAdapter(_ADAPTERS[self.kind](http), self.batch_size, self.in_flight)
        adapter: AccountingAdapter = hurried
        return adapter


def xledger(found: Mapping[str, Any], **changes: Any) -> System:
    """Return the simulated Xledger as its sandbox announces itself."""
    typed = {"environment": "custom", "endpoint": found["endpoint"], "token": found["tokens"]["full"]}
    return System("xledger", found["url"], typed, ("behaviour", "latency", 1.0), **changes)


def rest(found: Mapping[str, Any], batch_size: int = 5, in_flight: int = 2) -> System:
    """Return the simulated REST interface as its sandbox announces itself."""
    usual = {field.name: field.default for field in CREDENTIAL_FIELDS if field.default}
    typed = usual | {
        "base_url": found["url"],
        "api_key": found["keys"]["full"],
        "batch": str(batch_size),
        "in_flight": str(in_flight),
    }
    return System(
        "generic_rest", found["url"], typed, ("settings", "latency_ms", 1000.0), batch_size, in_flight
    )


def through(system: System, port: int) -> System:
    """Return the same system as it is reached over a proxy on `port`; it is steered and read directly."""
    host, own_port = system.address
    typed = {
        name: text.replace(f"{host}:{own_port}", f"{host}:{port}") for name, text in system.typed.items()
    }
    return replace(system, typed=typed)


def minor_units(amount: str) -> int:
    """Read an amount such as "412.00" as hundredths."""
    return int(Decimal(amount) * 100)


def _xledger_adapter(http: HTTPClient) -> AccountingAdapter:
    return XledgerAdapter(http, SystemClock(), Pace(requests=1, seconds=0.0))


def _rest_adapter(http: HTTPClient) -> AccountingAdapter:
    return GenericRESTAdapter(http, SystemClock())


_ADAPTERS = {"xledger": _xledger_adapter, "generic_rest": _rest_adapter}
