"""What the product is installed from: exact releases, each known by its hash, from wherever one likes."""

import re

import pytest

from security.supply import LOCK, ROOT, libraries, locked

_HASHED = re.compile(r"[\w.\[\],-]+==[^\s;]+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")


def test_every_library_is_locked_to_a_release_and_its_hashes() -> None:
    lines = locked()
    assert len(lines) > 100
    assert [line.partition(" ")[0] for line in lines if not _HASHED.fullmatch(line)] == []


def test_the_lock_file_names_no_index_and_no_address() -> None:
    text = LOCK.read_text()
    assert "://" not in text
    assert not re.search(
        r"^\s*(-i|--index-url|--extra-index-url|--find-links|-f|--trusted-host)\b", text, re.MULTILINE
    )


def test_it_is_installed_with_the_hashes_checked() -> None:
    assert "--require-hashes --requirement requirements.lock" in (ROOT / "Makefile").read_text()


def test_where_nobody_can_be_asked_about_weaknesses_nothing_is_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nowhere = ("--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:9/")
    (figure,) = libraries(nowhere)
    assert (figure.value, figure.holds) == (0, None)
    assert "could not be asked" in capsys.readouterr().err
