"""Progress on a terminal, and silence where there is none."""

import io
from pathlib import Path

from integration_admin.commands.progress import ProgressLine, ShownFile


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_shown_one_line_that_is_written_anew() -> None:
    terminal = Terminal()
    line = ProgressLine(terminal)
    for sentence in ("1 of 2", "1 of 2", "2 of 2"):
        line.show(sentence)
    line.clear()
    assert terminal.getvalue() == "\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K"


def test_a_file_shows_how_much_of_it_is_checked_and_then_stored(tmp_path: Path) -> None:
    file = tmp_path / "records.ndjson"
    file.write_bytes(b"a\nb\n")
    terminal = Terminal()
    with file.open("rb") as stream:
        shown = ShownFile(stream, ProgressLine(terminal))
        assert (shown.readline(), shown.read(10)) == (b"a\n", b"b\n")
        shown.stored(1, 2)
    assert terminal.getvalue().split("\r\x1b[K")[1:] == [
        "Checking: 50 %.",
        "Checking: 100 %.",
        "Storing: 1 of 2 records.",
    ]


def test_nothing_is_written_where_nobody_looks() -> None:
    log = io.StringIO()
    line = ProgressLine(log)
    line.show("1 of 2")
    line.clear()
    assert log.getvalue() == ""
