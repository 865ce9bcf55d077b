"""The style sheet brings the parts of Designsystemet that pages use."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CLASS = re.compile(r"\bds-(?!size\b|color\b|border\b|size-|color-|border-|font-)[a-z-]*[a-z]")
_HOME = {"ds-sr-only": "base", "ds-focus": "base"}
"""Classes that are not a part of their own."""


def _part(name: str) -> str:
    plain = name.split("--", maxsplit=1)[0]
    return _HOME.get(plain, plain.removeprefix("ds-"))


def test_every_part_that_is_used_is_in_the_style_sheet() -> None:
    sheet = (ROOT / "assets" / "app.css").read_text()
    brought = set(re.findall(r"designsystemet-css/([a-z-]+)\.css", sheet))
    folders = (ROOT / "integration_admin" / name for name in ("pages", "components", "states"))
    texts = [sheet, *(path.read_text() for folder in folders for path in folder.glob("*.py"))]
    used = {name for text in texts for name in _CLASS.findall(text.replace("digdir/designsystemet-css", ""))}
    assert {"ds-button", "ds-field"} <= used
    assert {name for name in used if _part(name) not in brought} == set()
