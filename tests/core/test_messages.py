"""Sentences for people, and their translations."""

import gettext
from dataclasses import FrozenInstanceError

import pytest

from integration_admin.core import messages
from integration_admin.core.messages import DEFAULT_LANGUAGE, LANGUAGES, Message, msg, translations


def test_a_sentence_is_filled_with_its_values() -> None:
    assert str(msg("{count} of {total} were sent.", count=3, total="12")) == "3 of 12 were sent."
    assert str(msg("Nothing to fill.")) == "Nothing to fill."


def test_values_are_kept_as_text() -> None:
    message = msg("{count} were sent.", count=3)
    assert message.values == {"count": "3"}


def test_braces_in_a_value_are_not_filled_in_turn() -> None:
    message = msg("“{name}” is taken.", name="{name.__class__} {0} {")
    assert str(message) == "“{name.__class__} {0} {” is taken."


def test_a_value_may_be_called_template() -> None:
    assert str(msg("The {template} is gone.", template="form")) == "The form is gone."


def test_a_sentence_is_stored_and_restored_untranslated() -> None:
    message = msg("{count} were sent to {name}.", count=3, name="Bedrift Ø")
    assert Message.from_json(message.to_json()) == message
    assert message.to_json() == {
        "template": "{count} were sent to {name}.",
        "values": {"count": "3", "name": "Bedrift Ø"},
    }


def test_a_sentence_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        msg("Sent.").template = "Failed."


def test_each_reader_gets_the_sentence_in_their_own_language() -> None:
    message = msg("Active")
    assert [message.translate(language) for language in ("nb", "nn", "en")] == ["Aktiv", "Aktiv", "Active"]


def test_english_needs_no_catalogue() -> None:
    assert msg("{count} were sent.", count=3).translate("en") == "3 were sent."
    assert type(translations("en")) is gettext.NullTranslations


def test_a_sentence_no_catalogue_knows_stays_english() -> None:
    unknown = msg("zzz {count} zzz", count=1)
    assert {unknown.translate(language) for language in (*LANGUAGES, "fr", "")} == {"zzz 1 zzz"}


def test_unknown_languages_read_bokmaal_and_do_not_pile_up_in_memory() -> None:
    bokmaal = translations(DEFAULT_LANGUAGE)
    assert all(translations(f"x-{number}") is bokmaal for number in range(500))
    assert translations("../../etc") is bokmaal
    assert messages._catalogue.cache_info().currsize <= len(LANGUAGES)
