"""What a bench found: the figure, the bar it must reach, the table and the JSON file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_HEADINGS = ("name", "value", "unit", "baseline", "ratio", "bar", "holds")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; `baseline` is what it is compared with, `bar` None where there is none."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    bar: float | None = None
    holds: bool | None = None


def at_most(name: str, value: float, unit: str, bar: float) -> Figure:
    """Return a figure that must not be above `bar`."""
    return Figure(name, value, unit, bar=bar, holds=value <= bar)


def at_least(name: str, value: float, unit: str, bar: float) -> Figure:
    """Return a figure that must reach `bar`."""
    return Figure(name, value, unit, bar=bar, holds=value >= bar)


def compared(name: str, value: float, unit: str, baseline: float, bar: float | None = None) -> Figure:
    """Return a figure beside what it is compared with; `bar` is for the ratio."""
    ratio = value / baseline
    return Figure(name, value, unit, baseline, ratio, bar, None if bar is None else ratio >= bar)


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(figure) for figure in figures]
    path.write_text(json.dumps(rows, indent=2) + "\n")


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table for the terminal."""
    rows = [_HEADINGS, *([_cell(value) for value in asdict(figure).values()] for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return value if isinstance(value, str) else f"{value:,.3f}" if abs(value) < 10 else f"{value:,.0f}"
