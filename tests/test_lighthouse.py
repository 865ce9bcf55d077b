"""What `make lighthouse` makes of Lighthouse's reports; nothing is measured here."""

from typing import Any

from benchmarks.report import Figure
from lighthouse.figures import failed_audits, figures

IMMUTABLE = "public, max-age=31536000, immutable"


def report(performance: float = 0.97, accessibility: float = 1.0, shift: float = 0.0) -> dict[str, Any]:
    """Build the parts of a report that are read: two requests of 100 KiB, one of them a script."""
    items = [{"resourceType": kind, "transferSize": 102_400} for kind in ("Document", "Script")]
    times = ("first-contentful-paint", "largest-contentful-paint", "speed-index", "total-blocking-time")
    label = {"id": "label", "weight": 7}
    return {
        "environment": {"benchmarkIndex": 1500},
        "categories": {
            "performance": {"score": performance, "auditRefs": []},
            "accessibility": {"score": accessibility, "auditRefs": [label]},
            "best-practices": {"score": 1.0, "auditRefs": []},
        },
        "audits": {
            "label": {"title": "A field has no label", "score": int(accessibility)},
            "network-requests": {"details": {"items": items}},
            "cumulative-layout-shift": {"numericValue": shift},
            **{name: {"numericValue": 1_250.0} for name in times},
        },
    }


def by_name(*runs: dict[str, Any], kept: str = IMMUTABLE) -> dict[str, Figure]:
    """Return the figures of one page measured in these runs."""
    return {figure.name: figure for figure in figures({"health": runs}, {"/assets/a-12345678.js": kept})}


def test_a_page_gets_the_median_of_its_runs_beside_its_bars() -> None:
    found = by_name(report(0.5), report(0.96), report(0.99))
    performance = found["health_performance"]
    assert (performance.value, performance.bar, performance.holds) == (0.96, 0.95, True)
    transferred = found["health_transferred"]
    assert (transferred.value, transferred.unit, transferred.bar, transferred.holds) == (
        200,
        "KiB",
        250,
        True,
    )
    assert (found["health_scripts"].value, found["health_requests"].value) == (100, 2)
    assert found["health_largest_paint"].value == 1.25
    assert all(figure.holds is not False for figure in found.values())
    assert (found["machine_speed"].value, found["machine_too_slow"].value) == (1500, 0)


def test_a_page_that_falls_short_does_not_hold() -> None:
    found = by_name(report(0.94, 0.98, 0.06), kept="no-cache")
    short = {name for name, figure in found.items() if figure.holds is False}
    assert short == {
        "health_performance",
        "health_accessibility",
        "health_layout_shift",
        "hashed_files_not_immutable",
    }


def test_what_stands_in_peoples_way_is_named() -> None:
    assert list(failed_audits({"health": [report(accessibility=0.0)]})) == ["health: A field has no label"]
    assert list(failed_audits({"health": [report()]})) == []
