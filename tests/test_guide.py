"""The guide for administrators names what is on the pages, and has the pictures it shows."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
GUIDES = {"en": ROOT / "docs/guide.md", "nb": ROOT / "docs/guide.nb.md"}
_NOT_ON_A_PAGE = {"bold", "fet skrift"}


def words_on_pages(language: str) -> set[str]:
    with (ROOT / "integration_admin/locale/nb/LC_MESSAGES/messages.po").open("rb") as file:
        texts = [message for message in read_po(file, locale="nb") if isinstance(message.id, str)]
    return {str(text.string if language == "nb" else text.id) for text in texts}


@pytest.mark.parametrize("language", GUIDES)
def test_what_the_guide_names_in_bold_is_on_a_page(language: str) -> None:
    named = set(re.findall(r"\*\*(.+?)\*\*", GUIDES[language].read_text(encoding="utf-8")))
    assert named - _NOT_ON_A_PAGE - words_on_pages(language) == set()


def test_the_guides_show_every_picture_there_is_and_no_other() -> None:
    shown = {name for guide in GUIDES.values() for name in re.findall(r"\((guide/.+?)\)", guide.read_text())}
    assert shown == {f"guide/{path.name}" for path in (ROOT / "docs/guide").glob("*")}


def test_every_picture_is_described_in_words() -> None:
    for guide in GUIDES.values():
        assert "![](" not in guide.read_text()
