"""Who holds the lock, as the workers' events and the driver's kills tell. Nothing here looks at a lock."""

from dataclasses import dataclass, field

from faults.events import LEFT, TAKEN


@dataclass(slots=True)
class LockHolder:
    """Follows one lock from process to process.

    Events and deaths are put in order by their times: a kill takes a while to be over, and the next process
    may have taken the lock, and said so, before the driver gets to note the death.
    """

    recoveries: list[float] = field(default_factory=list)
    """Seconds from the death of a process that had the lock until another had taken it."""
    overlaps: int = 0
    """How often the lock was taken while another living process had it."""
    _taken_by: int = 0
    _deaths: dict[int, float] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        """The living process that has the lock, or 0."""
        return 0 if self._taken_by in self._deaths else self._taken_by

    def follow(self, at: float, pid: int, name: str) -> None:
        """Note what a process said it did; `at` in monotonic seconds."""
        if name == TAKEN:
            self._passes_to(pid, at)
        elif name == LEFT and self._taken_by == pid:
            self._taken_by = 0

    def died(self, pid: int, at: float) -> None:
        """Note that a process was killed; `at` is right before the kill."""
        self._deaths[pid] = at

    def nothing_to_recover(self, at: float) -> None:
        """Note that at some instant no run was unfinished: a holder dead by then had just ended it."""
        if self._deaths.get(self._taken_by, at) < at:
            self._taken_by = 0

    def _passes_to(self, pid: int, at: float) -> None:
        died_at = self._deaths.get(self._taken_by)
        if died_at is not None and died_at <= at:
            self.recoveries.append(at - died_at)
        else:
            self.overlaps += self._taken_by not in {0, pid}
        self._taken_by = pid
        # The machine may give a dead process's number to a new one.
        if self._deaths.get(pid, at) < at:
            del self._deaths[pid]
