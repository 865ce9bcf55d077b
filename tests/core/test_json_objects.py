"""A name that stands twice in a JSON object is never read as either of its values."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from integration_admin.core.json_objects import TWICE, read_object
from integration_admin.services.record_reasons import Reason
from integration_admin.services.records import Receipt, check
from tests.builders import make_activity, make_claim, make_reimbursement

SENTENCE = "This field is there twice, so nobody can tell which value is meant."


def places(raw: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every named value."""
    for name, value in raw.items() if isinstance(raw, dict) else enumerate(raw):
        if isinstance(raw, dict):
            yield (*above, name)
        if isinstance(value, dict | list):
            yield from places(value, (*above, name))


def with_twice(raw: Any, place: tuple[str | int, ...]) -> Any:
    """Return a record as it is read when the name at `place` stands twice."""
    (step, *rest), copy = place, raw.copy()
    copy[step] = with_twice(raw[step], tuple(rest)) if rest else TWICE
    return copy


@pytest.mark.parametrize("record", [make_claim(total="412.00"), make_reimbursement(), make_activity()])
def test_whichever_field_of_a_record_is_there_twice_the_record_is_refused_for_it(
    record: dict[str, Any],
) -> None:
    for place in places(record):
        receipt = check(with_twice(record, place))
        assert isinstance(receipt, Receipt), place
        field = ".".join(str(step + 1) if isinstance(step, int) else step for step in place)
        (reason,) = receipt.reasons
        assert reason == Reason(field, reason.message)
        assert str(reason.message) == SENTENCE


def test_objects_without_doubled_names_are_read_as_ever() -> None:
    text = '{"a": {"b": 1}, "c": [{"a": 2}, {"a": 3}]}'
    assert json.loads(text, object_pairs_hook=read_object) == json.loads(text)


def test_only_what_is_there_twice_is_taken_out() -> None:
    read = json.loads('{"a": 1, "b": 2, "a": 1}', object_pairs_hook=read_object)
    assert read == {"a": TWICE, "b": 2}
