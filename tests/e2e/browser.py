"""Finds a Chromium to test with, and fetches one where the machine has none."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""The tests' own pages are all it opens, some machines run them as root, and it calls nobody by itself."""
_DOWNLOAD_SECONDS = 600
_NONE_FOUND = (
    "No Chromium was found. Install one (Debian: apt-get install chromium; anywhere: playwright install chromium), "
    "or name one in CHROMIUM_PATH."
)


def find_browser(playwrights_own: Path) -> Path:
    """Return the browser's program: the one named, Playwright's own, the system's, else a fetched one.

    Raises FileNotFoundError with one sentence saying what to install.
    """
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return Path(named)
    for found in _candidates(playwrights_own):
        if found is not None and found.exists():
            return found
    raise FileNotFoundError(_NONE_FOUND)


def _candidates(playwrights_own: Path) -> Iterator[Path | None]:
    """Yield where a browser may be, trying to install one only when all else has failed."""
    yield playwrights_own
    yield _on_path()
    for install in (_install_playwrights, _install_debians):
        if install():
            yield playwrights_own
            yield _on_path()


def _on_path() -> Path | None:
    return next((Path(found) for name in SYSTEM_NAMES if (found := shutil.which(name))), None)


def _install_playwrights() -> bool:
    return _succeeds([sys.executable, "-m", "playwright", "install", "chromium"])


def _install_debians() -> bool:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    return _succeeds(["apt-get", "update"]) and _succeeds(install)


def _succeeds(
    command: list[str], run: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run
) -> bool:
    try:
        return run(command, check=False, timeout=_DOWNLOAD_SECONDS, capture_output=True).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
