"""The least that could send the same: a pooled aiohttp session posting recorded bodies, so many at a time.

`python -m benchmarks.bare_client BODIES ENDPOINT HEADER IN_FLIGHT`, the header's value on standard input.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiohttp


async def post_all(bodies: Sequence[bytes], endpoint: str, header: str, secret: str, in_flight: int) -> float:
    """Post every body and read every answer; return the seconds it took. Raises on any refusal."""
    headers = {"Content-Type": "application/json", header: secret}
    rest = iter(bodies)
    async with aiohttp.ClientSession(headers=headers) as session:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(_post(session, endpoint, rest))
        return time.perf_counter() - started


async def _post(session: aiohttp.ClientSession, endpoint: str, bodies: Iterator[bytes]) -> None:
    for body in bodies:
        async with session.post(endpoint, data=body) as response:
            answer = await response.read()
        if response.status >= 300 or b'"errors"' in answer or b'"rejected"' in answer:
            raise RuntimeError(answer[:500].decode())


def main() -> None:
    """Send everything and print the seconds as JSON."""
    path, endpoint, header, in_flight = sys.argv[1:5]
    bodies = Path(path).read_bytes().splitlines()
    secret = sys.stdin.readline().strip()
    seconds = asyncio.run(post_all(bodies, endpoint, header, secret, int(in_flight)))
    sys.stdout.write(json.dumps({"seconds": seconds, "requests": len(bodies)}) + "\n")


if __name__ == "__main__":
    main()
