"""Runs every bench, prints a table, writes instance/reports/bench.json; exit 1 when a bar falls short."""

import sys
from pathlib import Path

from benchmarks import (
    backlog,
    clicks,
    export,
    export_rest,
    interruption,
    mapping,
    pace,
    reference,
    schedulers,
    search,
    tick,
    watched_export,
)
from benchmarks.report import table, write

_REPORT = Path("instance/reports/bench.json")
_BENCHES = {
    "mapping": mapping.measure,
    "tick": tick.measure,
    "schedulers": schedulers.measure,
    "export": export.measure,
    "export_rest": export_rest.measure,
    "interruption": interruption.measure,
    "backlog": backlog.measure,
    "pace": pace.measure,
    "reference": reference.measure,
    "search": search.measure,
    "watched_export": watched_export.measure,
    "clicks": clicks.measure,
}


def main() -> int:
    """Run the benches named on the command line, or all of them."""
    names = sys.argv[1:] or list(_BENCHES)
    figures = [figure for name in names for figure in _BENCHES[name]()]
    write(figures, _REPORT)
    sys.stdout.write(f"{table(figures)}\n")
    return 0 if all(figure.holds is not False for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
