"""What categories are called: readable whatever the expense system calls them."""

import pytest

from integration_admin.services.mapping_words import category_label


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("travel.public_transport", "Travel by public transport"),
        ("meals", "Meals"),
        ("parking", "Parking"),
        ("aids.hearing_loop", "Aids: hearing loop"),
        ("aids.hearing.rent-short", "Aids: hearing, rent short"),
        ("reise.båt", "Reise: båt"),
        ("7140", "7140"),
    ],
)
def test_a_key_is_shown_as_words(key: str, name: str) -> None:
    assert str(category_label(key)) == name


@pytest.mark.parametrize("name", ["Reise", "Bil og båt", "KURS_2026", "kurs {2026}", "a:b", "."])
def test_what_is_a_name_already_stays_as_it_is(name: str) -> None:
    for language in ("nb", "nn", "en"):
        assert category_label(name).translate(language) == name
