"""What is staged, refused and booked. Nothing here is unique: the same reference may be booked twice.

Whether a voucher may be staged is decided in staging.py.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any, Protocol

from integration_admin.core.clock import Clock
from integration_admin.sandbox.xledger.behaviour import Behaviour
from integration_admin.sandbox.xledger.catalogue import Row, usable_problem
from integration_admin.sandbox.xledger.dimensions import COST_CENTRE, PROJECT
from integration_admin.sandbox.xledger.limits import local_time
from integration_admin.sandbox.xledger.vouchers import Decision, Line, Voucher, VoucherState, money
from integration_admin.sandbox.xledger.world import World

_FIRST_ITEM = 40_000_001
_FIRST_ENTRY = 90_000_001
_FIRST_ERROR = 50_001


class Recorder(Protocol):
    """Is told of every change before it happens; what it raises keeps the change from happening."""

    def staged(self, vouchers: Sequence[Voucher]) -> None:
        """Note that these vouchers join the import queue."""
        ...

    def decided(self, decisions: Sequence[Decision]) -> None:
        """Note what becomes of the vouchers that have waited longest, in their order."""
        ...


class Ledger:
    """The import queue and the journal of all entities."""

    def __init__(self, world: World, behaviour: Behaviour, clock: Clock) -> None:
        self._world = world
        self._behaviour = behaviour
        self._clock = clock
        self._waiting: deque[Voucher] = deque()
        self._next_item = _FIRST_ITEM
        self._imported: dict[int, Line] = {}
        self._by_reference: dict[str, list[Line]] = {}
        self._times_booked: Counter[str] = Counter()
        self.recorder: Recorder | None = None
        self.vouchers: list[Voucher] = []
        """Every booked voucher, oldest first."""
        self.entries: list[Line] = []
        """The journal: the lines of booked vouchers, by dbId."""
        self.errors: list[Row] = []
        """Why staged lines were refused."""

    @property
    def staged(self) -> int:
        """How many vouchers wait to be booked."""
        return len(self._waiting)

    @property
    def doubles(self) -> int:
        """How many booked vouchers carry a reference that was booked before."""
        return sum(times - 1 for times in self._times_booked.values())

    @property
    def items(self) -> list[Line]:
        """The import queue: staged and refused lines, by dbId. Booked lines have left it (assumed)."""
        return list(self._imported.values())

    def stage(self, vouchers: Sequence[Voucher]) -> None:
        """Put vouchers into the import queue."""
        if vouchers and self.recorder:
            self.recorder.staged(vouchers)
        for voucher in vouchers:
            self._waiting.append(voucher)
            for line in voucher.lines:
                line.db_id = self._next_item
                self._imported[line.db_id] = line
                self._next_item += 1
                if line.ext_identifier is not None:
                    self._by_reference.setdefault(line.ext_identifier, []).append(line)

    def process(self) -> None:
        """Book what has been staged long enough, or refuse it line by line."""
        horizon = self._clock.monotonic() - self._behaviour.processing_delay
        due = list(takewhile(lambda voucher: voucher.staged_at <= horizon, self._waiting))
        if not due:
            return
        stamp = local_time(self._clock.now())
        decisions = [Decision(stamp, self._obstacles(voucher)) for voucher in due]
        if self.recorder:
            self.recorder.decided(decisions)
        for decision in decisions:
            self.decide(decision)

    def decide(self, decision: Decision) -> None:
        """Book or refuse the voucher that has waited longest. Raises LookupError where none waits."""
        voucher = self._waiting.popleft()
        if decision.obstacles:
            self._reject(voucher, decision)
        else:
            self._book(voucher, decision.stamp)

    def lines_with(self, references: Iterable[str], *, booked: bool) -> list[Line]:
        """Return the journal's or the import queue's lines with one of these extIdentifiers, by dbId."""
        found = [
            line
            for reference in dict.fromkeys(references)
            for line in self._by_reference.get(reference, ())
            if (line.voucher.state is VoucherState.BOOKED) is booked
        ]
        return sorted(found, key=lambda line: line.db_id)

    def listing(self, reference: str | None = None, *, latest: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield what is booked, one entry a voucher and extIdentifier: a double shows as two entries.

        `reference` keeps one extIdentifier only; `latest` yields that many vouchers, newest first.
        """
        wanted = self.vouchers if latest is None else self.vouchers[: -latest - 1 : -1]
        if reference is not None:
            lines = self.lines_with([reference], booked=True)
            wanted = list(dict.fromkeys(line.voucher for line in lines))
        for voucher in wanted:
            for key, lines in _by_identifier(voucher).items():
                if reference is None or key == reference:
                    yield _entry(key, lines, self._times_booked[key or ""])

    def _obstacle(self, line: Line) -> str | None:
        """Return why a staged line cannot be booked now."""
        if not self._world.period_is_open(line.voucher.owner, line.posted_date):
            return f"postedDate: The period {line.posted_date[:7]} is closed."
        problem = usable_problem(line.account)
        return problem and f"account: Value '{line.account['code']}' {problem}."

    def _obstacles(self, voucher: Voucher) -> tuple[tuple[int, str], ...]:
        reasons = ((place, self._obstacle(line)) for place, line in enumerate(voucher.lines))
        return tuple((place, reason) for place, reason in reasons if reason)

    def _reject(self, voucher: Voucher, decision: Decision) -> None:
        voucher.state = VoucherState.REJECTED
        for place, reason in decision.obstacles:
            self.errors.append(
                {
                    "dbId": str(_FIRST_ERROR + len(self.errors)), "ownerDbId": voucher.owner,
                    "transactionDbId": str(voucher.lines[place].db_id), "message": reason,
                    "errorLevel": {"code": "ERROR", "name": "Error"},
                    "createdAt": decision.stamp, "modifiedAt": decision.stamp,
                }
            )  # fmt: skip

    def _book(self, voucher: Voucher, stamp: str) -> None:
        voucher.state = VoucherState.BOOKED
        voucher.transaction_number = len(self.vouchers) + 1
        voucher.stamp = stamp
        self.vouchers.append(voucher)
        for line in voucher.lines:
            del self._imported[line.db_id]
            line.db_id = _FIRST_ENTRY + len(self.entries)
            self.entries.append(line)
        self._times_booked.update({line.ext_identifier for line in voucher.lines if line.ext_identifier})


def _by_identifier(voucher: Voucher) -> dict[str | None, list[Line]]:
    """Group a voucher's lines by extIdentifier; lines without one go with the voucher's first."""
    first = voucher.reference
    groups: dict[str | None, list[Line]] = {}
    for line in voucher.lines:
        groups.setdefault(line.ext_identifier or first, []).append(line)
    return groups


def _entry(reference: str | None, lines: list[Line], times: int) -> dict[str, Any]:
    """Describe one booked voucher; amounts are in the currency of its lines.

    It comes to what the line with its extIdentifier credits, else to its debits.
    """
    amounts = [line.invoice_amount for line in lines]
    credited = -sum(line.invoice_amount for line in lines if line.ext_identifier)
    return {
        "reference": reference,
        "amount": money(credited if credited > 0 else sum(amount for amount in amounts if amount > 0)),
        "currency": lines[0].currency["code"],
        "balanced": sum(amounts) == 0 and sum(line.amount for line in lines) == 0,
        "posted_date": lines[0].posted_date,
        "voucher_number": lines[0].voucher.number,
        "transaction_number": lines[0].voucher.transaction_number,
        "entity": lines[0].voucher.owner,
        "count": max(times, 1),
        "lines": [_entry_line(line, amount) for line, amount in zip(lines, amounts, strict=True)],
    }


def _entry_line(line: Line, amount: int) -> dict[str, Any]:
    project = line.project["code"] if line.project else line.code_of_kind(PROJECT)
    return {
        "account": line.account["code"],
        "amount": money(amount),
        "text": line.texts[0],
        "cost_centre": line.code_of_kind(COST_CENTRE),
        "project": project,
        "tax_rule": line.tax_rule["code"] if line.tax_rule else None,
    }
