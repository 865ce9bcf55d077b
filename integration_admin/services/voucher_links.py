"""Addresses at which people look at vouchers in their accounting system, where it has such addresses."""

from integration_admin.adapters.linking import LinksVouchers, Posted, is_fit
from integration_admin.core.errors import InvalidInput, NotFound
from integration_admin.core.statuses import DeliveryState, FateState
from integration_admin.data.models import Integration
from integration_admin.services.adapter_registry import AdapterRegistry

_WAITING_THERE = (FateState.STAGED, FateState.REJECTED)


class VoucherLinks:
    """Makes the links of one integration's vouchers; an integration that cannot link has none."""

    def __init__(self, adapters: AdapterRegistry | None, integration: Integration | None) -> None:
        self._integration = integration
        self._adapter = _linking(adapters, integration)

    def of(
        self, state: DeliveryState | None, external_id: str, reference: str, fate: FateState | None = None
    ) -> str:
        """Return the address of a delivered record's voucher, or nothing."""
        integration = self._integration
        if self._adapter is None or integration is None or state is not DeliveryState.DELIVERED:
            return ""
        posted = Posted(external_id, reference, integration.tested_entity, fate not in _WAITING_THERE)
        try:
            address = self._adapter.voucher_address(integration.settings, posted)
        except InvalidInput:
            return ""
        return address if is_fit(address, *integration.target_origin.split()) else ""


def _linking(adapters: AdapterRegistry | None, integration: Integration | None) -> LinksVouchers | None:
    if adapters is None or integration is None:
        return None
    try:
        adapter = adapters.get(integration.kind)
    except NotFound:
        return None
    return adapter if isinstance(adapter, LinksVouchers) else None
