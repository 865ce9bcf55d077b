"""Taking away second factors from the command line."""

from tests.commands.shell import Run


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
