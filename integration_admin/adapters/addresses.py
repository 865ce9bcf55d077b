"""Which addresses may be called: the public internet, and what the operator has listed besides.

Only judges: names are resolved in resolver.py, connections opened in outbound.py.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from integration_admin.core.errors import AdapterError, ConfigurationError, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.settings import PREFIX

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HTTPS_PORT = 443
_LOOPBACK = IPv6Address("::1")


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


_NEVER = _networks(
    "0.0.0.0/8",  # "this network": reaches the machine itself on Linux
    "100.100.100.200/32",  # Alibaba Cloud metadata
    "168.63.129.16/32",  # Azure's platform address
    "169.254.0.0/16",  # link-local: metadata at AWS, Azure, Google, Oracle, Scaleway, Tencent
    "192.0.0.0/24",  # IETF assignments; 192.0.0.192 is Oracle's metadata
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
    "::/96",  # unspecified, and IPv4-compatible; ::1 is taken out before this list is read
    "::ffff:0:0:0/96",  # IPv4-translated
    "64:ff9b::/96",  # NAT64: any IPv4 address can hide in it
    "64:ff9b:1::/48",  # NAT64, local use
    "2001::/32",  # Teredo: any IPv4 address can hide in it
    "2002::/16",  # 6to4: any IPv4 address can hide in it
    "fd00:42::42/128",  # Scaleway metadata
    "fd00:ec2::/32",  # AWS metadata, DNS and credentials
    "fd20:ce::254/128",  # Google Cloud metadata
    "fe80::/10",  # link-local
    "fec0::/10",  # site-local, withdrawn
    "ff00::/8",  # multicast
)
"""Refused even when listed: nothing an accounting system could live on."""

_SPECIAL = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",  # shared by carriers' customers
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # AS112
    "192.52.193.0/24",  # AMT
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",
    "192.175.48.0/24",  # AS112
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "2001::/23",  # IETF assignments
    "2001:db8::/32",  # documentation
    "2620:4f:8000::/48",  # AS112
    "3fff::/20",  # documentation
)
"""Not the public internet, though the standard library calls some of it global. Source: the IANA
special-purpose address registries for IPv4 and IPv6, read together with `_NEVER`."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The only IPv6 range IANA hands out to the internet."""

_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_AUTHORITY = re.compile(r"https?://([^/?#\\]+)(?:[/?#]|$)", re.IGNORECASE)
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?=.{{1,254}}$){_LABEL}(?:\.{_LABEL})*\.?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ENTRY = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:/\[\]]+))(?::([0-9]{1,5}))?")


def is_never_allowed(address: Address) -> bool:
    """Tell whether `address` is refused even when the operator lists it."""
    address = _unwrapped(address)
    return address != _LOOPBACK and any(address in network for network in _NEVER)


def is_public(address: Address) -> bool:
    """Tell whether `address` lies on the public internet and has no special meaning."""
    address = _unwrapped(address)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    special = any(address in network for network in _SPECIAL)
    return address.is_global and not special and not is_never_allowed(address)


class AddressPolicy:
    """Public addresses by https on port 443, and whatever the operator's list adds to that.

    Each entry of `allow` is a host, host:port, address, address:port or CIDR; without a port it
    covers every port. A listed host or address may be private and may be called by plain http.
    Raises ConfigurationError for an entry that is none of these.
    """

    def __init__(self, allow: Sequence[str] = ()) -> None:
        self._names: set[tuple[str, int | None]] = set()
        self._ranges: list[tuple[Network, int | None]] = []
        for entry in allow:
            self._add(entry)
        self._origin_refusal = lru_cache(maxsize=512)(self._judge_origin)

    def check_url(self, url: str) -> URL:
        """Return `url` parsed, ready to be called; an address written in it has passed the policy.

        A name in it still has to pass `check_answers` once it is resolved. Raises AdapterError
        with the code `address_refused`.
        """
        parsed = _parsed(url)
        refusal = self._origin_refusal(parsed.scheme, parsed.raw_host or "", parsed.port or 0)
        if refusal is not None:
            raise _refused(refusal)
        return parsed

    def check_answers(self, host: str, port: int, answers: Iterable[str]) -> list[str]:
        """Return the addresses `host` resolved to; one that may not be called refuses them all.

        Raises AdapterError with the code `address_refused`.
        """
        addresses = [_address(answer) for answer in answers]
        for address in addresses:
            # A plain http call to port 443 has been refused by `check_url` unless it is listed.
            refusal = self._judge_address(host, port, address, ordinary=port == _HTTPS_PORT)
            if refusal is not None:
                raise _refused(refusal)
        return [str(address) for address in addresses]

    def _judge_origin(self, scheme: str, host: str, port: int) -> Message | None:
        """Return why this origin may not be called, as far as it shows before a name is resolved."""
        ordinary = scheme == "https" and port == _HTTPS_PORT
        if _is_numeric(host):
            literal = _address(host)
            return self._judge_address(host, port, literal, ordinary=ordinary) if literal else _unusual(host)
        if not _NAME.fullmatch(host):
            return _unusual(host)
        listable = port != _HTTPS_PORT and any(at in {None, port} for _, at in self._ranges)
        return None if ordinary or listable or self._is_named(host, port) else _only_https(host)

    def _judge_address(
        self, host: str, port: int, address: Address | None, *, ordinary: bool
    ) -> Message | None:
        """Return why `host` may not be called at `address`; None stands for an unreadable answer."""
        if address is None or is_never_allowed(address):
            return msg(
                "{host} leads to an address that no accounting system can have. Check the address.",
                host=host,
            )
        if self._is_named(host, port) or self._is_listed(address, port):
            return None
        if is_public(address):
            return None if ordinary else _only_https(host)
        return msg(
            "{host} leads into a private network, where nothing may be called. Check the address, or ask"
            " whoever runs this service to allow it.",
            host=host,
        )

    def _is_named(self, host: str, port: int) -> bool:
        name = host.removesuffix(".")
        return (name, port) in self._names or (name, None) in self._names

    def _is_listed(self, address: Address, port: int) -> bool:
        return any(address in network and at in {None, port} for network, at in self._ranges)

    def _add(self, entry: str) -> None:
        """Read one entry of the operator's list."""
        text = entry.strip().lower()
        network = _network(text)
        if network is not None:
            self._ranges.append((network, None))
            return
        parts = _ENTRY.fullmatch(text)
        host = (parts[1] or parts[2]) if parts else ""
        port = int(parts[3]) if parts and parts[3] else None
        network = _network(host) if _is_numeric(host) else None
        if network is not None and "/" not in host and _is_port(port):
            self._ranges.append((network, port))
        elif _NAME.fullmatch(host) and not _is_numeric(host) and _is_port(port):
            self._names.add((host.removesuffix("."), port))
        else:
            raise ConfigurationError(
                msg(
                    "{name}: {entry} is not a host, host:port, address or CIDR range.",
                    name=f"{PREFIX}OUTBOUND_ALLOW",
                    entry=entry,
                )
            )


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port <= 65_535


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address:
    """Return an IPv4-mapped IPv6 address as the IPv4 address the system would really call."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _address(text: str) -> Address | None:
    """Return the address `text` spells, or None; a zone (%eth0) is not taken."""
    try:
        return None if "%" in text else _unwrapped(ip_address(text))
    except ValueError:
        return None


def _is_numeric(host: str) -> bool:
    """Tell whether the system would read `host` as an address, however oddly it is spelt.

    Source: the URL Standard's "ends in a number checker", https://url.spec.whatwg.org/.
    """
    return ":" in host or bool(_NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]))


@lru_cache(maxsize=256)
def _parsed(url: str) -> URL:
    """Split `url` the way the HTTP client will, the same one once; raises AdapterError."""
    authority = _AUTHORITY.match(url)
    if authority is None or _UNPRINTABLE.search(url):
        raise _refused(_malformed())
    if "@" in authority[1]:
        raise _refused(
            msg("The address must not hold a user name or a password. Take out everything before the @ sign.")
        )
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    host = parsed.raw_host or ""
    # Square brackets hold IPv6 addresses; the parser would take a name in them as well.
    if not host or not parsed.port or ("[" in authority[1]) != (":" in host):
        raise _refused(_malformed())
    return parsed


def _malformed() -> Message:
    return msg("This is not an address that can be called. It must look like https://example.org/path.")


def _unusual(host: str) -> Message:
    return msg(
        "The address {host} is written in an unusual way. Write it as a name, or as four numbers with dots"
        " between them.",
        host=host,
    )


def _only_https(host: str) -> Message:
    return msg(
        "At {host} only https on port 443 may be called. Change the address, or ask whoever runs this"
        " service to allow it.",
        host=host,
    )


def _refused(message: Message) -> AdapterError:
    return AdapterError(message, Fault.CONFIG, code="address_refused")
