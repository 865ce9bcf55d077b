"""Each mishap by itself: the books are right after every step and in the end.

Longer stories are drawn in test_engine_model.py.
"""

import asyncio
from collections.abc import Iterator

import pytest

from tests.fakes import FakeClock
from tests.services.far_side import LATEST_BOOKING, FarSide, Mishap, Question
from tests.services.losing_locks import LosingLocks
from tests.services.story import NewEngine, Story, make_template

ACTIONS = ["cancel", "pause", "revise", "withdraw", "receive", "rival", "retry", "decide"]
IN_BATCHES, SEVERAL_AT_ONCE, ONE_BY_ONE = (3, 1), (1, 3), (1, 1)
"""Vouchers in a batch and batches in flight."""


@pytest.fixture
def story(sqlite_url: str, new_engine: NewEngine, clock: FakeClock) -> Iterator[Story]:
    """A story that must end well."""
    told = Story(asyncio.run(make_template(sqlite_url, new_engine, clock)))
    try:
        yield told
        told.do(told.come_to_rest())
    finally:
        told.close()


def shape(story: Story, batch_size: int, in_flight: int, *, lookup: bool = True) -> None:
    story.far.capabilities = FarSide(story.clock, batch_size, in_flight, lookup=lookup).capabilities


def go_on(story: Story) -> None:
    """Let minutes pass in which the scheduler ticks, and look at the books each time."""
    story.do(story.check())
    for seconds in (1, 61, 901):
        story.clock.advance(seconds)
        story.far.catch_up()
        story.do(story.tick_and_work(story.engine))
        story.do(story.check())


@pytest.mark.parametrize("mishap", Mishap)
def test_each_mishap_of_a_batch_ends_well(story: Story, mishap: Mishap) -> None:
    shape(story, *IN_BATCHES)
    story.begin(7, [(mishap, LATEST_BOOKING)], [], calm=True)
    story.do(story.export())
    go_on(story)


@pytest.mark.parametrize("mishap", Mishap)
def test_each_mishap_of_one_send_of_several_ends_well_where_nothing_can_be_looked_up(
    story: Story, mishap: Mishap
) -> None:
    shape(story, *SEVERAL_AT_ONCE, lookup=False)
    story.begin(7, [(mishap, LATEST_BOOKING)], [], calm=True)
    story.do(story.export())
    go_on(story)


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_somebody_else_does_during_a_send_ends_well(story: Story, action: str) -> None:
    shape(story, *SEVERAL_AT_ONCE)
    story.begin(7, [(Mishap.LOST_AFTER, 1)], [action, action], calm=True)
    story.do(story.export())
    go_on(story)


@pytest.mark.parametrize("question", Question)
def test_a_lookup_that_fails_too_ends_well(story: Story, question: Question) -> None:
    shape(story, *IN_BATCHES)
    story.begin(7, [(Mishap.BOOKED_LATE, LATEST_BOOKING)], [], calm=True)
    story.far.questions.extend([question, question])
    story.do(story.export())
    go_on(story)


@pytest.mark.parametrize("lasts", [1, 2])
@pytest.mark.parametrize("mishap", [None, Mishap.LOST_BEFORE, Mishap.BOOKED_LATE, Mishap.DIED_AFTER])
def test_a_process_that_wakes_up_when_another_has_long_taken_over_sends_nothing_more(
    story: Story, mishap: Mishap | None, lasts: int
) -> None:
    shape(story, *ONE_BY_ONE)
    story.begin(7, [(mishap, LATEST_BOOKING)] if mishap else [], [], calm=True)
    story.engine.runner._locks = LosingLocks(story.engine.locks, lasts, story.take_over)
    story.do(story.export())
    story.engine.runner._locks = story.engine.locks
    go_on(story)


@pytest.mark.parametrize("second", [Mishap.DIED_BEFORE, Mishap.DIED_AFTER, Mishap.DIED_LATE])
def test_two_deaths_in_a_row_end_well(story: Story, second: Mishap) -> None:
    shape(story, *IN_BATCHES)
    story.begin(7, [(Mishap.DIED_LATE, LATEST_BOOKING), (second, LATEST_BOOKING)], [], calm=True)
    story.do(story.export())
    go_on(story)
    go_on(story)
