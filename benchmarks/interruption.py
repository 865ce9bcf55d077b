"""One kill in the middle of an export, and three starts: what goes out twice, and under which reference."""

import asyncio
import re
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.claims import claims
from benchmarks.instance import set_up_rest
from benchmarks.processes import run_child, run_until_killed, sandbox
from benchmarks.report import Figure, at_most
from benchmarks.rest_exporter import QUIET_SECONDS

_CLAIMS = 10_000
_BATCH = 100
_IN_FLIGHT = 8
_REFERENCE = re.compile(rb'"reference":"([A-Z0-9]+)"')


def measure() -> list[Figure]:
    """Kill the exporter once four tenths are answered; then start it until it has nothing to send."""
    with TemporaryDirectory(prefix="ia-bench-") as name, sandbox("generic_rest") as system:
        folder = Path(name)
        typed = {
            "base_url": system.url,
            "api_key": system.found["keys"]["full"],
            "batch": str(_BATCH),
            "in_flight": str(_IN_FLIGHT),
        }
        asyncio.run(set_up_rest(folder / "instance", typed, claims(_CLAIMS)))
        words = [str(folder / "instance"), "--hurried", "--record"]
        run_until_killed(
            "rest_exporter", *words, str(folder / "1"), "--kill-after", str(_CLAIMS // _BATCH * 4 // 10)
        )
        for start in (2, 3):
            run_child("rest_exporter", *words, str(folder / str(start)))
            time.sleep(QUIET_SECONDS)
        run_child("rest_exporter", *words, str(folder / "last"))
        sent = Counter[bytes]()
        for start in ("1", "2", "3"):
            sent.update(_REFERENCE.findall((folder / start).read_bytes()))
        last = _REFERENCE.findall((folder / "last").read_bytes())
        stats = system.stats()
    resent = sum(count - 1 for count in sent.values())
    return [
        at_most("kill_resent", resent, "claims", _BATCH * _IN_FLIGHT),
        at_most("kill_lost", _CLAIMS - stats["references"], "claims", 0),
        at_most("kill_doubled", stats["doubles"], "claims", 0),
        at_most("kill_last_start", len(last), "claims", 0),
    ]
