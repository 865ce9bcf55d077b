"""Builds the frontend: Reflex compiles the pages, Node bundles them, and the result is kept until a source changes."""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.core.settings import PREFIX

ROOT = Path(__file__).resolve().parents[2]
"""The folder with rxconfig.py, where Reflex works."""

_PACKAGE = ROOT / "integration_admin"
_SOURCES = (
    ROOT / "rxconfig.py",
    ROOT / "reflex.lock",
    ROOT / "assets",
    *(_PACKAGE / name for name in ("pages", "components", "states", "core", "locale")),
    _PACKAGE / "integration_admin.py",
    _PACKAGE / "api" / "prerendered.py",
    *(Path(__file__).with_name(name) for name in ("build.py", "first_paint.py", "lighter_scripts.py")),
)
_WEB = ROOT / ".web"
_SITE = Path("build", "client")
_STAMP = "frontend.sha256"
_NPM_ERROR = re.compile(r"^npm error .*\n(?:(?!npm ).+\n)*", re.MULTILINE)
_ENDPOINT = re.compile(r"""(["'`])(http|ws)://localhost:\d+(/[^"'`]*)\1""")


class SameOrigin(Plugin):
    """Lets one build serve on any address: Reflex bakes `localhost` and a port into the bundle."""

    def post_build(self, **context: Any) -> None:
        """Replace the baked addresses by the page's own origin. Raises RuntimeError when there are none."""
        chunks = list(Path(context["static_dir"]).glob("assets/reflex-env-*.js"))
        found = sum(_use_page_origin(chunk) for chunk in chunks)
        if not found:
            detail = "The bundle holds no endpoint addresses; Reflex has moved them."
            raise RuntimeError(detail)


def _use_page_origin(chunk: Path) -> int:
    """Rewrite one bundle file and return how many addresses it had."""
    origin = {"http": "location.origin", "ws": 'location.origin.replace(/^http/,"ws")'}
    code, count = _ENDPOINT.subn(lambda hit: f'({origin[hit[2]]}+"{hit[3]}")', chunk.read_text())
    chunk.write_text(code)
    return count


def build_frontend() -> bool:
    """Build the frontend unless it is up to date; return whether it was built.

    The first build takes about a minute, because the npm packages are installed from reflex.lock.
    Raises ConfigurationError when Reflex or npm fails, after writing what they said to standard error.
    """
    return bring_up_to_date(_WEB, _fingerprint(), _export)


def bring_up_to_date(web: Path, wanted: str, build: Callable[[int], None]) -> bool:
    """Build in the folder `web` unless it holds what is `wanted`; return whether it was built.

    One builds, and whoever comes meanwhile waits for it. `build` is given the open file that keeps the others out,
    to hand on to its processes: they may outlive us.
    """
    if _is_built(web, wanted):
        return False
    web.mkdir(exist_ok=True)
    with (web / "frontend.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if _is_built(web, wanted):
            return False
        # A build that is cut short leaves half of the pages, and the stamp of those before must not vouch for them.
        (web / _STAMP).unlink(missing_ok=True)
        build(turn.fileno())
        (web / _STAMP).write_text(wanted)
    return True


def _is_built(web: Path, wanted: str) -> bool:
    stamp = web / _STAMP
    return (web / _SITE / "404.html").exists() and stamp.exists() and stamp.read_text() == wanted


def _export(turn: int) -> None:
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    done = subprocess.run(  # noqa: S603  # our own interpreter with fixed words
        command,
        cwd=ROOT,
        env=node_environment(),
        capture_output=True,
        text=True,
        check=False,
        pass_fds=(turn,),
    )
    if done.returncode or not (_WEB / _SITE).exists():
        sys.stderr.write(why_it_failed(f"{done.stdout}{done.stderr}"))
        raise ConfigurationError(msg("The pages could not be built. The reason is in the output above."))


def why_it_failed(said: str) -> str:
    """Return what `said` has of npm's errors; all of it where npm had none: npm tells a thousand lines besides."""
    return "".join(_NPM_ERROR.findall(said)) or said


def _fingerprint() -> str:
    """Return a hash of everything the built pages depend on."""
    digest = hashlib.sha256(f"{version('reflex')} {sys.version_info}".encode())
    for path in source_files():
        digest.update(f"\n{path.relative_to(ROOT)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def source_files() -> Iterator[Path]:
    """Yield every file the built pages depend on."""
    for source in _SOURCES:
        found = [source] if source.is_file() else sorted(source.rglob("*"))
        for path in found:
            if path.is_file() and path.suffix in {".py", ".mo", ".json", ".css", ".js", ".svg", ".ico"}:
                yield path


def node_environment() -> dict[str, str]:
    """Return the environment for Node and npm: the user's own, with ours in front and none of our secrets in it."""
    given = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251  # passed on to npm, not read as settings
        if not name.startswith(PREFIX)
    }
    scripts = sysconfig.get_path("scripts")
    given["PATH"] = os.pathsep.join([scripts, given.get("PATH", os.defpath)])
    given |= {
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        # Reflex keeps notes of its own; in the virtual environment they go when it goes.
        "REFLEX_DIR": str(Path(sys.prefix) / "share" / "reflex"),
        # The lock file must not name the registry it was made with.
        "npm_config_omit_lockfile_registry_resolved": "true",
        # No package may run code at installation; none of ours has to.
        "npm_config_ignore_scripts": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    # Without this variable Reflex measures public registries and picks one, whatever npm is told.
    given.setdefault("NPM_CONFIG_REGISTRY", _registry(Path(scripts), given))
    return given


def _registry(scripts: Path, environment: dict[str, str]) -> str:
    """Return the registry the user's own npm configuration names."""
    asked = subprocess.run(  # noqa: S603  # the npm of our own environment with fixed words
        [scripts / "npm", "config", "get", "registry"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return asked.stdout.strip()
