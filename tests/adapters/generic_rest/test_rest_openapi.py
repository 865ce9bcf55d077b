"""Settings proposed from an OpenAPI description, and descriptions that cannot be used."""

import json
import tracemalloc
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.descriptions import MOST_BYTES, DescribedField, ReadsDescriptions
from integration_admin.adapters.generic_rest import fields, openapi_yaml
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.generic_rest.openapi import propose
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.secret import Secret
from integration_admin.sandbox import rest
from tests.adapters.conftest import Serve
from tests.adapters.generic_rest.ledger import line, scripted, voucher
from tests.adapters.hostile import answer
from tests.sandbox.rest import RESTSandbox

WHOLE: dict[str, Any] = json.loads((Path(rest.__file__).parent / "openapi.json").read_bytes())
ADDRESS = "https://ledger.example.org/api/openapi.json"


def changed(**parts: Any) -> dict[str, Any]:
    return deepcopy(WHOLE) | parts


def minimal(schema: Any, **more: Any) -> bytes:
    """Return a description with one operation that takes `schema`."""
    body = {"content": {"application/json": {"schema": schema}}}
    post = {"requestBody": body, "responses": {"200": {"description": "ok"}}}
    return json.dumps({"openapi": "3.0.3", "paths": {"/journals": {"post": post}}, **more}).encode()


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
LINES = {"type": "array", "items": an_object(account=TEXT, amount=NUMBER)}
VOUCHER = an_object(reference=TEXT, date=TEXT, lines=LINES)


@pytest.mark.parametrize(
    ("amounts", "taken", "is_told"),
    [
        ({"netAmount": NUMBER, "grossAmount": NUMBER}, "grossAmount", False),
        ({"amount": NUMBER, "netAmount": NUMBER}, "amount", False),
        ({"netAmount": NUMBER}, "netAmount", True),
    ],
)
def test_amounts_with_vat_in_them_go_where_such_amounts_are_wanted(
    amounts: dict[str, Any], taken: str, *, is_told: bool
) -> None:
    listed = {"type": "array", "items": an_object(account=TEXT, **amounts, vatCode=TEXT)}
    found = propose(minimal(an_object(reference=TEXT, date=TEXT, lines=listed)), address=ADDRESS)
    debit, credit = json.loads(found.settings["body"])["lines"]
    assert debit == {"account": "{account}", taken: "{amount:number}", "vatCode": "{vat_code}"}
    assert credit == {"account": "{credit_account}", taken: "{credit_total:number}"}
    assert any("amount without VAT" in str(note) for note in found.notes) is is_told


@pytest.mark.parametrize(
    "given", [json.dumps(WHOLE, indent=1), yaml.safe_dump(WHOLE), "\ufeff" + json.dumps(WHOLE)]
)
def test_a_description_becomes_settings(given: str) -> None:
    found = propose(given.encode(), address=ADDRESS)
    assert (found.title, found.operation.name) == ("Eksempelforbundet REST ledger", "POST /api/journals")
    settings = dict(found.settings)
    form = json.loads(settings.pop("body"))
    assert settings == {
        "base_url": "https://ledger.example.org",
        "authentication": "api_key",
        "header_name": "X-Api-Key",
        "send_path": "/api/journals",
        "send_method": "POST",
        "details": "own",
        "field_rules": '{"text": {"max_length": 100}}',
        "batch": "1",
        "success_codes": "201",
        "message_pointer": "/fault/problems/0/text",
        "field_pointer": "/fault/problems/0/at",
        "idempotency_header": "Idempotency-Key",
        "test_path": "/api/me",
        "entity_pointer": "/entity/name",
        "lookup": "path",
        "lookup_path": "/api/vouchers?reference={references}",
        "lookup_pointer": "/vouchers",
        "id_pointer": "/id",
        "reference_pointer": "/reference",
        "accounts_path": "/api/accounts?limit=500&cursor={cursor}",
        "accounts_pointer": "/accounts",
        "code_pointer": "/code",
        "name_pointer": "/name",
        "cursor_pointer": "/next",
    }
    assert form["entries"][0] == {
        "account": {"number": "{account:number}"},
        "amount": "{amount:number}",
        "description": "{text:100}",
    }
    assert form["entries"][1]["amount"] == "{credit_total:number}"
    known = {field.name for field in fields.CREDENTIAL_FIELDS if not field.secret}
    assert set(found.settings) <= known


def test_the_values_of_the_body_are_listed_with_what_they_allow() -> None:
    found = {field.path: field for field in propose(json.dumps(WHOLE).encode()).fields}
    assert found["/header/externalRef"] == DescribedField(
        "/header/externalRef", "string", required=True, max_length=36
    )
    assert found["/source"].choices == ("import", "manual")
    assert found["/entries/*/amount"] == DescribedField("/entries/*/amount", "number", required=True)
    assert not found["/entries/*/dimensions/*/value"].required


async def test_what_is_proposed_exports_to_the_system_it_describes(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    address = f"{sandbox.url}/api/openapi.json"
    found = adapter.propose(await adapter.fetch_description(address), address=address)
    there = Credentials(found.settings, {"api_key": Secret(sandbox.credentials["keys"]["full"])})
    assert (await adapter.test_connection(there)).entity == "Eksempelforbundet"
    assert len((await adapter.reference_data(there)).lists["accounts"]) > 80
    [outcome] = await adapter.send(there, [voucher(1, line(text="🚆" * 90))])
    [entry] = await sandbox.ledger()
    assert (outcome.result, entry["balanced"], entry["amount"]) == (Result.DELIVERED, True, "412.00")
    assert [item.count for item in await adapter.lookup(there, ["IAREF1"])] == [1]
    assert isinstance(adapter, ReadsDescriptions)


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ({"type": "http", "scheme": "Bearer"}, {"authentication": "bearer"}),
        ({"type": "http", "scheme": "basic"}, {"authentication": "basic"}),
        ({"type": "mutualTLS"}, {"authentication": "mutual_tls"}),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"authentication": "api_key", "header_name": "X-Key"},
        ),
        (
            {
                "type": "oauth2",
                "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {"a": "", "b": ""}}},
            },
            {
                "authentication": "oauth2",
                "token_url": "https://ledger.example.org/oauth/token",
                "scope": "a b",
            },
        ),
        ({"type": "apiKey", "in": "query", "name": "key"}, {}),
        ({"type": "oauth2", "flows": {"implicit": {}}}, {}),
        ({"type": "openIdConnect"}, {}),
    ],
)
def test_how_to_sign_in_follows_the_operations_scheme(scheme: dict[str, Any], expected: Any) -> None:
    components = deepcopy(WHOLE["components"]) | {"securitySchemes": {"key": scheme}}
    found = propose(json.dumps(changed(components=components)).encode(), address=ADDRESS)
    names = ("authentication", "header_name", "token_url", "scope")
    assert {name: found.settings[name] for name in names if name in found.settings} == expected
    assert any("No way to sign in" in str(note) for note in found.notes) == (not expected)


def test_an_interface_without_security_wants_no_sign_in() -> None:
    assert propose(minimal(VOUCHER)).settings["authentication"] == "none"


@pytest.mark.parametrize(
    ("servers", "base", "words"),
    [
        ([{"url": "https://a.example.org/v1/"}], "https://a.example.org/v1", ""),
        (
            [{"url": "https://{r}.example.org", "variables": {"r": {"default": "no"}}}],
            "https://no.example.org",
            "",
        ),
        ([{"url": "/v2"}, {"url": "/v3"}], "https://ledger.example.org/v2", "several addresses"),
        ([{"url": "https://kari:zx81@a.example.org"}], None, "a user name or a password"),
        ([{"url": "ftp://a.example.org"}], None, "does not say at which address"),
        ([{"url": "https://[::1"}], None, "does not say at which address"),
        (["?"], "https://ledger.example.org", ""),
    ],
)
def test_where_the_interface_is(servers: Any, base: str | None, words: str) -> None:
    found = propose(json.dumps(changed(servers=servers)).encode(), address=ADDRESS)
    assert found.settings.get("base_url") == base
    assert not words or any(words in str(note) for note in found.notes)
    assert "zx81" not in repr(found)


def test_without_an_address_a_relative_one_is_asked_for() -> None:
    found = propose(json.dumps(WHOLE).encode())
    assert "base_url" not in found.settings
    assert any("does not say at which address" in str(note) for note in found.notes)


def test_another_operation_can_be_chosen_by_its_name() -> None:
    paths = deepcopy(WHOLE["paths"])
    body = {"content": {"application/vnd.api+json": {"schema": {"type": "array", "items": VOUCHER}}}}
    paths["/pets"] = {"put": {"requestBody": body, "responses": {}}}
    given = json.dumps(changed(paths=paths)).encode()
    assert [each.name for each in propose(given).operations] == ["POST /api/journals", "PUT /pets"]
    found = propose(given, operation="PUT /pets")
    assert (found.settings["send_method"], found.settings["batch"]) == ("PUT", "50")
    assert "account" in json.loads(found.settings["body"])["lines"][0]
    with pytest.raises(InvalidInput, match="no operation POST /cats"):
        propose(given, operation="POST /cats")


def test_what_could_not_be_guessed_is_said() -> None:
    schema = an_object(reference={"type": "string", "maxLength": 20}, ward=TEXT, lines=LINES)
    schema["required"] = ["ward", "reference"]
    found = propose(minimal(schema))
    notes = " ".join(map(str, found.notes))
    assert "none could be guessed: /reference, /ward" in notes
    assert "has to be written by hand. Write {reference}" in notes
    assert "No way to look vouchers up" in notes
    assert "body" not in found.settings
    assert found.settings["lookup"] == "none"


@pytest.mark.parametrize("kind", ["integer", "boolean"])
def test_an_amount_in_an_unknown_unit_is_not_guessed(kind: str) -> None:
    schema = an_object(reference=TEXT, lines={"type": "array", "items": an_object(amount={"type": kind})})
    assert "body" not in propose(minimal(schema)).settings


def test_parts_put_together_and_forms_to_choose_from_are_read() -> None:
    components = {
        "schemas": {
            "Base": an_object(reference=TEXT),
            "Left": {"allOf": [{"$ref": "#/components/schemas/Base"}, an_object(date=TEXT)]},
            "Right": {"allOf": [{"$ref": "#/components/schemas/Base"}, an_object(lines=LINES)]},
            "Both~1": {"oneOf": [{"type": "null"}, {"allOf": [{"$ref": "#/components/schemas/Left"}, {"$ref": "#/components/schemas/Right"}]}, TEXT]},
        }
    }  # fmt: skip
    found = propose(minimal({"$ref": "#/components/schemas/Both~01"}, components=components))
    assert [field.path for field in found.fields] == [
        "/reference",
        "/date",
        "/lines/*/account",
        "/lines/*/amount",
    ]
    assert ["one of several forms" in str(note) for note in found.notes].count(True) == 1


def test_what_contains_itself_is_cut_with_a_sentence() -> None:
    components = {"schemas": {"Voucher": {**VOUCHER, "properties": VOUCHER["properties"] | {"corrects": {"$ref": "#/components/schemas/Voucher"}}}}}  # fmt: skip
    found = propose(minimal({"$ref": "#/components/schemas/Voucher"}, components=components))
    assert len(found.fields) == 4
    assert "“Voucher” contains itself. What is inside it was left out." in map(str, found.notes)


def multiplied(levels: int) -> bytes:
    """Return a description in which every level holds the next one ten times."""
    schemas = {
        f"S{level}": an_object(**{f"p{n}": {"$ref": f"#/components/schemas/S{level + 1}"} for n in range(10)})
        for level in range(levels)
    }
    schemas[f"S{levels}"] = TEXT
    return minimal({"$ref": "#/components/schemas/S0"}, components={"schemas": schemas})


def test_what_multiplies_itself_ends_soon_and_stays_small() -> None:
    tracemalloc.start()
    try:
        found = propose(multiplied(11))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.fields) <= 400
    assert peak < 64 * 1_048_576
    assert any("only its beginning was read" in str(note) for note in found.notes)


CHAIN = {"schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"", "not an OpenAPI description"),
        (b"\xff\xfe", "neither as JSON nor as YAML"),
        (b"{", "neither as JSON nor as YAML"),
        (b"a: [", "neither as JSON nor as YAML"),
        (b"!!python/object/apply:os.system ['true']", "neither as JSON nor as YAML"),
        (b'{"a":' * 200_000, "neither as JSON nor as YAML"),
        (b"[" * 200_000, "neither as JSON nor as YAML"),
        (b"- " * 200_000, "neither as JSON nor as YAML"),
        (b"a: {" * 200_000, "neither as JSON nor as YAML"),
        (b"? [a]\n: b", "neither as JSON nor as YAML"),
        (b"a: *b", "neither as JSON nor as YAML"),
        (b"a: 1\n---\nb: 2", "neither as JSON nor as YAML"),
        (b"<!doctype html><html></html>", "not an OpenAPI description"),
        (b"[]", "not an OpenAPI description"),
        (b'{"openapi": "4.0.0", "paths": {}}', "not an OpenAPI description"),
        (b'{"swagger": "2.0", "paths": {}}', "Swagger 2"),
        (b'{"openapi": "3.0.0"}', "no operation that takes JSON"),
        (b'{"openapi": "3.1.0", "paths": {"/a": {"post": {}}, "b": 7, "/c": []}}', "no operation that takes"),
        (minimal({"$ref": "#/components/schemas/A"}, components=CHAIN), "leads back to itself"),
        (minimal({"$ref": "#/components/schemas/None"}), "which is not in it"),
        (minimal({"$ref": "other.yaml#/Voucher"}), "refers to another file (other.yaml#/Voucher)"),
        (minimal({"$ref": "http://169.254.169.254/x"}), "refers to another file"),
        (minimal({"$ref": "file:///etc/passwd"}), "refers to another file"),
        (minimal(VOUCHER) + b" " * MOST_BYTES, "larger than 5 MB"),
    ],
)
def test_a_description_that_cannot_be_used_gets_a_sentence(given: bytes, words: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        propose(given)
    assert words in str(wrong.value.fields["description"])


def test_yaml_that_multiplies_itself_stays_small() -> None:
    bomb = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
    )
    with pytest.raises(InvalidInput, match="not an OpenAPI"):
        propose(bomb.encode())


def test_a_yaml_date_is_text_and_keys_may_be_numbers() -> None:
    given = (
        yaml.safe_dump(json.loads(minimal(VOUCHER))).replace("'200'", "200") + "info: {version: 2026-02-30}\n"
    )
    assert propose(given.encode()).settings["success_codes"] == "200"


def test_yaml_has_the_types_of_json_and_shares_what_is_repeated() -> None:
    given = "a: [~, null, True, false, 7, -0.5, '7', 1e3, 0x1F, 2026-02-30, yes, .inf]\nb: &b {x: !!str 7}\nc: *b\n"
    found = openapi_yaml.parse(given + "d: {<<: *b}\n")
    assert found["a"] == [None, None, True, False, 7, -0.5, "7", "1e3", "0x1F", "2026-02-30", "yes", ".inf"]
    assert (found["b"], found["d"]) == ({"x": "7"}, {"<<": {"x": "7"}})
    assert found["c"] is found["b"]


def test_a_description_of_almost_5_mb_is_read() -> None:
    padded = changed(info={"title": "T", "description": "x" * (MOST_BYTES - 20_000)})
    assert propose(json.dumps(padded).encode()).operation.name == "POST /api/journals"


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (answer(b"", "Location: https://elsewhere.example/", status="302 Found"), "http_302", "302"),
        (answer(b"", status="404 Not Found"), "http_404", "404"),
        (answer(b"x" * (MOST_BYTES + 1)), "too_large", "larger than 5 MB"),
    ],
)
async def test_a_description_that_cannot_be_fetched_gets_a_sentence(
    adapter: GenericRESTAdapter, serve: Serve, given: bytes, code: str, words: str
) -> None:
    server = await serve(scripted(given))
    with pytest.raises(AdapterError) as failed:
        await adapter.fetch_description(f"http://127.0.0.1:{server.port}/openapi.json")
    assert (failed.value.code, failed.value.fault) == (code, Fault.CONFIG)
    assert words in str(failed.value.message)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://kari:zx81@api.example.org/openapi.json", "a user name or a password"),
        ("https://10.0.0.7/openapi.json", "private network"),
        ("https://169.254.169.254/latest", "no accounting system can have"),
        ("file:///etc/passwd", "not an address"),
    ],
)
async def test_an_address_that_may_not_be_called_is_not(url: str, words: str, attempts: list[Any]) -> None:
    async with OutboundClient() as client:
        adapter = GenericRESTAdapter(client, SystemClock())
        with pytest.raises(AdapterError) as refused:
            await adapter.fetch_description(url)
    assert words in str(refused.value.message)
    assert attempts == []
