"""Links to vouchers: made of the settings alone, by https or to where the integration speaks anyway."""

import uuid
from collections.abc import Mapping

import pytest

from integration_admin.adapters.catalog import adapters
from integration_admin.adapters.linking import LinksVouchers, Posted, is_fit
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.errors import InvalidInput
from integration_admin.core.statuses import DeliveryState, FateState
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.voucher_links import VoucherLinks
from tests.builders import make_integration
from tests.fakes import FakeClock

REFERENCE = "IAABCDEFGHIJKLMNOPQRST"
COMPANY = str(uuid.UUID(int=7))
APP = {"tenant": "contoso.no", "client_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}
BC = APP | {"environment": "production", "company": COMPANY, "journal": "UTLEGG"}
FO = APP | {
    "root_url": "https://contoso.operations.dynamics.com",
    "company": "NO01",
    "journal_name": "UTLEGG",
    "account_format": "MainAccount",
}
REST = {"base_url": "http://127.0.0.1:9103"}

WRONG = (
    "http://erp.example/{id}",
    "https://erp.example/",
    "https://user:zx81@erp.example/{id}",
    "https://erp.example/{number}/{id}",
    "javascript:alert({id})",
    "//erp.example/{id}",
    "https://erp.example/ {id}",
    "https://{id}/",
    "{id}",
)


@pytest.fixture
def registry(clock: FakeClock) -> AdapterRegistry:
    return AdapterRegistry(adapters(OutboundClient(), clock))


def link(
    registry: AdapterRegistry, kind: str, settings: Mapping[str, str], fate: FateState | None = None
) -> str:
    integration = make_integration(
        kind=kind,
        settings=dict(settings),
        tested_entity="Eksempel & Co",
        target_origin=registry.get(kind).target_origin(settings),
    )
    return VoucherLinks(registry, integration).of(DeliveryState.DELIVERED, "12/3 4", REFERENCE, fate)


def test_business_central_shows_the_ledger_entries_of_a_posted_voucher(registry: AdapterRegistry) -> None:
    address = link(registry, "dynamics_bc", BC, FateState.BOOKED)
    assert address == (
        "https://businesscentral.dynamics.com/contoso.no/production/?company=Eksempel%20%26%20Co&page=20"
        f"&filter=%27External%20Document%20No.%27%20IS%20%27{REFERENCE}%27"
    )
    by_name = link(registry, "dynamics_bc", BC | {"company": "Forbundet"}, FateState.BOOKED)
    assert "company=Forbundet&" in by_name
    assert link(registry, "dynamics_bc", BC, FateState.STAGED) == ""
    custom = BC | {"cloud": "custom", "endpoint": "http://127.0.0.1:9102"}
    assert link(registry, "dynamics_bc", custom, FateState.BOOKED) == ""


def test_finance_and_operations_lists_the_journals(registry: AdapterRegistry) -> None:
    address = "https://contoso.operations.dynamics.com/?cmp=NO01&mi=LedgerJournalTable3"
    assert link(registry, "dynamics_fo", FO) == address
    custom = FO | {"cloud": "custom", "endpoint": "http://127.0.0.1:9102"}
    assert link(registry, "dynamics_fo", custom) == ""


def test_a_rest_interface_has_the_form_its_settings_give(registry: AdapterRegistry) -> None:
    assert link(registry, "generic_rest", REST) == ""
    form = REST | {"voucher_link": "https://erp.example/v/{id}?r={reference}"}
    assert link(registry, "generic_rest", form) == f"https://erp.example/v/12%2F3%204?r={REFERENCE}"
    same = REST | {"voucher_link": "http://127.0.0.1:9103/v/{reference}"}
    assert link(registry, "generic_rest", same) == f"http://127.0.0.1:9103/v/{REFERENCE}"


def test_a_form_that_is_no_safe_address_is_refused_with_a_sentence(registry: AdapterRegistry) -> None:
    for form in WRONG:
        with pytest.raises(InvalidInput) as refused:
            registry.get("generic_rest").target_origin(REST | {"voucher_link": form})
        assert list(refused.value.fields) == ["voucher_link"], form


def test_what_is_not_delivered_and_what_cannot_be_linked_to_has_no_link(registry: AdapterRegistry) -> None:
    form = make_integration(settings=REST | {"voucher_link": "https://erp.example/{id}"})
    links = VoucherLinks(registry, form)
    assert links.of(DeliveryState.NEEDS_PERSON, "1", REFERENCE) == ""
    assert links.of(DeliveryState.DELIVERED, "x" * 3_000, REFERENCE) == ""
    assert not isinstance(registry.get("xledger"), LinksVouchers)
    assert VoucherLinks(registry, make_integration(kind="gone")).of(DeliveryState.DELIVERED, "1", "R") == ""
    assert not is_fit("https://[erp.example/")
    assert Posted("1", "R").is_booked
