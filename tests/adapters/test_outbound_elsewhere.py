"""Ways to be led elsewhere: names that mean this machine, names that hold an address, and redirects. No socket opens."""

from collections.abc import Sequence
from typing import Any

import pytest

from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.errors import AdapterError
from tests.adapters.conftest import Serve
from tests.adapters.hostile import Directory, answer, keeping_alive
from tests.adapters.test_addresses import NEVER, ODD_BUT_PLAIN, ODD_SPELLINGS, PRIVATE

NAMES = {
    "localhost": "127.0.0.1",
    "localhost.": "127.0.0.1",
    "LOCALHOST": "127.0.0.1",
    "localhost.localdomain": "127.0.0.1",
    "ip6-localhost": "::1",
    "127.0.0.1.nip.example": "127.0.0.1",
    "7f000001.nip.example": "127.0.0.1",
    "169-254-169-254.sslip.example": "169.254.169.254",
    "10.0.0.1.xip.example": "10.0.0.1",
    "metadata.google.internal": "169.254.169.254",
    "metadata": "169.254.169.254",
    "instance-data.ec2.internal": "169.254.169.254",
    "metadata.tencentyun.com": "169.254.0.23",
    "wireserver.azure.example": "168.63.129.16",
    "ipv6.metadata.example": "fd00:ec2::254",
    "nat64.example": "64:ff9b::7f00:1",
    "6to4.example": "2002:7f00:1::",
    "teredo.example": "2001:0:7f00:1::1",
    "mapped.example": "::ffff:169.254.169.254",
    "router.local": "192.168.0.1",
    "xn--lcalhost-n4a.example": "127.0.0.1",
}
"""Names, and what a name service answers for them."""


def _url(scheme: str, host: str) -> str:
    return f"{scheme}://[{host}]/" if ":" in host and not host.startswith("[") else f"{scheme}://{host}/"


class Answers:
    """A name service that knows NAMES; each bad address comes among these good ones."""

    def __init__(self, before: list[str], after: list[str]) -> None:
        self._before, self._after = before, after

    async def resolve(self, host: str) -> Sequence[str]:
        """Return every address of a name."""
        known = {name.lower(): address for name, address in NAMES.items()}
        return [*self._before, known[host], *self._after]

    async def close(self) -> None:
        """Nothing is held open."""


@pytest.mark.parametrize(
    "answers", [Answers([], []), Answers(["8.8.8.8"], []), Answers([], ["8.8.8.8"])], ids=range(3)
)
async def test_a_name_that_leads_to_this_machine_or_a_cloud_is_not_called(
    answers: Answers, attempts: list[Any]
) -> None:
    async with OutboundClient(allow=["192.0.2.0/24"], resolver=answers) as client:
        for name in NAMES:
            for scheme in ("http", "https"):
                with pytest.raises(AdapterError) as caught:
                    await client.request("GET", f"{scheme}://{name}/latest/meta-data/", deadline=1)
                assert caught.value.code == "address_refused", name
    assert attempts == []


async def test_a_redirect_leads_nowhere_however_its_target_is_spelt(
    serve: Serve, attempts: list[Any]
) -> None:
    targets = [*ODD_SPELLINGS, *ODD_BUT_PLAIN, *NEVER, *PRIVATE, *NAMES]
    locations = [
        _url("http", host).encode("latin-1", "ignore").decode("latin-1")
        for host in targets
        if "\n" not in host
    ]
    redirecting = [
        await serve(keeping_alive(answer(b"", f"Location: {location}", status=status)))
        for location, status in zip(
            locations, ["302 Found", "307 Temporary Redirect", "308 Permanent"] * 100, strict=False
        )
    ]
    assert len(redirecting) > 100
    async with OutboundClient(allow=["127.0.0.1"]) as client:
        for server in redirecting:
            response = await client.request("POST", f"http://127.0.0.1:{server.port}/", body=b"{}")
            assert response.status in {302, 307, 308}
    assert attempts == [("127.0.0.1", server.port) for server in redirecting]


async def test_a_name_is_looked_up_once_and_what_was_judged_is_what_is_called(
    serve: Serve, attempts: list[Any]
) -> None:
    server = await serve(keeping_alive(answer(b"{}")))
    rebinding = Directory(["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"])
    async with OutboundClient(allow=["127.0.0.1"], resolver=rebinding) as client:
        await client.request("GET", f"http://rebinding.example:{server.port}/")
    assert rebinding.questions == ["rebinding.example"]
    assert attempts == [("127.0.0.1", server.port)]
