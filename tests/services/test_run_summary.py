"""The one sentence about a run: what was exported, and what was not only where there is any."""

import pytest

from integration_admin.services.export_outcomes import Tally
from integration_admin.services.run_summary import summary


@pytest.mark.parametrize(
    ("tally", "told"),
    [
        (Tally(3), "Exported: 3."),
        (Tally(1200, 7), "Exported: 1,200. Failed: 7."),
        (Tally(0, 0, 2), "Exported: 0. Waiting to be tried again: 2."),
        (
            Tally(1, 2, 3, 4),
            "Exported: 1. Failed: 2. Waiting to be tried again: 3. Outcome not known yet: 4.",
        ),
    ],
)
def test_what_there_is_none_of_is_not_told(tally: Tally, told: str) -> None:
    assert summary(tally, {}, cancelled=False).translate("en") == told


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("nb", "Avbrutt etter 1\xa0200 eksporterte poster."),
        ("en", "Cancelled after 1,200 exported records."),
    ],
)
def test_a_cancelled_export_is_counted_as_the_language_writes_it(language: str, told: str) -> None:
    assert summary(Tally(1200), {}, cancelled=True).translate(language) == told
