"""Which addresses may be called, and that no socket is opened towards any other."""

import socket
from contextlib import closing
from ipaddress import ip_address
from typing import Any

import pytest

from integration_admin.adapters.addresses import AddressPolicy, is_never_allowed, is_public
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.errors import AdapterError, ConfigurationError, Fault
from tests.adapters.conftest import Serve
from tests.adapters.hostile import Directory, answer, keeping_alive

ODD_SPELLINGS = [
    "127.1",
    "127.0.1",
    "127.1.",
    "127.0.0.1.",
    "127.0.0.01",
    "127.000.000.001",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.1",
    "017700000001",
    "0",
    "00",
    "0x",
    "0x0",
    "0.0",
    "4294967295",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.254.0xa9fe",
    "127.0.0.256",
    "1.2.3.4.5",
    "127.0.0.1%00",
    "127.0.0.1%2e",
    "127.0.0.1%0a",
    "[::1%25lo]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[v1.x]",
    "[::1",
    "::1",
    "[::1]x",
    "127.0.0.1\\@example.org",
    "127.0.0.1 ",
    "127.0.0.1\t",
    "127.0.0.1\n",
    "example.org@127.0.0.1",
    "user:password@127.0.0.1",
    "@127.0.0.1",
    "-localhost",
    "local..host",
    ".localhost",
    "local host",
    "",
]
"""Refused for the way they are written, whatever is listed."""

ODD_BUT_PLAIN = [
    "\uff11\uff12\uff17.0.0.1",  # full-width digits
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127\uff0e0\uff0e0\uff0e1",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
]
"""Other ways to write 127.0.0.1 and ::1, which come out as those before they are judged."""

NEVER = [
    "0.0.0.0",  # noqa: S104  # an address to refuse, not one to bind
    "0.0.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::169.254.169.254",
    "::ffff:0:0",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2001:0:a9fe:a9fe::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "fd00:42::42",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "fec0::1",
    "ff02::1",
]

PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "::1",
    "100::1",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2620:4f:8000::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "4000::1",
]

PUBLIC = ["1.1.1.1", "8.8.8.8", "185.125.190.1", "2606:4700::1111", "2a00:1450:400f::1"]

LISTED_ELSEWHERE = ["10.20.30.0/24", "fd00:20::/64", "other.example.org"]
"""Opens every port to the look at the address itself, so that nothing is refused for its port alone."""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _loopbacks() -> list[str]:
    """Return the loopback addresses this machine has; containers often lack the IPv6 one."""
    try:
        with closing(socket.socket(socket.AF_INET6)) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


async def _refusal(client: OutboundClient, url: str) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        await client.request("GET", url, deadline=1)
    assert (caught.value.code, caught.value.fault) == ("address_refused", Fault.CONFIG)
    return caught.value


def test_there_are_enough_hostile_spellings() -> None:
    assert len({*ODD_SPELLINGS, *ODD_BUT_PLAIN, *NEVER, *PRIVATE}) >= 100


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_hostile_spelling_reaches_a_listener(scheme: str, serve: Serve, attempts: list[Any]) -> None:
    listeners = [await serve(keeping_alive(answer(b"{}")), host=host) for host in _loopbacks()]
    hosts = [*ODD_SPELLINGS, *ODD_BUT_PLAIN, *map(_host, NEVER), *map(_host, PRIVATE)]
    directory = Directory(OSError("nothing here is a name"))
    async with OutboundClient(allow=LISTED_ELSEWHERE, resolver=directory) as client:
        for listener in listeners:
            for host in hosts:
                await _refusal(client, f"{scheme}://{host}:{listener.port}/")
        for host in hosts:
            await _refusal(client, f"{scheme}://{host}/")
    assert not any(listener.connections for listener in listeners)
    assert directory.questions == []
    assert attempts == []


async def test_listing_the_address_lets_its_plain_spelling_through_and_no_odd_one(serve: Serve) -> None:
    listener = await serve(keeping_alive(answer(b"{}")))
    allow = ["127.0.0.1", "127.1", "localhost", "::1"]
    with pytest.raises(ConfigurationError):
        OutboundClient(allow=allow)
    allow.remove("127.1")
    async with OutboundClient(allow=allow) as client:
        for host in ODD_SPELLINGS:
            await _refusal(client, f"http://{host}:{listener.port}/")
        assert listener.connections == 0
        for host in ("127.0.0.1", ODD_BUT_PLAIN[0]):
            assert (await client.request("GET", f"http://{host}:{listener.port}/")).status == 200
    assert listener.connections == 1


@pytest.mark.parametrize("others", [[], ["8.8.8.8"]], ids=["alone", "behind a good one"])
async def test_a_name_with_one_bad_answer_is_refused(
    others: list[str], serve: Serve, attempts: list[Any]
) -> None:
    listener = await serve(keeping_alive(answer(b"{}")))
    bad = [*NEVER, *PRIVATE]
    directory = Directory(*([*others, address] for address in bad for _ in range(2)))
    async with OutboundClient(allow=LISTED_ELSEWHERE, resolver=directory) as client:
        for number in range(len(bad)):
            await _refusal(client, f"https://erp{number}.example.org/")
            await _refusal(client, f"http://erp{number}.example.org:{listener.port}/")
    assert len(directory.questions) == 2 * len(bad)
    assert listener.connections == 0
    assert attempts == []


@pytest.mark.parametrize(
    "answers", [["8.8.8.8", "fe80::1%lo"], ["not an address"], [""], ["8.8.8.8", "127.1"]]
)
async def test_an_answer_that_is_no_address_is_refused(answers: list[str], attempts: list[Any]) -> None:
    async with OutboundClient(resolver=Directory(answers)) as client:
        await _refusal(client, "https://erp.example.org/")
    assert attempts == []


async def test_listing_never_opens_metadata_or_meaningless_addresses(attempts: list[Any]) -> None:
    names = [f"metadata{number}.example.org" for number in range(len(NEVER))]
    directory = Directory(*([address] for address in NEVER))
    allow = [*NEVER, *names, "0.0.0.0/0", "::/0"]
    async with OutboundClient(allow=allow, resolver=directory) as client:
        for address, name in zip(NEVER, names, strict=True):
            await _refusal(client, f"http://{_host(address)}/latest/meta-data/")
            refusal = await _refusal(client, f"http://{name}/latest/meta-data/")
            assert "ask whoever runs this service" not in str(refusal.message)
    assert attempts == []


@pytest.mark.parametrize(
    ("address", "never", "public"),
    [
        *((address, True, False) for address in NEVER),
        *((address, False, False) for address in PRIVATE),
        *((address, False, True) for address in PUBLIC),
    ],
)
def test_each_address_is_put_in_its_place(address: str, *, never: bool, public: bool) -> None:
    parsed = ip_address(address)
    assert (is_never_allowed(parsed), is_public(parsed)) == (never, public)


@pytest.mark.parametrize(
    ("allow", "url", "answers"),
    [
        ([], "https://erp.example.org/", ["8.8.8.8"]),
        ([], "https://erp.example.org./", ["2606:4700::1111", "8.8.8.8"]),
        ([], "https://8.8.8.8/", []),
        ([], "https://[2606:4700::1111]/", []),
        ([], "https://blåbær.example.org/", ["8.8.8.8"]),
        (["10.0.0.0/8"], "https://erp.example.org/", ["10.1.2.3"]),
        (["10.0.0.0/8"], "http://erp.example.org:8080/", ["10.1.2.3"]),
        (["10.0.0.0/8"], "http://10.1.2.3/", []),
        (["10.1.2.3:8080"], "http://10.1.2.3:8080/", []),
        (["10.1.2.3:443"], "http://10.1.2.3:443/", []),
        (["::1"], "http://[::1]:9101/", []),
        (["[::1]:9101"], "http://[::1]:9101/", []),
        (["fd12::/16"], "https://[fd12::1]/", []),
        (["ERP.example.org"], "http://erp.EXAMPLE.org/", ["192.168.1.5"]),
        (["erp.example.org."], "http://erp.example.org:8080/", ["192.168.1.5"]),
        (["erp.example.org:8080"], "http://erp.example.org:8080/", ["192.168.1.5", "8.8.8.8"]),
        (["erp_1"], "http://erp_1:8080/", ["172.18.0.2"]),
        (["127.0.0.1:9101"], "http://localhost:9101/", ["127.0.0.1"]),
    ],
)
def test_what_may_be_called(allow: list[str], url: str, answers: list[str]) -> None:
    policy = AddressPolicy(allow)
    target = policy.check_url(url)
    assert policy.check_answers(target.raw_host or "", target.port or 0, answers) == answers


@pytest.mark.parametrize(
    ("allow", "url", "answers"),
    [
        ([], "http://erp.example.org/", ["8.8.8.8"]),
        ([], "http://erp.example.org:443/", ["8.8.8.8"]),
        ([], "https://erp.example.org:8443/", ["8.8.8.8"]),
        ([], "https://8.8.8.8:8443/", []),
        ([], "http://8.8.8.8:443/", []),
        ([], "ftp://erp.example.org/", []),
        ([], "file:///etc/passwd", []),
        ([], "//erp.example.org/", []),
        ([], "erp.example.org", []),
        ([], "https:///path", []),
        ([], "https://erp.example.org:0/", []),
        ([], "https://erp.example.org:99999/", []),
        ([], "https://erp.example.org/a b", []),
        ([], "https://" + "a" * 64 + ".example.org/", []),
        ([], "https://" + "a." * 130 + "org/", []),
        (["10.0.0.0/8"], "https://erp.example.org:8443/", ["8.8.8.8"]),
        (["10.0.0.0/8"], "http://erp.example.org:443/", ["10.1.2.3"]),
        (["10.0.0.0/8"], "http://erp.example.org/", ["10.1.2.3", "11.1.2.3"]),
        (["10.1.2.3:8080"], "http://10.1.2.3:8081/", []),
        (["10.1.2.3:8080"], "http://erp.example.org:8081/", ["10.1.2.3"]),
        (["[::1]:9101"], "http://[::1]:9102/", []),
        (["erp.example.org:8080"], "http://erp.example.org:8081/", []),
        (["erp.example.org"], "http://sub.erp.example.org/", []),
        (["erp.example.org"], "http://erp.example.org.evil.example/", []),
    ],
)
def test_what_may_not_be_called(allow: list[str], url: str, answers: list[str]) -> None:
    policy = AddressPolicy(allow)
    with pytest.raises(AdapterError) as caught:  # noqa: PT012  # either of the two looks may refuse
        target = policy.check_url(url)
        policy.check_answers(target.raw_host or "", target.port or 0, answers)
    assert (caught.value.code, caught.value.fault) == ("address_refused", Fault.CONFIG)


def test_each_reason_to_refuse_has_its_own_sentence() -> None:
    urls = [
        "nonsense",
        "https://a@example.org/",
        "https://127.1/",
        "http://example.org/",
        "https://10.0.0.1/",
    ]
    urls.append("https://169.254.169.254/")
    sentences = set()
    for url in urls:
        with pytest.raises(AdapterError) as caught:
            AddressPolicy().check_url(url)
        sentences.add(str(caught.value.message))
    assert len(sentences) == len(urls)


def test_a_user_name_and_password_in_the_address_are_not_repeated() -> None:
    with pytest.raises(AdapterError) as caught:
        AddressPolicy().check_url("https://kari:hemmelig-4711@example.org/")
    assert "4711" not in f"{caught.value!r} {caught.value} {caught.value.message} {caught.value.internal}"


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "127.1",
        "0x7f.1",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/8:80",
        "erp.example.org:0",
        "erp.example.org:65536",
        "erp.example.org:http",
        "http://erp.example.org",
        "erp.example.org/path",
        "[::1]:99999",
        "[::1",
        "*.example.org",
        "a b",
    ],
)
def test_a_malformed_entry_in_the_list_is_named(entry: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AddressPolicy(["10.0.0.0/8", entry])
    assert str(caught.value.message).startswith(f"INTEGRATION_ADMIN_OUTBOUND_ALLOW: {entry} is not")
