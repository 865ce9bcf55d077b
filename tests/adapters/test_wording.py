"""Another system's words are shown without what no page and no database takes."""

import pytest

from integration_admin.adapters.wording import scrub


@pytest.mark.parametrize("half", ["\ud83c", "\x00", "\x1b", "\u202e"])
def test_what_cannot_be_printed_or_stored_is_left_out(half: str) -> None:
    assert scrub(f"Too long: Middag {half}i Oslo") == "Too long: Middag i Oslo"


def test_a_whole_emoji_stays() -> None:
    assert scrub("Middag 🍕") == "Middag 🍕"
