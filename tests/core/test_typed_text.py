"""What is pasted brings signs along that nobody sees."""

import pytest

from integration_admin.core.typed_text import without_ends


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  7140\r\n", "7140"),
        ("7140\N{ZERO WIDTH SPACE}", "7140"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}7140\N{POP DIRECTIONAL FORMATTING}", "7140"),
        (
            "\N{ZERO WIDTH NO-BREAK SPACE} \N{LEFT-TO-RIGHT MARK}https://x.no/y \N{WORD JOINER}",
            "https://x.no/y",
        ),
        ("\N{ZERO WIDTH SPACE} \N{SOFT HYPHEN}", ""),
        ("Åse\N{ZERO WIDTH JOINER}s  regnskap", "Åse\N{ZERO WIDTH JOINER}s  regnskap"),
        ("", ""),
    ],
)
def test_only_what_is_at_the_ends_is_taken_away(typed: str, kept: str) -> None:
    assert without_ends(typed) == kept


def test_a_very_long_text_of_nothing_takes_no_time() -> None:
    assert without_ends("a" + " " * 200_000 + "b") == "a" + " " * 200_000 + "b"
