from pathlib import Path

import pytest

from integration_admin.commands.build import ROOT, SameOrigin


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
