"""Every accounting system there is an adapter for: one line each, found by its kind."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from integration_admin.adapters.base import AccountingAdapter
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.clock import Clock

Factory = Callable[[HTTPClient, Clock], AccountingAdapter]


def catalog(*entries: tuple[str, Factory]) -> Mapping[str, Factory]:
    """Return kind -> factory; raises ValueError when two adapters claim one kind."""
    factories: dict[str, Factory] = {}
    for kind, factory in entries:
        if kind in factories:
            detail = f"two adapters are of the kind {kind}"
            raise ValueError(detail)
        factories[kind] = factory
    return MappingProxyType(factories)


CATALOG = catalog(
    ("xledger", XledgerAdapter),
    ("dynamics_bc", BusinessCentralAdapter),
    ("dynamics_fo", FinanceOperationsAdapter),
    ("generic_rest", GenericRESTAdapter),
)


def adapters(http: HTTPClient, clock: Clock) -> dict[str, AccountingAdapter]:
    """Return one adapter of every kind, all calling out through `http`."""
    return {kind: factory(http, clock) for kind, factory in CATALOG.items()}
