"""Signing in with a client certificate: the REST ledger behind a server that wants one."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator

import httpx2
import pytest
import uvicorn

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault, InvalidInput
from integration_admin.core.secret import Secret
from integration_admin.sandbox.rest.app import create_app
from tests.adapters.conftest import Serve
from tests.adapters.generic_rest.ledger import scripted, settings, voucher
from tests.adapters.hostile import Authority, answer

HOST = "127.0.0.1"


@pytest.fixture
def pair(authority: Authority) -> tuple[str, str]:
    return authority.client()


@pytest.fixture
async def guarded(authority: Authority) -> AsyncIterator[str]:
    """The address of a sandbox that takes only callers the authority vouches for, and asks no more of them."""
    config = uvicorn.Config(
        create_app(),
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        http="h11",
    )
    config.load()
    config.ssl = authority.trusted_server(HOST)
    server = uvicorn.Server(config)
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield f"https://{HOST}:{listener.getsockname()[1]}"
        server.should_exit = True
        # Both sides say goodbye, ours on this loop.
        await asyncio.to_thread(thread.join)


@pytest.fixture
async def adapter(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GenericRESTAdapter]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    async with OutboundClient(allow=("127.0.0.0/8",)) as client:
        yield GenericRESTAdapter(client, SystemClock())


def signed_in(url: str, pair: tuple[str, str], **changes: str) -> Credentials:
    certificate, key = (Secret(text.replace("\n", "")) for text in pair)
    return Credentials(
        settings(url, authentication="mutual_tls", **changes),
        {"client_certificate": certificate, "client_key": key},
    )


async def test_a_voucher_is_booked_by_whoever_shows_the_certificate(
    adapter: GenericRESTAdapter, guarded: str, pair: tuple[str, str], authority: Authority
) -> None:
    trusting = ssl.create_default_context(cafile=str(authority.bundle))
    there = signed_in(guarded, pair)
    context = ssl.create_default_context(cafile=str(authority.bundle))
    adapter._certificate(there.secrets).load_into(context)
    async with httpx2.AsyncClient(verify=context, timeout=30) as http:
        await http.post(f"{guarded}/_sandbox/settings", json={"trusts_connection": True})
        assert (await adapter.test_connection(there)).entity == "Eksempelforbundet"
        [outcome] = await adapter.send(there, [voucher(1)])
        [entry] = (await http.get(f"{guarded}/_sandbox/ledger")).json()
    assert outcome.result is Result.DELIVERED
    assert (entry["reference"], entry["balanced"]) == ("IAREF1", True)
    async with httpx2.AsyncClient(verify=trusting, timeout=30) as stranger:
        with pytest.raises(httpx2.TransportError):
            await stranger.get(f"{guarded}/_sandbox/ledger")
    [found] = await adapter.lookup(there, ["IAREF1"])
    assert found.count == 1


async def test_the_certificate_alone_is_not_enough_where_more_is_wanted(
    adapter: GenericRESTAdapter, guarded: str, pair: tuple[str, str]
) -> None:
    with pytest.raises(AuthenticationFailed, match="401"):
        await adapter.send(signed_in(guarded, pair), [voucher(1)])


@pytest.mark.parametrize("missing", ["client_certificate", "client_key"])
async def test_a_missing_part_stops_before_anybody_is_called(
    adapter: GenericRESTAdapter, pair: tuple[str, str], attempts: list[object], missing: str
) -> None:
    whole = signed_in("https://127.0.0.1:9", pair)
    kept = {name: secret for name, secret in whole.secrets.items() if name != missing}
    for call in (adapter.test_connection, lambda there: adapter.send(there, [voucher(1)])):
        with pytest.raises(AuthenticationFailed):
            await call(Credentials(whole.settings, kept))
    assert attempts == []


async def test_without_https_a_certificate_would_never_be_shown(
    adapter: GenericRESTAdapter, pair: tuple[str, str]
) -> None:
    there = signed_in("http://127.0.0.1:9", pair)
    with pytest.raises(InvalidInput) as wrong:
        adapter.target_origin(there.settings)
    assert "must begin with https" in str(wrong.value.fields["base_url"])


@pytest.mark.parametrize("status", ["400 Bad Request", "495 No", "496 No"])
async def test_a_web_server_that_refuses_the_certificate_in_a_page_blames_no_voucher(
    adapter: GenericRESTAdapter, serve: Serve, authority: Authority, pair: tuple[str, str], status: str
) -> None:
    page = b"<html><head><title>400 The SSL certificate error</title></head><body></body></html>"
    server = await serve(scripted(answer(page, status=status)), tls=authority.server(HOST))
    with pytest.raises(AuthenticationFailed) as refused:
        await adapter.send(signed_in(f"https://{HOST}:{server.port}", pair), [voucher(1)])
    assert refused.value.code == "client_certificate"


async def test_a_plain_400_still_counts_against_the_voucher(
    adapter: GenericRESTAdapter, serve: Serve, authority: Authority, pair: tuple[str, str]
) -> None:
    server = await serve(scripted(answer(b'{"detail":"No"}', status="400 No")), tls=authority.server(HOST))
    [outcome] = await adapter.send(signed_in(f"https://{HOST}:{server.port}", pair), [voucher(1)])
    assert outcome.result is Result.REJECTED


async def test_a_certificate_that_ran_out_stops_the_integration_and_sends_nothing(
    adapter: GenericRESTAdapter, authority: Authority, attempts: list[object]
) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        await adapter.send(signed_in("https://127.0.0.1:9", authority.client(until=2021)), [voucher(1)])
    assert "until 2021-01-01 only" in str(refused.value.message)
    assert attempts == []


async def test_a_private_address_is_not_called_with_a_certificate_either(
    pair: tuple[str, str], attempts: list[object]
) -> None:
    async with OutboundClient() as client:
        adapter = GenericRESTAdapter(client, SystemClock())
        with pytest.raises(AdapterError) as refused:
            await adapter.test_connection(signed_in("https://10.0.0.7", pair))
    assert (refused.value.fault, refused.value.code) == (Fault.CONFIG, "address_refused")
    assert "private network" in str(refused.value.message)
    assert attempts == []
