"""Which language somebody reads who is not signed in."""

import pytest

from integration_admin.services.languages import language_of


@pytest.mark.parametrize(
    ("cookies", "accept", "language"),
    [
        ("", "", "nb"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "nn-NO,nb;q=0.8", "nn"),
        ("", "no,en;q=0.5", "nb"),
        ("", "fr,de;q=0.9", "nb"),
        ("", "en;q=0.1,nn;q=0.9", "nn"),
        ("", "en;q=x,nn", "nn"),
        ("a=1; language=nn", "en", "nn"),
        ("language=se", "en", "en"),
        ("notlanguage=nn", "en", "en"),
    ],
)
def test_a_choice_comes_before_what_the_browser_asks_for(cookies: str, accept: str, language: str) -> None:
    assert language_of(cookies, accept) == language
