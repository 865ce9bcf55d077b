"""The least that could send the same: a pooled aiohttp session posting recorded bodies, one after another.

`python -m benchmarks.bare_client BODIES ENDPOINT`, the token on standard input.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp


async def post_all(bodies: Sequence[bytes], endpoint: str, token: str) -> float:
    """Post every body and read every answer; return the seconds it took. Raises on any refusal."""
    headers = {"Content-Type": "application/json", "Authorization": f"token {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        started = time.perf_counter()
        for body in bodies:
            async with session.post(endpoint, data=body) as response:
                answer = await response.read()
            if response.status != 200 or b'"errors"' in answer:
                raise RuntimeError(answer[:500].decode())
        return time.perf_counter() - started


def main() -> None:
    """Send everything and print the seconds as JSON."""
    bodies = Path(sys.argv[1]).read_bytes().splitlines()
    seconds = asyncio.run(post_all(bodies, sys.argv[2], sys.stdin.readline().strip()))
    sys.stdout.write(json.dumps({"seconds": seconds, "requests": len(bodies)}) + "\n")


if __name__ == "__main__":
    main()
