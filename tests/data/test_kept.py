"""docs/operations.md says of every table how long its rows are kept."""

import re
from pathlib import Path

from integration_admin.data import models  # noqa: F401, its tables belong to the metadata
from integration_admin.data.columns import Base

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_of_every_table_it_is_said_how_long_its_rows_are_kept() -> None:
    section = PAGE.read_text().split("## What is kept, and for how long")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    named = [table for row in rows for table in re.findall(r"`(\w+)`", row[1])]
    assert sorted(named) == sorted(Base.metadata.tables)
    assert [row for row in rows if not row[2].strip()] == []
