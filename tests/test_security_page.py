"""docs/security.md names a test for each line, and a line for each item of ASVS that binds us."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
TESTS = ROOT / "tests"
_NAMED = re.compile(r"`([\w/]+\.py)(?:::(test_\w+))?`")
_LONG = re.compile(r"long: `(\w+)`")

_TRIAL = re.compile(r'^    "(\w+)": ', re.MULTILINE)

ASVS = re.findall(
    r"\S+",
    """
    6.1.1 6.2.1 6.2.4 6.2.5 6.2.8 6.2.9 6.2.12 6.3.1 6.3.2 6.3.3 6.3.8 6.5.1 6.5.5 7.2.3 7.2.4
    7.3.1 7.3.2 7.4.1 7.4.2 7.4.5 7.5.1 3.3.1 3.3.2 3.3.3 3.3.4 11.5.1 8.2.1 8.2.2 8.2.3 8.3.1
    8.3.2 8.4.1 3.4.1 3.4.2 3.4.3 3.4.4 3.4.6 3.5.1 4.4.2 4.4.3 4.4.4 11.1.1 11.2.2 11.3.2 11.3.3
    13.3.1 13.3.4 13.2.4 13.2.5 13.2.6 15.3.2 15.3.4 16.2.2 16.2.5 16.3.1 16.3.2 16.3.3 16.4.1
    16.4.2 16.5.1 16.5.2 16.5.3 15.4.2
    """,
)
"""The items the installation is held against."""


def lines() -> list[list[str]]:
    """Return the cells of the tables of threats."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"
    ]
    return [row for row in rows if len(row) == 4 and row[0] not in {"What could happen", "---"}]


def test_every_item_of_asvs_that_binds_us_has_a_line() -> None:
    named = {item for row in lines() for item in row[1].replace(" ", "").split(",")}
    assert sorted(set(ASVS) - named) == []


def test_every_line_has_a_test() -> None:
    assert len(lines()) > 25
    assert [row[0] for row in lines() if not _NAMED.search(row[3])] == []


def test_every_test_that_is_named_exists() -> None:
    missing = [
        f"{file}::{test}"
        for file, test in sorted(set(_NAMED.findall(PAGE)))
        if f"def {test or 'test_'}" not in _text_of(TESTS / file)
    ]
    assert missing == []


def test_every_long_form_that_is_named_exists() -> None:
    trials = set(_TRIAL.findall((ROOT / "security" / "__main__.py").read_text()))
    assert set(_LONG.findall(PAGE)) <= trials
    assert len(trials) > 5


def _text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""
