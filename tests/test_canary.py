"""The search for marked secrets finds them however they are written, and nothing else."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests import canary

# Found in the files the tests leave only where it is not the run's own mark.
OTHER = "another-mark/ø?"


@pytest.mark.parametrize(
    "written",
    [
        OTHER.encode(),
        OTHER.encode().hex().encode(),
        OTHER.encode().hex().upper().encode(),
        quote(OTHER, safe="").encode(),
        "".join(f"%{byte:02X}" for byte in OTHER.encode()).encode(),
        OTHER.encode("utf-16"),
        OTHER.encode("utf-16-be"),
        json.dumps(OTHER).encode(),
        *(base64.b64encode(b"x" * before + OTHER.encode() + b"yz") for before in range(6)),
        *(base64.urlsafe_b64encode(b"x" * before + OTHER.encode() + b"yz") for before in range(6)),
    ],
    ids=range(20),
)
def test_a_secret_is_found_in_every_disguise(written: bytes, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"before " + written + b" after")
    (tmp_path / "other").write_bytes(b"before another-mar after")
    (tmp_path / "empty").touch()
    assert canary.found_in(b"-" + written + b"-", [OTHER]) == [OTHER]
    assert canary.places_of(tmp_path, [OTHER]) == ["folder/file"]
    assert canary.places_of(tmp_path, [OTHER], but=["file"]) == []


def test_secrets_are_marked_and_the_same_for_the_same_name() -> None:
    first, second = canary.secret("first"), canary.secret("second")
    assert first.startswith(canary.MARK)
    assert first != second
    assert canary.secret("first") == first
    assert canary.found_in(f"a {first} b") == [canary.MARK]
    assert canary.found_in("nothing") == []


def test_a_file_a_secret_is_typed_in_is_passed_over(tmp_path: Path) -> None:
    file = canary.file_with(tmp_path, OTHER)
    assert file.read_text() == OTHER
    assert canary.places_of(tmp_path, [OTHER]) == []
