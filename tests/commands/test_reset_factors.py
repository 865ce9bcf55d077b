"""Letting people in from the command line: lost second factors, and a sign-in provider that fails."""

from tests.commands.shell import ORGANISATION, Run


def test_lost_factors_are_taken_away_by_address_and_an_unknown_one_is_one_sentence(organisation: Run) -> None:
    organisation(
        "create-admin",
        "--organisation",
        "Forbundet",
        "--email",
        "kari@example.org",
        stdin="lang nok frase 17\n",
    )
    done = organisation("reset-factors", "--email", "kari@example.org")
    assert (done.returncode, "kari@example.org signs in with the password alone" in done.stdout) == (0, True)
    unknown = organisation("reset-factors", "--email", "nobody@example.org")
    assert unknown.returncode == 1
    assert "Nobody signs in with the e-mail address nobody@example.org." in unknown.stderr


def test_where_no_provider_is_set_up_there_is_nothing_to_let_people_in_without(organisation: Run) -> None:
    done = organisation("allow-passwords", *ORGANISATION)
    assert (done.returncode, "No sign-in provider is set up." in done.stderr) == (1, True)
