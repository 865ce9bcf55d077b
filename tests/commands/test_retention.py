"""The command that says how long history is kept."""

from tests.commands.shell import ORGANISATION, Run


def test_an_organisation_says_how_long_its_history_is_kept(organisation: Run) -> None:
    assert "for 10 years" in organisation("keep-history", *ORGANISATION).stdout
    assert "for 7 years" in organisation("keep-history", *ORGANISATION, "--years", "7").stdout
    refused = organisation("keep-history", *ORGANISATION, "--years", "3")
    assert (refused.returncode, "at least 5" in refused.stderr) == (1, True)
    assert "for 7 years" in organisation("keep-history", *ORGANISATION).stdout
