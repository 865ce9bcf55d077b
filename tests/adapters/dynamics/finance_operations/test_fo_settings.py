"""The settings of Finance & Operations, and where secrets may go."""

import pytest

from integration_admin.adapters.catalog import CATALOG
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.adapters.dynamics.finance_operations.options import options
from integration_admin.core.errors import InvalidInput
from tests.adapters.dynamics.finance_operations.ledger import settings

CLOUD = {"cloud": "microsoft", "root_url": "https://Contoso.operations.dynamics.com/"}


def test_the_catalog_knows_it() -> None:
    assert CATALOG["dynamics_fo"] is FinanceOperationsAdapter


def test_in_microsofts_cloud_secrets_are_bound_to_the_sign_in_and_the_customers_own_host(
    adapter: FinanceOperationsAdapter,
) -> None:
    assert adapter.target_origin(settings(**CLOUD)) == (
        "https://login.microsoftonline.com https://contoso.operations.dynamics.com"
    )
    found = options(settings(**CLOUD))
    assert found.sign_in.scope == "https://contoso.operations.dynamics.com/.default"
    assert found.data == "https://contoso.operations.dynamics.com/data"


def test_elsewhere_there_is_one_origin(adapter: FinanceOperationsAdapter) -> None:
    assert adapter.target_origin(settings("https://erp.example.org:443")) == "https://erp.example.org"
    assert adapter.target_origin(settings("http://[::1]:9102")) == "http://[::1]:9102"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cloud", "moon"),
        ("endpoint", ""),
        ("endpoint", "erp.example.org"),
        ("endpoint", "https://erp.example.org/data"),
        ("endpoint", "https://user:s3cr3t@erp.example.org"),
        ("endpoint", "ftp://erp.example.org"),
        ("tenant", ""),
        ("tenant", "common"),
        ("tenant", "a/b"),
        ("client_id", "no id"),
        ("company", ""),
        ("company", "TOOLONG"),
        ("company", "a'b"),
        ("journal_name", ""),
        ("journal_name", "12345678901"),
        ("account_format", "CostCenter,Project"),
        ("account_format", "MainAccount,MainAccount"),
        ("account_format", "MainAccount,Project,Project"),
        ("account_format", "MainAccount,,Project"),
        ("account_format", "MainAccount,1,2,3,4,5,6,7,8,9"),
        ("separator", "x"),
        ("details", "x"),
    ],
)
def test_a_wrong_setting_has_a_sentence_of_its_own(
    adapter: FinanceOperationsAdapter, field: str, value: str
) -> None:
    with pytest.raises(InvalidInput) as wrong:
        adapter.target_origin(settings(**{field: value}))
    assert list(wrong.value.fields) == [field]
    assert "s3cr3t" not in str(wrong.value.message)


@pytest.mark.parametrize(
    "root",
    [
        "http://contoso.operations.dynamics.com",
        "https://contoso.example.org",
        "https://dynamics.com.evil.org",
    ],
)
def test_microsofts_cloud_is_nowhere_else(adapter: FinanceOperationsAdapter, root: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        adapter.target_origin(settings(cloud="microsoft", root_url=root))
    assert list(wrong.value.fields) == ["root_url"]


def test_several_wrong_settings_are_told_at_once(adapter: FinanceOperationsAdapter) -> None:
    with pytest.raises(InvalidInput) as wrong:
        adapter.target_origin({"cloud": "custom"})
    assert set(wrong.value.fields) == {"endpoint", "tenant", "client_id", "company", "journal_name"}


def test_details_count_only_where_they_are_chosen() -> None:
    usual = options(settings(line_numbers="no", integration_key="no")).booking
    own = options(settings(details="own", line_numbers="no", integration_key="no")).booking
    assert (usual.line_numbers, usual.integration_key) == (True, True)
    assert (own.line_numbers, own.integration_key) == (False, False)


def test_every_dimension_of_the_format_has_a_field(adapter: FinanceOperationsAdapter) -> None:
    names = {field.name for field in adapter.target_fields}
    assert names >= {f"dimension_{place}" for place in range(1, 9)}
    assert len(names) == len(adapter.target_fields)
