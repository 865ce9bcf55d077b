"""Settings from an interface's own description, asked for by an administrator."""

import asyncio
import base64
import dataclasses
import gzip
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.actor import Actor
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, InvalidInput, NotPermitted
from integration_admin.core.statuses import Role
from integration_admin.sandbox import rest
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.api_description import MOST_FILE, MOST_PACKED, ApiDescriptions
from tests.sandbox.rest import rest_sandbox
from tests.services.fake_adapter import FakeAdapter

WHOLE = (Path(rest.__file__).parent / "openapi.json").read_text()
ACTOR = Actor(uuid.uuid4(), "Kari", Role.ADMINISTRATOR)


def packed(text: str) -> str:
    """Pack a file as the browser does."""
    return base64.b64encode(gzip.compress(text.encode())).decode()


@pytest.fixture
async def descriptions() -> AsyncIterator[ApiDescriptions]:
    async with OutboundClient(allow=("127.0.0.0/8",)) as http:
        adapters = {"generic_rest": GenericRESTAdapter(http, SystemClock()), "xledger": FakeAdapter()}
        yield ApiDescriptions(AdapterRegistry(adapters))


async def test_pasted_text_and_an_uploaded_file_lead_to_the_same_settings(
    descriptions: ApiDescriptions,
) -> None:
    pasted = await descriptions.propose(ACTOR, "generic_rest", WHOLE)
    assert await descriptions.propose(ACTOR, "generic_rest", WHOLE.encode()) == pasted
    assert await descriptions.propose_packed(ACTOR, "generic_rest", packed(WHOLE)) == pasted
    assert pasted.settings["send_path"] == "/api/journals"


async def test_a_description_is_read_from_its_address(descriptions: ApiDescriptions) -> None:
    async with rest_sandbox() as sandbox:
        found = await descriptions.propose_from(ACTOR, "generic_rest", f" {sandbox.url}/api/openapi.json ")
    assert found.settings["base_url"] == sandbox.url


async def test_a_file_of_five_megabytes_is_read_and_a_larger_one_refused(
    descriptions: ApiDescriptions,
) -> None:
    padded = WHOLE + " " * (MOST_FILE - len(WHOLE.encode()))
    found = await descriptions.propose_packed(ACTOR, "generic_rest", packed(padded))
    assert found.settings["send_path"] == "/api/journals"
    with pytest.raises(InvalidInput, match="larger than 5 MB") as caught:
        await descriptions.propose_packed(ACTOR, "generic_rest", packed(padded + " "))
    assert set(caught.value.fields) == {"description_file"}


@pytest.mark.parametrize(
    "file",
    [
        "no base64",
        base64.b64encode(b"no gzip").decode(),
        packed(WHOLE)[:-40],
        base64.b64encode(gzip.compress(WHOLE.encode())[:-20]).decode(),
        "A" * (MOST_PACKED + 4),
        "æ",
    ],
)
async def test_a_file_that_did_not_arrive_whole_is_refused_at_its_field(
    descriptions: ApiDescriptions, file: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await descriptions.propose_packed(ACTOR, "generic_rest", file)
    assert {name: str(said) for name, said in caught.value.fields.items()} == {
        "description_file": "The file did not arrive whole. Choose it once more."
    }


async def test_several_can_be_read_without_disturbing_each_other(descriptions: ApiDescriptions) -> None:
    found = await asyncio.gather(*(descriptions.propose(ACTOR, "generic_rest", WHOLE) for _ in range(5)))
    assert all(each == found[0] for each in found)


async def test_only_who_may_configure_may_ask(descriptions: ApiDescriptions) -> None:
    reader = dataclasses.replace(ACTOR, role=Role.VIEWER)
    with pytest.raises(NotPermitted):
        await descriptions.propose(reader, "generic_rest", WHOLE)
    with pytest.raises(NotPermitted):
        await descriptions.propose_from(reader, "generic_rest", "https://api.example.org/openapi.json")
    with pytest.raises(NotPermitted):
        await descriptions.propose_packed(reader, "generic_rest", packed(WHOLE))


async def test_a_type_with_settings_of_its_own_takes_no_description(descriptions: ApiDescriptions) -> None:
    with pytest.raises(InvalidInput, match="not set up from a description"):
        await descriptions.propose(ACTOR, "xledger", WHOLE)


async def test_what_is_wrong_is_told_beside_its_field(descriptions: ApiDescriptions) -> None:
    with pytest.raises(InvalidInput) as wrong:
        await descriptions.propose(ACTOR, "generic_rest", json.dumps({"openapi": "2"}))
    assert list(wrong.value.fields) == ["description"]
    with pytest.raises(AdapterError) as refused:
        await descriptions.propose_from(ACTOR, "generic_rest", "https://10.0.0.7/openapi.json")
    assert refused.value.code == "address_refused"
