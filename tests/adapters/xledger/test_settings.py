"""The credential form and the address it leads to."""

from itertools import pairwise

import pytest

from integration_admin.adapters.base import Credentials, Level
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.secret import Secret
from tests.adapters.xledger.fake_http import FakeHTTP, line, voucher


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({}, "https://www.xledger.net"),
        ({"environment": "production", "endpoint": "http://ignored/x"}, "https://www.xledger.net"),
        ({"environment": "demo"}, "https://demo.xledger.net"),
        ({"environment": "custom", "endpoint": "http://127.0.0.1:9101/graphql"}, "http://127.0.0.1:9101"),
        ({"environment": "custom", "endpoint": "https://Xl.Example:443/graphql"}, "https://xl.example"),
        ({"environment": "custom", "endpoint": "http://[::1]:9101/graphql"}, "http://[::1]:9101"),
    ],
)
def test_secrets_are_bound_to_the_origin_of_the_chosen_environment(
    adapter: XledgerAdapter, settings: dict[str, str], origin: str
) -> None:
    assert adapter.target_origin(settings) == origin


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"environment": "staging"}, "environment"),
        ({"environment": "custom"}, "endpoint"),
        ({"environment": "custom", "endpoint": "ftp://xl.example/graphql"}, "endpoint"),
        ({"environment": "custom", "endpoint": "https://xl.example"}, "endpoint"),
        ({"environment": "custom", "endpoint": "https://xl.example/"}, "endpoint"),
        ({"environment": "custom", "endpoint": "https://a:b@xl.example/graphql"}, "endpoint"),
        ({"environment": "custom", "endpoint": "https://xl.example/graphql?token=1"}, "endpoint"),
        ({"environment": "custom", "endpoint": "https://xl.example/graphql#top"}, "endpoint"),
        ({"environment": "custom", "endpoint": "https://xl.example:99999/graphql"}, "endpoint"),
        ({"environment": "custom", "endpoint": "https://xl.example/graph ql"}, "endpoint"),
        ({"environment": "custom", "endpoint": "https:///graphql"}, "endpoint"),
        ({"job_level": "one"}, "job_level"),
        ({"requests_a_month": "many"}, "requests_a_month"),
        ({"requests_a_month": "0"}, "requests_a_month"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_with_a_sentence_of_its_own(
    adapter: XledgerAdapter, settings: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        adapter.target_origin(settings)
    assert list(refused.value.fields) == [field]
    assert str(refused.value.fields[field]).endswith(".")


def test_only_the_token_is_secret_and_every_field_explains_itself(adapter: XledgerAdapter) -> None:
    secret = [field.name for field in adapter.credential_fields if field.secret]
    assert secret == ["token"]
    assert all(str(field.help) and str(field.label) for field in adapter.credential_fields)
    token = next(field for field in adapter.credential_fields if field.name == "token")
    assert "Administration > System Access > GraphQL > API tokens > Generate" in str(token.help)


def test_the_address_is_asked_for_only_when_another_one_is_chosen(adapter: XledgerAdapter) -> None:
    endpoint = next(field for field in adapter.credential_fields if field.name == "endpoint")
    assert endpoint.only_when == ("environment", "custom")


def test_voucher_fields_come_before_line_fields_and_demand_an_account_on_both(
    adapter: XledgerAdapter,
) -> None:
    levels = [target.level for target in adapter.target_fields]
    assert all(not (a is Level.LINE and b is Level.VOUCHER) for a, b in pairwise(levels))
    required = {target.name for target in adapter.target_fields if target.required}
    assert required == {"credit_account", "account", "text"}


async def test_settings_that_went_bad_in_storage_stop_the_export_before_anything_is_sent(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    credentials = Credentials({"environment": "gone"}, {"token": Secret("abc")})
    with pytest.raises(AdapterError) as stopped:
        await adapter.send(credentials, [voucher(1, line())])
    assert (stopped.value.fault, stopped.value.code) == (Fault.CONFIG, "settings")
    assert http.requests == []


@pytest.mark.parametrize(
    ("settings", "requests"),
    [({}, 5_000), ({"requests_a_month": "20000"}, 20_000), ({"requests_a_month": "x"}, 5_000)],
)
def test_how_many_requests_the_agreement_includes_is_a_setting(
    adapter: XledgerAdapter, settings: dict[str, str], requests: int
) -> None:
    assert adapter.capabilities_of(settings).requests_a_month == requests
    assert adapter.capabilities_of(settings).follows_up
