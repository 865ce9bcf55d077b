"""What an event's arguments must be before its handler sees them."""

from typing import Any

import pytest

from integration_admin.states.payloads import fits


class Page:
    async def load(self) -> None: ...

    async def choose(self, name: str, value: str) -> None: ...

    async def count(self, number: int, accept: bool = False) -> None: ...  # noqa: FBT001, FBT002, an event's argument

    async def save(self, form: dict) -> None: ...

    async def anything(self, value) -> None: ...  # noqa: ANN001, Reflex's own handlers have such


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        (Page.load, {}),
        (Page.choose, {"name": "day", "value": ""}),
        (Page.count, {"number": 3}),
        (Page.count, {"number": "3", "accept": True}),
        (Page.save, {"form": {}}),
        (Page.save, {"form": {"name": "Kari", "accept": True, "days": ["1", "2"], "none": None}}),
        (Page.save, {"form": {"__reflex_form_data__": [["day", "1"], ["day", "2"], ["accept", True]]}}),
        (Page.anything, {"value": object()}),
    ],
)
def test_what_pages_send_fits(handler: Any, payload: dict[str, Any]) -> None:
    assert fits(handler, payload)


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        (Page.load, {"self": 1}),
        (Page.load, {"unknown": 1}),
        (Page.choose, {"name": "day"}),
        (Page.choose, {"name": "day", "value": None}),
        (Page.choose, {"name": ["day"], "value": "x"}),
        (Page.count, {"number": "three"}),
        (Page.count, {"number": 1.5}),
        (Page.count, {"number": "9" * 5_000}),
        (Page.save, {"form": "x"}),
        (Page.save, {"form": []}),
        (Page.save, {"form": {"name": {"a": 1}}}),
        (Page.save, {"form": {"name": [["a"]]}}),
        (Page.save, {"form": {"__reflex_form_data__": "x"}}),
        (Page.save, {"form": {"__reflex_form_data__": [["day"]]}}),
        (Page.save, {"form": {"__reflex_form_data__": [[1, "x"]]}}),
    ],
)
def test_anything_else_does_not(handler: Any, payload: dict[str, Any]) -> None:
    assert not fits(handler, payload)
