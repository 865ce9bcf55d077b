"""A field that was refused says so itself, not only in the summary above the form."""

import pytest

from integration_admin.pages.schedule import schedule_form
from integration_admin.pages.wizard import wizard


@pytest.mark.parametrize("name", ["at", "time_zone", "cron_line"])
def test_each_field_of_the_schedule_has_a_place_for_what_is_wrong_with_it(name: str) -> None:
    assert f'id:"{name}-error"' in str(schedule_form("Save"))


def test_the_name_of_an_integration_has_a_place_for_what_is_wrong_with_it() -> None:
    assert 'id:"name-error"' in str(wizard())
