"""Lighthouse itself: npm puts it under instance/, and Node runs it on the pages it is given."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration_admin.commands.build import node_environment

VERSION = "13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices")
_FOLDER = Path("instance/lighthouse").resolve()
_SCRIPT = Path(__file__).with_name("measure.mjs")


@dataclass(frozen=True, slots=True)
class Cookie:
    """The session of whoever opens the pages, for one host; its value is shown nowhere."""

    name: str
    value: str
    domain: str


def install() -> None:
    """Fetch Lighthouse with the npm of our environment, unless this version is there."""
    manifest = _FOLDER / "node_modules" / "lighthouse" / "package.json"
    if manifest.exists() and json.loads(manifest.read_text())["version"] == VERSION:
        return
    _FOLDER.mkdir(parents=True, exist_ok=True)
    words = ["npm", "install", "--no-save", "--no-package-lock", f"lighthouse@{VERSION}"]
    subprocess.run([*words, "--prefix", str(_FOLDER)], env=node_environment(), check=True)  # noqa: S603, fixed words


def run(
    pages: Mapping[str, str], cookie: Cookie, browser: Path, flags: Sequence[str], reports: Path, *, runs: int
) -> dict[str, list[dict[str, Any]]]:
    """Measure every page `runs` times, in turns, and return Lighthouse's reports by the page's name.

    `pages` are addresses by name. The reports stay in the folder `reports` for a person to look at.
    """
    job = {
        "modules": str(_FOLDER / "node_modules" / "_"),
        "pages": dict(pages),
        "cookie": {"name": cookie.name, "value": cookie.value, "domain": cookie.domain, "path": "/"},
        "browser": str(browser),
        "flags": list(flags),
        "reports": str(reports.resolve()),
        "categories": CATEGORIES,
        "runs": runs,
    }
    reports.mkdir(parents=True, exist_ok=True)
    words = ["node", str(_SCRIPT)]
    subprocess.run(words, env=node_environment(), input=json.dumps(job), text=True, check=True)  # noqa: S603, fixed words
    return {
        name: [json.loads((reports / f"{name}-{run}.json").read_text()) for run in range(1, runs + 1)]
        for name in pages
    }
