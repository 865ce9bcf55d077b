"""The laboratory's own account of who holds the lock."""

from faults.events import LEFT, TAKEN
from faults.holder import LockHolder


def followed(*events: tuple[float, int, str]) -> LockHolder:
    holder = LockHolder()
    for event in events:
        holder.follow(*event)
    return holder


def test_a_lock_taken_while_another_living_process_has_it_is_an_overlap() -> None:
    holder = followed((1.0, 11, TAKEN), (2.0, 12, TAKEN))
    assert (holder.overlaps, holder.recoveries) == (1, [])


def test_a_lock_that_was_left_may_be_taken() -> None:
    holder = followed((1.0, 11, TAKEN), (2.0, 11, LEFT), (3.0, 12, TAKEN))
    assert (holder.pid, holder.overlaps) == (12, 0)


def test_a_lock_taken_before_the_kill_was_noted_is_a_recovery() -> None:
    holder = followed((1.0, 11, TAKEN))
    holder.died(11, 2.0)
    assert holder.pid == 0
    holder.follow(2.5, 12, TAKEN)
    assert (holder.pid, holder.overlaps, holder.recoveries) == (12, 0, [0.5])


def test_a_holder_that_is_heard_of_only_after_its_death_leaves_something_to_recover() -> None:
    holder = LockHolder()
    holder.died(11, 2.0)
    holder.follow(1.0, 11, TAKEN)
    holder.follow(2.5, 12, TAKEN)
    assert (holder.overlaps, holder.recoveries) == (0, [0.5])


def test_a_lock_taken_before_its_holder_was_killed_is_an_overlap_all_the_same() -> None:
    holder = LockHolder()
    holder.died(11, 2.0)
    holder.follow(1.0, 11, TAKEN)
    holder.follow(1.5, 12, TAKEN)
    assert holder.overlaps == 1


def test_a_holder_that_had_ended_its_run_before_it_died_leaves_nothing_to_recover() -> None:
    holder = followed((1.0, 11, TAKEN))
    holder.died(11, 2.0)
    holder.nothing_to_recover(3.0)
    holder.follow(60.0, 12, TAKEN)
    assert (holder.overlaps, holder.recoveries) == (0, [])


def test_a_process_that_bears_a_dead_ones_number_lives() -> None:
    holder = LockHolder()
    holder.died(11, 2.0)
    holder.follow(9.0, 11, TAKEN)
    assert holder.pid == 11
