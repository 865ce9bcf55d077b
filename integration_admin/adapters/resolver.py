"""Finds the addresses of a name and hands on only those the policy lets through."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from aiohttp.abc import AbstractResolver, ResolveResult

from integration_admin.adapters.addresses import AddressPolicy


class Resolver(Protocol):
    """Finds the addresses of a name."""

    async def resolve(self, host: str) -> Sequence[str]:
        """Return every address of `host` as text; raises OSError when there is none."""
        ...

    async def close(self) -> None:
        """Let go of threads and sockets; unfinished look-ups are abandoned."""
        ...


def _system_lookup(host: bytes) -> list[str]:
    # Bytes skip Python's own IDNA step; the name is ASCII already.
    infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(info[4][0]) for info in infos]


class SystemResolver:
    """The operating system's resolver, on threads of its own.

    A look-up that hangs cannot be cancelled; here it holds up neither the event loop nor the
    threads that other work needs.
    """

    def __init__(self, lookup: Callable[[bytes], Sequence[str]] = _system_lookup) -> None:
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="dns")

    async def resolve(self, host: str) -> Sequence[str]:
        """Return every address of `host`; raises OSError when there is none."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._lookup, host.encode("ascii"))

    async def close(self) -> None:
        """Abandon what is still being looked up."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class CheckedResolver(AbstractResolver):
    """What aiohttp connects through: every answer has passed the policy before a socket is opened.

    The URL, the Host header and the certificate check keep the name. `pending` holds the names
    and ports being looked up at this moment.
    """

    def __init__(self, policy: AddressPolicy, resolver: Resolver) -> None:
        self.pending: set[tuple[str, int]] = set()
        self._policy = policy
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the checked addresses of `host`; raises OSError or AdapterError."""
        self.pending.add((host, port))
        try:
            answers = await self._resolver.resolve(host)
        finally:
            self.pending.discard((host, port))
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._policy.check_answers(host, port, answers)
        ]

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._resolver.close()
