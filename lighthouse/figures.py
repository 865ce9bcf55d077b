"""What Lighthouse's reports say, as figures beside their bars; nothing is measured here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.report import Figure, at_least, at_most

Report = Mapping[str, Any]
"""One run's report, as Lighthouse writes it."""

_SCORES = {"performance": 0.95, "accessibility": 1.0, "best-practices": 1.0}
"""The least each category may have."""
_MOST_KIB = 250.0
_MOST_SHIFT = 0.05
_ONE_YEAR = 31_536_000
_SLOW = 1_000
"""At this benchmark index and below, Lighthouse warns that the tested device is slower than it expects."""
_TIMES = {
    "first-contentful-paint": "first_paint",
    "largest-contentful-paint": "largest_paint",
    "speed-index": "speed_index",
    "total-blocking-time": "blocking_time",
}


def figures(reports: Mapping[str, Sequence[Report]], kept: Mapping[str, str]) -> list[Figure]:
    """Return each page's figures, medians of its runs, and how many hashed files may not be kept for ever.

    `kept` has the Cache-Control of every file whose name holds its hash, by address. The last figures are
    how fast Lighthouse found the machine, and how often it was too slow, by Lighthouse's own word, for the
    score to say much.
    """
    pages = [figure for name, runs in reports.items() for figure in _page(name, runs)]
    short = [value for value in kept.values() if not is_immutable(value)]
    speeds = [run["environment"]["benchmarkIndex"] for runs in reports.values() for run in runs]
    return [
        *pages,
        at_most("hashed_files_not_immutable", len(short), "files", 0),
        Figure("machine_speed", float(median(speeds)), "benchmark index"),
        Figure("machine_too_slow", sum(speed <= _SLOW for speed in speeds), "runs"),
    ]


def is_immutable(cache_control: str) -> bool:
    """Return whether a browser may keep the file for a year without asking again."""
    return {f"max-age={_ONE_YEAR}", "immutable"} <= set(cache_control.replace(" ", "").split(","))


def failed_audits(reports: Mapping[str, Sequence[Report]]) -> Iterator[str]:
    """Yield a line for every audit of accessibility or best practices that a page's first run did not pass."""
    for name, runs in reports.items():
        for category in ("accessibility", "best-practices"):
            for ref in runs[0]["categories"][category]["auditRefs"]:
                audit = runs[0]["audits"][ref["id"]]
                if ref["weight"] and audit["score"] is not None and audit["score"] < 1:
                    yield f"{name}: {audit['title']}"


def _page(name: str, runs: Sequence[Report]) -> Iterator[Figure]:
    def middle(value: Callable[..., float], *of: str) -> float:
        return float(median(value(run, *of) for run in runs))

    for category, bar in _SCORES.items():
        yield at_least(f"{name}_{category.replace('-', '_')}", middle(_score, category), "score", bar)
    yield at_most(f"{name}_transferred", middle(_kib), "KiB", _MOST_KIB)
    yield Figure(f"{name}_scripts", middle(_kib, "Script"), "KiB")
    yield Figure(f"{name}_requests", middle(_count), "requests")
    yield at_most(f"{name}_layout_shift", middle(_value, "cumulative-layout-shift"), "score", _MOST_SHIFT)
    for audit, word in _TIMES.items():
        yield Figure(f"{name}_{word}", middle(_value, audit) / 1000, "s")


def _score(run: Report, category: str) -> float:
    return float(run["categories"][category]["score"])


def _value(run: Report, audit: str) -> float:
    return float(run["audits"][audit]["numericValue"])


def _count(run: Report) -> float:
    return len(_requests(run))


def _kib(run: Report, kind: str = "") -> float:
    sizes: list[int] = [request["transferSize"] for request in _requests(run, kind)]
    return sum(sizes) / 1024


def _requests(run: Report, kind: str = "") -> list[Mapping[str, Any]]:
    """Return what came over the network, of one kind or all."""
    items = run["audits"]["network-requests"]["details"]["items"]
    return [item for item in items if not kind or item["resourceType"] == kind]
