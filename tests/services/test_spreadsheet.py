"""No cell of a file we write is a formula; the exports themselves are tested beside their services."""

import csv
import io
from pathlib import Path

import pytest

import integration_admin
from integration_admin.services.spreadsheet import FORMULA, csv_line, guarded

PACKAGE = Path(integration_admin.__file__).parent


@pytest.mark.parametrize("begun", FORMULA)
def test_a_cell_that_begins_like_a_formula_is_text(begun: str) -> None:
    cell = f"{begun}cmd|' /C calc'!A0;\"x\""
    (row,) = csv.reader(io.StringIO(csv_line([guarded(cell), "after"]), newline=""), delimiter=";")
    assert row == [f"'{cell}", "after"]


@pytest.mark.parametrize("cell", ["", "Kari", "a=b", "1412.00", " =1", "'=1"])
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell


HEADINGS_ONLY = {"reconciliation_file.py"}
"""Their lines are made, and guarded, in reconciliation_compare.py."""


def test_whoever_writes_a_csv_file_guards_its_cells() -> None:
    writers = {
        path.name: path.read_text()
        for path in PACKAGE.rglob("*.py")
        if "csv.writer(" in path.read_text() or "csv_line(" in path.read_text()
    }
    assert {"audit_log.py", "run_files.py", "value_map_csv.py"} <= writers.keys()
    assert {name for name, text in writers.items() if "guarded(" not in text} == HEADINGS_ONLY
