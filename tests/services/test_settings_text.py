"""The text of a settings file: what is read, what is refused, and what is written for a person to keep."""

import re
from datetime import date
from pathlib import Path

import pytest

from integration_admin.adapters.catalog import adapters
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.errors import InvalidInput
from integration_admin.core.secret import Secret
from integration_admin.services.code_lookup import CodeLookup
from integration_admin.services.config_validator import Severity, validate
from integration_admin.services.settings_document import check_names, read_document
from integration_admin.services.settings_text import MOST_BYTES, read_text, write_text
from tests.fakes import FakeClock

UNREAD = [
    (b"\xff\xfe", "The file is not UTF-8 text."),
    (b"a" * (MOST_BYTES + 1), f"The file is too large: at most {MOST_BYTES} bytes."),
    (b"", "The file does not hold an integration's settings."),
    (b"- one\n", "The file does not hold an integration's settings."),
    (b"a: 1\nb: [\n", "Line 3: This is not YAML."),
    (b"a: 1\nb: 2\na: 3\n", "Line 3: “a” is there twice."),
    (b"a: &x {b: c}\nd: *x\n", "Line 1: Anchors, references and types of YAML's own are not read here."),
    (
        b"a: !!python/name:os.system x\n",
        "Line 1: Anchors, references and types of YAML's own are not read here.",
    ),
    (b"a: 1\n---\nb: 2\n", "Line 2: There is a second document in the file."),
    (b"? [a]\n: b\n", "Line 1: A name is expected here."),
    (b"a: " + b"[" * 100_000, "Line 1: This is nested too deep."),
]


@pytest.mark.parametrize(("raw", "said"), UNREAD)
def test_text_that_hides_something_is_refused_with_its_line(raw: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(raw)
    assert str(caught.value.message) == said


def test_values_stay_as_they_are_written() -> None:
    said = {
        "a": "0710",
        "no": "yes",
        "b": "02:00",
        "c": "",
        "d": "null",
        "e": "1e3",
        "f": "æ\nø: # å",
        "g": ["~"],
    }
    assert read_text(write_text(said).encode()) == said
    assert read_text(b"a: 0710\nno: yes\nb: 12:30\nc:\n") == {
        "a": "0710",
        "no": "yes",
        "b": "12:30",
        "c": None,
    }


def test_the_file_in_the_documents_is_one_that_is_read_and_written_again() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "adapters.md").read_text()
    (block,) = re.findall(r"```yaml\n(type: .*?)```", page, re.DOTALL)
    document = read_document(read_text(block.encode()))
    assert read_document(read_text(write_text(document.to_plain()).encode())) == document
    adapter = adapters(OutboundClient(), FakeClock())[document.type]
    check_names(document, {"token": Secret("a-token")}, adapter)
    codes = CodeLookup(date(2026, 11, 21), {}, {}, {})
    found = validate(document.mapping or {}, adapter.target_fields, [], codes)
    assert {finding.severity for finding in found} == {Severity.WARNING}, "only the lists were not read"
