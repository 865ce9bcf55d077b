"""A connection test ends in time whatever the server does; the long form is security/hostile_servers.py."""

from pathlib import Path

from security.hostile_servers import FAMILIES, TLS_FAMILIES, answered, hostile

DEADLINE, SLACK = 0.8, 5.0


async def test_every_hostile_server_gets_its_answer_in_time(tmp_path: Path) -> None:
    families = len(FAMILIES) + len(TLS_FAMILIES)
    async with hostile(families, 1, tmp_path) as addresses:
        times, passed = await answered(addresses, at_once=families, seconds=DEADLINE)
    assert len(times) == families
    assert max(times) < DEADLINE + SLACK
    assert passed == 0
