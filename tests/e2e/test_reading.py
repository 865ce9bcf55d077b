"""What a screen reader reads on each page, kept in files under snapshots/ so that people can read it too.

`REWRITE_SNAPSHOTS=1 .venv/bin/pytest tests/e2e/test_reading.py` writes them anew; read what has changed before
it is kept.
"""

import difflib
import os
import re
from pathlib import Path

import pytest

from tests.e2e.inhabited import Inhabited
from tests.e2e.walk import PAGES, Walk

FOLDER = Path(__file__).parent / "snapshots"
REWRITING = os.environ.get("REWRITE_SNAPSHOTS") == "1"
_DAY = r"(?:(?:man|tirs|ons|tors|fre|lør|søn)dag )?\d{1,2}\. \w+ \d{4}"
_VARYING = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(rf"{_DAY}(?: kl\. \d\d:\d\d)?"), "DAY"),
    (re.compile(r"(?<=slutter på )\w+"), "ENDING"),
    (re.compile(r"\d+ (?:sekund(?:er)?|minutt(?:er)?)\b"), "DURATION"),
    (re.compile(r"\bIA[0-9A-Z]{20}\b"), "REFERENCE"),
    (re.compile(r"\b[49]\d{7}\b"), "VOUCHER"),
    (re.compile(r'(term: Bilagsnummer(?: vi sendte)?\n +- definition: )"\d+"'), r"\1NUMBER"),
    (re.compile(r"\d+ av 5\s000 forespørsler"), "COUNT av 5 000 forespørsler"),
    (re.compile(r"(?<=ikke eksportert )\d+(?=\.)|(?<=stolpen står for )\d+"), "COUNT"),
    (
        re.compile(r'(?: +- row "DAY \d+ \d+":\n +- rowheader "DAY"\n +- cell "\d+"\n +- cell "\d+"\n)+'),
        "        - DAYS\n",
    ),
)
"""What is different each time: ids, ports, days, the ends of made-up tokens, how long an export took, references.

A voucher is known by its imported item (4...) or, where its answer was lost and it was looked up, by its entry (9...). The
number sent with it goes on from what other tests exported to the same system. The days of a trend are those up to
today, so the one on which something was exported moves.
"""


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_reads_as_it_did(desktop_walk: Walk, made: Inhabited, path: str) -> None:
    heard = masked(desktop_walk.heard[path.format(**made.ids)])
    file = FOLDER / f"{name_of(path)}.yaml"
    if REWRITING:
        file.parent.mkdir(exist_ok=True)
        file.write_text(heard)
    kept = file.read_text()
    changes = "\n".join(difflib.unified_diff(kept.splitlines(), heard.splitlines(), "kept", "heard", n=2))
    assert kept == heard, f"{file.name} reads differently; see this file's docstring.\n{changes}"


async def test_every_snapshot_is_of_a_page_there_is() -> None:
    assert {file.stem for file in FOLDER.glob("*.yaml")} == {name_of(path) for path in PAGES}


def masked(heard: str) -> str:
    """Put words in the place of what is different each time."""
    for varying, word in _VARYING:
        heard = varying.sub(word, heard)
    return f"{heard.rstrip()}\n"


def name_of(path: str) -> str:
    """Return what a page's file is called: the wizard's steps by their words, other pages by their last part."""
    part = re.sub(r"/?\{\w+\}", "", path).strip("/")
    steps = part.replace("new?id=&step=", "wizard-").replace("new", "wizard-type")
    return steps or ("integration" if path else "dashboard")
