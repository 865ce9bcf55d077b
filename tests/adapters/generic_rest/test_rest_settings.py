"""The settings of a REST interface: what they allow, and the sentence each wrong one gets."""

from typing import Any

import pytest

from integration_admin.adapters.base import Capabilities, CredentialField, Credentials
from integration_admin.adapters.generic_rest import fields, pointer
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.generic_rest.options import KINDS
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.secret import Secret
from tests.adapters.generic_rest.ledger import settings, voucher
from tests.fakes import FakeClock


@pytest.fixture
def adapter(clock: FakeClock) -> GenericRESTAdapter:
    """The adapter with a client that calls nobody here."""
    return GenericRESTAdapter(OutboundClient(), clock)


@pytest.mark.parametrize(
    ("base", "origin"),
    [
        ("https://api.example.org", "https://api.example.org"),
        ("https://API.Example.org:443/v1/", "https://api.example.org"),
        ("http://127.0.0.1:9103", "http://127.0.0.1:9103"),
        ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443"),
    ],
)
def test_secrets_are_bound_to_the_origin_of_the_address(
    adapter: GenericRESTAdapter, base: str, origin: str
) -> None:
    assert adapter.target_origin(settings(base)) == origin


def test_a_token_endpoint_elsewhere_is_part_of_what_secrets_are_bound_to(adapter: GenericRESTAdapter) -> None:
    there = settings(authentication="oauth2", token_url="https://login.example.net/t?x=1")
    assert adapter.target_origin(there) == "https://api.example.org https://login.example.net"
    same = settings(authentication="oauth2", token_url="https://api.example.org/oauth/token")
    assert adapter.target_origin(same) == "https://api.example.org"
    with pytest.raises(InvalidInput, match="too long"):
        adapter.target_origin(settings("https://" + "a" * 300 + ".example.org"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base_url": ""}, "base_url"),
        ({"base_url": "api.example.org"}, "base_url"),
        ({"base_url": "ftp://api.example.org"}, "base_url"),
        ({"base_url": "https://user:zx81@api.example.org"}, "base_url"),
        ({"base_url": "https://api.example.org/?a=1"}, "base_url"),
        ({"base_url": "https://api.example.org/#a"}, "base_url"),
        ({"base_url": "https://api.example.org:0"}, "base_url"),
        ({"base_url": "https://api.example.org:99999"}, "base_url"),
        ({"base_url": "https://api example.org"}, "base_url"),
        ({"send_path": "api/vouchers"}, "send_path"),
        ({"send_path": "//elsewhere.example/x"}, "send_path"),
        ({"test_path": "/api/me#x"}, "test_path"),
        ({"test_path": "/api/må"}, "test_path"),
        ({"lookup_path": "/api/vouchers"}, "lookup_path"),
        ({"lookup_path": "/api/{reference}?r={references}"}, "lookup_path"),
        ({"accounts_path": "accounts"}, "accounts_path"),
        ({"authentication": "magic"}, "authentication"),
        ({"authentication": "oauth2", "token_url": "login"}, "token_url"),
        ({"header_name": "X Api"}, "header_name"),
        ({"idempotency_header": "Key:"}, "idempotency_header"),
        ({"id_pointer": "id"}, "id_pointer"),
        ({"batch": "0"}, "batch"),
        ({"batch": "1001"}, "batch"),
        ({"batch": "ten"}, "batch"),
        ({"in_flight": "33"}, "in_flight"),
        ({"in_flight": "٣"}, "in_flight"),
        ({"send_seconds": "1"}, "send_seconds"),
        ({"processing_seconds": "3601"}, "processing_seconds"),
    ],
)
def test_a_wrong_setting_is_named(adapter: GenericRESTAdapter, changes: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        adapter.target_origin(settings() | changes)
    assert list(wrong.value.fields) == [field]
    assert "zx81" not in str(wrong.value.message) + wrong.value.internal


async def test_settings_that_went_wrong_since_they_were_stored_stop_before_anything_is_sent(
    adapter: GenericRESTAdapter,
) -> None:
    with pytest.raises(AdapterError) as wrong:
        await adapter.send(Credentials(settings(batch="many"), {"api_key": Secret("k")}), [voucher(1)])
    assert (wrong.value.fault, wrong.value.code) == (Fault.CONFIG, "settings")


@pytest.mark.parametrize(
    ("changes", "quiet"),
    [
        ({}, 60.0),
        ({"send_seconds": "60"}, 90.0),
        ({"processing_seconds": "100"}, 200.0),
        ({"send_seconds": "2", "processing_seconds": "1"}, 60.0),
    ],
)
def test_the_quiet_period_covers_what_may_still_be_under_way(
    adapter: GenericRESTAdapter, changes: dict[str, str], quiet: float
) -> None:
    assert adapter.capabilities_of(settings(**changes)).quiet_seconds == quiet


def test_capabilities_follow_the_settings(adapter: GenericRESTAdapter) -> None:
    assert adapter.capabilities_of({}) == Capabilities(
        batch_size=1,
        in_flight=1,
        processing_seconds=30.0,
        quiet_seconds=60.0,
        send_seconds=30.0,
        kinds=KINDS,
    )
    found = adapter.capabilities_of({"batch": "100", "in_flight": "8", "lookup": "none"})
    assert (found.batch_size, found.in_flight, found.lookup) == (100, 8, False)


def test_what_is_empty_in_the_form_means_the_usual(adapter: GenericRESTAdapter) -> None:
    plain = [field for field in fields.CREDENTIAL_FIELDS if not field.secret]
    typed = {field.name: field.default for field in plain} | settings()
    assert adapter.target_origin(typed) == "https://api.example.org"
    assert adapter.capabilities_of(typed) == adapter.capabilities_of({})


def test_every_field_that_depends_on_a_choice_names_one_that_stands_before_it() -> None:
    seen: dict[str, CredentialField] = {}
    for field in fields.CREDENTIAL_FIELDS:
        if field.only_when is not None:
            name, value = field.only_when
            assert value in {choice.value for choice in seen[name].choices}
        seen[field.name] = field


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/a", {"b/c": [10, {"~": "x"}]}),
        ("/a/b~1c/0", 10),
        ("/a/b~1c/1/~0", "x"),
        ("/a/b~1c/9", None),
        ("/a/b~1c/-", None),
        ("/a/b~1c/" + "9" * 5_000, None),
        ("/none/at/all", None),
        ("/a/b~1c/0/deeper", None),
    ],
)
def test_a_json_pointer_finds_its_place_or_nothing(place: str, expected: Any) -> None:
    assert pointer.find({"a": {"b/c": [10, {"~": "x"}]}}, place) == expected


@pytest.mark.parametrize(("value", "expected"), [("7", "7"), (7, "7"), (True, ""), (None, ""), ([], "")])
def test_ids_are_text_whether_written_as_numbers_or_strings(value: Any, expected: str) -> None:
    assert pointer.text({"id": value}, "/id") == expected
