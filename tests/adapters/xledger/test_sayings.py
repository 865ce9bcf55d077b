"""What Xledger says of an input it refuses, in our words."""

import pytest

from integration_admin.adapters.xledger.refusals import refused_after_import
from integration_admin.adapters.xledger.sayings import own_words


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "account: Value '7190' is closed.",
            "Account 7190 is closed in Xledger. Choose another one in the mapping, or have it opened there.",
        ),
        (
            "glObject2: Value 'A' does not allow posting.",
            "GL object 2 A takes no postings in Xledger. Choose another one in the mapping.",
        ),
        (
            "project.code: Value 'P-1' is not valid on 2026-11-02.",
            "Project P-1 is not valid in Xledger on 2 November 2026.",
        ),
        (
            "jobThing: Value 'X' does not allow posting.",
            "The code X takes no postings in Xledger. Choose another one in the mapping.",
        ),
        (
            "postedDate: The period 2025-01 is closed.",
            "The period January 2025 is closed in Xledger. Have it opened there, or send the claim with a later date.",
        ),
        (
            "dueDate: '12.13' is not a date.",
            "Xledger cannot read “12.13” as the due date. Check the mapping.",
        ),
        (
            "subledger: Required by account '2400'.",
            "Account 2400 needs a subledger in Xledger. Let the mapping fill Subledger.",
        ),
        ("amount: Required.", "Xledger demands the amount. Let the mapping fill it."),
    ],
)
def test_a_known_saying_is_put_into_our_words(said: str, told: str) -> None:
    message = own_words(said)
    assert message is not None
    assert message.translate("en") == told


@pytest.mark.parametrize(
    "said",
    [
        "Value '7190' is closed.",
        "account: Closed.",
        "secretField: Required.",
        "secretField: 'x' is not a date.",
        "project: Value 'P' is not valid on 2026-13-45.",
        "postedDate: The period 2025-13 is closed.",
        "",
    ],
)
def test_what_is_not_known_is_left_to_be_quoted(said: str) -> None:
    assert own_words(said) is None


def test_after_import_too_known_sayings_are_in_our_words_and_others_are_quoted() -> None:
    known = ["account: Value '7190' is closed.", "amount: Required."]
    told = refused_after_import(known).translate("en")
    assert told.startswith(
        "Xledger took the voucher in, but will not book it. Account 7190 is closed in Xledger."
    )
    assert told.endswith(" Xledger demands the amount. Let the mapping fill it.")
    quoted = refused_after_import([*known, "Nonsense."])
    assert [piece for piece, theirs in quoted.pieces("nb") if theirs] == [" ".join([*known, "Nonsense."])]
