"""What an interface demands of the mapping's fields: read, written, and put on the fields."""

import json

import pytest

from integration_admin.adapters.base import TargetField
from integration_admin.adapters.generic_rest import openapi
from integration_admin.adapters.generic_rest.rules import EXAMPLE, Rule, parse, ruled, written
from integration_admin.adapters.generic_rest.targets import TARGET_FIELDS
from integration_admin.core.errors import InvalidInput


def field(settings: dict[str, str], name: str) -> TargetField:
    return next(each for each in ruled(settings) if each.name == name)


def test_without_rules_the_fields_are_the_usual_ones() -> None:
    assert ruled({}) == ruled({"field_rules": " "}) == TARGET_FIELDS


def test_the_example_says_what_it_shows() -> None:
    found = field({"field_rules": EXAMPLE}, "vat_code")
    assert (found.required, found.max_length, found.choices) == (True, 5, ("0", "3"))
    assert [each.name for each in ruled({"field_rules": EXAMPLE})] == [each.name for each in TARGET_FIELDS]


def test_a_rule_never_loosens_what_is_usual() -> None:
    loose = json.dumps({"account": {"required": False, "max_length": 9_000}})
    assert ruled({"field_rules": loose}) == TARGET_FIELDS


def test_only_what_goes_beyond_the_usual_is_written() -> None:
    rules = [
        ("account", Rule(required=True, max_length=500)),
        ("record_id", Rule(required=True)),
        ("project", Rule(max_length=8)),
        ("project", Rule(max_length=4)),
        ("vat_code", Rule(choices=("0", "3"))),
    ]
    assert json.loads(written(rules)) == {"project": {"max_length": 8}, "vat_code": {"choices": ["0", "3"]}}
    assert written(rules[:2]) == ""
    assert parse(written(rules)) == {"project": Rule(max_length=8), "vat_code": Rule(choices=("0", "3"))}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]x",
        "7",
        "null",
        '["vat_code"]',
        '{"colour": {}}',
        '{"payment_account": {"required": true}}',
        '{"vat_code": 5}',
        '{"vat_code": null}',
        '{"vat_code": {"length": 5}}',
        '{"vat_code": {"required": "yes"}}',
        '{"vat_code": {"max_length": 0}}',
        '{"vat_code": {"max_length": true}}',
        '{"vat_code": {"max_length": 2.5}}',
        '{"vat_code": {"choices": [3]}}',
        '{"vat_code": {"choices": [""]}}',
        '{"vat_code": {"choices": null}}',
        "[" * 19_000,
    ],
)
def test_what_is_no_rule_is_answered_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert EXAMPLE in str(caught.value.fields["field_rules"])


def test_a_description_tells_what_is_required_how_long_and_one_of_which() -> None:
    line = {
        "type": "object",
        "required": ["account", "amount", "vatCode", "department"],
        "properties": {
            "account": {"type": "string", "maxLength": 10},
            "amount": {"type": "number"},
            "text": {"type": "string", "maxLength": 50},
            "vatCode": {"type": "string", "enum": ["0", "3"]},
            "department": {"type": "string", "maxLength": 300},
            "project": {"type": "string"},
        },
    }
    voucher = {
        "type": "object",
        "required": ["date", "lines"],
        "properties": {
            "externalRef": {"type": "string"},
            "date": {"type": "string", "maxLength": 10},
            "lines": {"type": "array", "items": line},
        },
    }
    content = {"application/json": {"schema": voucher}}
    operation = {"requestBody": {"content": content}, "responses": {}}
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Books"},
        "servers": [{"url": "https://api.example.org"}],
        "paths": {"/vouchers": {"post": operation}},
    }
    found = openapi.propose(json.dumps(whole).encode())
    assert json.loads(found.settings["field_rules"]) == {
        "account": {"max_length": 10},
        "text": {"max_length": 50},
        "vat_code": {"required": True, "choices": ["0", "3"]},
        "department": {"required": True},
    }
    assert '"vatCode": "{vat_code}"' in found.settings["body"]
