"""Which passwords are too easy to guess."""

import pytest

from integration_admin.core.errors import InvalidInput
from integration_admin.core.secret import Secret
from integration_admin.services.password_rules import is_easily_guessed
from integration_admin.services.passwords import check_new_password

NAMES = ("Prøveforbundet", "Alice Eksempelsen", "alice@firmaet.example.org")


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd2026!",
        "$ommer-2026!!",
        "Velkommen2026",
        "manchesterunited",
        "dragonmonkey12",
        "passwordpassword",
        "aaaaaaaaaaaa",
        "qwertyqwerty",
        "qwertyuiop123",
        "123456789012",
        "987654321098",
        "1qaz2wsx3edc4rfv",
        "abcdefghijklmn",
        "\uff30\uff41\uff53\uff53\uff4f\uff52\uff442026",
        "Prøveforbundet2026!",
        "alice.eksempelsen",
        "firmaet-passord",
        "integrationadmin1",
    ],
)
def test_what_guessing_programs_try_first_is_refused(password: str) -> None:
    assert is_easily_guessed(password, NAMES)
    with pytest.raises(InvalidInput) as caught:
        check_new_password(Secret(password), NAMES)
    assert set(caught.value.fields) == {"password"}
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "kanin trapp gitter",
        "bare små bokstaver",
        "7hQx2pLm9RtZ",
        "blåbærsyltetøy i mars",
        "alice går på taket med en hatt",
        "et-langt-prøvepassord-2026",
    ],
)
def test_words_that_have_nothing_to_do_with_each_other_are_welcome(password: str) -> None:
    assert not is_easily_guessed(password, NAMES)
