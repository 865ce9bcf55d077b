"""The lists of a company, read from the simulated one."""

import pytest

from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.core.errors import AdapterError
from tests.adapters.dynamics.business_central.company import CentralSandbox


async def test_every_list_a_field_refers_to_is_read(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    data = await adapter.reference_data(sandbox.credentials())

    accounts = {item.code: item for item in data.lists["accounts"]}
    assert accounts["7140"].open
    assert accounts["7140"].posting
    assert not accounts["2400"].posting
    assert not all(account.open for account in accounts.values())
    vendors = {item.code: item.open for item in data.lists["vendors"]}
    assert (vendors["L-201"], vendors["L-290"], vendors["L-291"]) == (True, False, False)
    assert {item.code for item in data.lists["tax_groups"]} >= {"HØY", "INGEN"}
    assert {item.code for item in data.lists["currencies"]} >= {"EUR", "KWD"}
    assert "V-118" in {item.code for item in data.lists["employees"]}
    assert data.dimensions == {
        "dimension_1": "Avdeling (AVDELING)",
        "dimension_2": "Prosjekt (PROSJEKT)",
    }
    assert "210" in {item.code for item in data.lists["dimension_1"]}


async def test_a_chart_of_more_than_one_page_is_read_whole(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("settings", {"accounts": 12_000})

    data = await adapter.reference_data(sandbox.credentials())

    accounts = data.lists["accounts"]
    assert len(accounts) == len({account.code for account in accounts}) == 12_000


async def test_without_a_company_no_list_is_read(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    with pytest.raises(AdapterError) as caught:
        await adapter.reference_data(sandbox.credentials(company=""))

    assert caught.value.code == "company"
