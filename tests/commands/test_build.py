import fcntl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from integration_admin.commands.build import (
    ROOT,
    SameOrigin,
    bring_up_to_date,
    source_files,
    why_it_failed,
)


def write_chunk(site: Path, code: str) -> Path:
    chunk = site / "assets" / "reflex-env-Ab12Cd34.js"
    chunk.parent.mkdir()
    chunk.write_text(code)
    return chunk


def test_the_bundle_calls_the_address_it_was_loaded_from(tmp_path: Path) -> None:
    chunk = write_chunk(
        tmp_path, "var e={PING:`http://localhost:8000/ping`,EVENT:`ws://localhost:8000/_event`};"
    )
    SameOrigin().post_build(static_dir=tmp_path)
    assert chunk.read_text() == (
        'var e={PING:(location.origin+"/ping"),EVENT:(location.origin.replace(/^http/,"ws")+"/_event")};'
    )


def test_a_bundle_without_the_known_addresses_stops_the_build(tmp_path: Path) -> None:
    write_chunk(tmp_path, "var e={};")
    with pytest.raises(RuntimeError, match="no endpoint addresses"):
        SameOrigin().post_build(static_dir=tmp_path)


def test_a_change_of_any_file_that_is_served_as_it_stands_makes_the_build_out_of_date() -> None:
    served = {path for path in (ROOT / "assets").iterdir() if path.is_file()}
    assert served - set(source_files()) == set()


def test_the_python_lock_pins_by_hash_and_names_no_place() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "find-links" not in lock
    pinned = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(pinned) > 50
    assert [line for line in pinned if not line.endswith("\\")] == []


def test_the_npm_lock_pins_by_hash_and_names_no_registry() -> None:
    lock = (ROOT / "reflex.lock" / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock


def test_of_what_npm_says_when_it_fails_its_errors_are_shown_and_not_what_it_told_before() -> None:
    said = (
        "Compiling: 100%\n"
        "npm silly packumentCache corgi:https://registry.example.org/yaml \ncache-miss\n"
        "npm error code ENOTFOUND\n"
        "npm error request to https://registry.example.org/yaml failed, reason: getaddrinfo\nENOTFOUND\n"
        "npm silly unfinished npm timer reify \n1795444201451\n"
        "npm error A complete log of this run can be found in: \n/home/ia/.npm/log\n\n"
        "Run with --loglevel debug for the full log.\n"
    )
    assert why_it_failed(said).splitlines() == [
        "npm error code ENOTFOUND",
        "npm error request to https://registry.example.org/yaml failed, reason: getaddrinfo",
        "ENOTFOUND",
        "npm error A complete log of this run can be found in: ",
        "/home/ia/.npm/log",
    ]


def test_a_build_that_fails_without_npms_doing_is_told_in_full() -> None:
    said = "Compiling: 100%\nnpm info ok\nTypeError: no page\n"
    assert why_it_failed(said) == said


def finish(web: Path) -> None:
    """Leave behind what a build does."""
    (web / "build" / "client").mkdir(parents=True, exist_ok=True)
    (web / "build" / "client" / "404.html").touch()


def test_of_those_who_start_together_one_builds_and_the_others_wait_for_it(tmp_path: Path) -> None:
    everybody, alone = Barrier(4), []

    def build(turn: int) -> None:
        with (tmp_path / "frontend.lock").open() as another, pytest.raises(BlockingIOError):
            fcntl.flock(another, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone.append(turn)
        finish(tmp_path)

    def start() -> bool:
        everybody.wait()
        return bring_up_to_date(tmp_path, "these sources", build)

    with ThreadPoolExecutor(4) as serves:
        built = [one.result() for one in [serves.submit(start) for _ in range(4)]]
    assert (sorted(built), len(alone)) == ([False, False, False, True], 1)


def test_pages_half_of_which_were_built_anew_are_not_taken_for_those_before(tmp_path: Path) -> None:
    def broken(_turn: int) -> None:
        raise RuntimeError

    assert bring_up_to_date(tmp_path, "one release", lambda _: finish(tmp_path))
    with pytest.raises(RuntimeError):
        bring_up_to_date(tmp_path, "the next release", broken)
    assert bring_up_to_date(tmp_path, "one release", lambda _: finish(tmp_path))
