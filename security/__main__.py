"""Runs every long security test, prints a table, writes instance/reports/security.json; exit 1 when a bar falls short."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.report import Figure, table, write
from security import crowd, envelopes, fuzzing, guesses, hostile_servers, key_rotation, supply

_REPORT = Path("instance/reports/security.json")
TRIALS: Mapping[str, Callable[[], list[Figure]]] = {
    "envelopes": envelopes.measure,
    "key_rotation": key_rotation.measure,
    "handlers": fuzzing.handlers_called,
    "api": fuzzing.api_called,
    "guesses": guesses.measure,
    "hostile_servers": hostile_servers.measure,
    "crowd": crowd.measure,
    "supply": supply.measure,
}


def main() -> int:
    """Run the trials named on the command line, or all of them."""
    names = sys.argv[1:] or list(TRIALS)
    figures = [figure for name in names for figure in TRIALS[name]()]
    write(figures, _REPORT)
    sys.stdout.write(f"{table(figures)}\n")
    return 0 if all(figure.holds is not False for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
