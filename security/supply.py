"""What the product is made of: known weaknesses in it and in its libraries, and the list of them (SBOM)."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, at_least, at_most

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
SBOM = Path("instance/reports/sbom.json")
_EXPLAINED = re.compile(r"# noqa: .*\bS(\d+)")
_ASK_SECONDS = 600


def measure() -> list[Figure]:
    """Look through our code and the libraries, and write the SBOM."""
    return [*code(), *libraries(), bill(SBOM)]


def code() -> list[Figure]:
    """Count what bandit finds of medium severity and above, without what a comment in its line explains."""
    said = _run("bandit", "-q", "-ll", "-r", "integration_admin", "-f", "json")
    found = json.loads(said.stdout)
    unexplained = [one for one in found["results"] if not _is_explained(one)]
    for one in unexplained:
        _note(f"{one['filename']}:{one['line_number']}: {one['issue_text']}")
    return [
        at_most("bandit_findings", len(unexplained), "findings", 0),
        at_most("bandit_errors", len(found["errors"]), "files", 0),
    ]


def _is_explained(finding: dict[str, Any]) -> bool:
    """Tell whether the line says, in ruff's words for the same rule, why it is as it is."""
    lines = (ROOT / finding["filename"]).read_text().splitlines()
    texts = (lines[number - 1] for number in finding["line_range"])
    return any(found and f"B{found[1]}" == finding["test_id"] for found in map(_EXPLAINED.search, texts))


def libraries(service: Sequence[str] = ("--vulnerability-service", "osv")) -> list[Figure]:
    """Count the libraries with known weaknesses; where nobody can be asked, say so and judge nothing."""
    said = _run(
        "pip_audit",
        "--requirement",
        str(LOCK),
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner=off",
        "--timeout=10",
        "--format=json",
        *service,
    )
    try:
        found = json.loads(said.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = said.stderr.strip().rpartition("\n")[2][:300] or f"exit code {said.returncode}"
        _note(
            f"Known weaknesses of libraries could not be asked for ({service[1]} was not reached), so the"
            f" {len(locked())} libraries of the lock file are not judged: {reason}"
        )
        return [Figure("libraries_asked_about", 0, "libraries")]
    weak = [one for one in found if one.get("vulns")]
    for one in weak:
        _note(f"{one['name']} {one['version']}: {', '.join(each['id'] for each in one['vulns'])}")
    return [
        Figure("libraries_asked_about", len(found), "libraries"),
        at_most("libraries_with_known_weaknesses", len(weak), "libraries", 0),
    ]


def bill(target: Path) -> Figure:
    """Write the SBOM in CycloneDX's form; every library of the lock file must be in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    said = _run(
        "cyclonedx_py",
        "requirements",
        str(LOCK),
        "--pyproject",
        str(ROOT / "pyproject.toml"),
        "--output-reproducible",
        "--short-PURLs",
        "-o",
        str(target.absolute()),
    )
    if said.returncode:
        raise RuntimeError(said.stderr)
    listed = len(json.loads(target.read_text())["components"])
    return at_least("sbom_libraries", listed, "libraries", len(locked()))


def locked() -> list[str]:
    """Return the requirements of the lock file, each with its hashes in one line."""
    text = LOCK.read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _run(module: str, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", module, *words]
    try:
        return subprocess.run(  # noqa: S603, our own tools with our own words
            command, cwd=ROOT, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"{module} did not end in {_ASK_SECONDS} s")


def _note(words: str) -> None:
    sys.stderr.write(f"{words}\n")
