"""Whether an audit log is as it was written: finds lines that were changed, removed, inserted or cut off.

What the hashes cover is in data/audit_chain.py. Who can write to the database can also write a whole new chain;
only a number and hash that somebody keeps elsewhere show that.
"""

import uuid
from dataclasses import dataclass, field

from integration_admin.core.messages import Message, msg
from integration_admin.data.audit_chain import BEGINNING, ChainLine, digest
from integration_admin.data.database import Database
from integration_admin.data.repositories.unit import Unit

_AT_ONCE = 1_000
_MOST_TOLD = 20


@dataclass(slots=True)
class ChainReport:
    """How many lines there are, the last one's number and hash, and what is wrong, by line; it grows as they are read."""

    lines: int = 0
    number: int = 0
    hash: str = BEGINNING
    _faults: list[Message] = field(default_factory=list)
    _untold: int = 0

    @property
    def whole(self) -> bool:
        """Whether every line is as it was written."""
        return not self._faults

    @property
    def faults(self) -> list[Message]:
        """Return what is wrong, and after the first twenty how much more there is."""
        if not self._untold:
            return list(self._faults)
        return [*self._faults, msg("Further places where the log is wrong: {count}.", count=self._untold)]

    def add(self, fault: Message) -> None:
        """Tell one more fault, or count it where enough are told."""
        if len(self._faults) < _MOST_TOLD:
            self._faults.append(fault)
        else:
            self._untold += 1


class AuditChainCheck:
    """Reads whole audit logs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def organisations(self) -> list[tuple[uuid.UUID, str]]:
        """Return every organisation's id and name."""
        async with self._database.system() as system:
            return [(row.id, row.name) for row in await system.organisations()]

    async def check(self, organisation_id: uuid.UUID) -> ChainReport:
        """Read an organisation's audit log from its first line to its last, and tell what is wrong."""
        report = ChainReport()
        async with self._database.read(organisation_id) as unit:
            head = await self._follow(unit, report)
        if head[0] > report.number:
            report.add(_cut_off(report.number, head[0]))
        elif head[0] < report.number:
            report.add(_behind(head[0]))
        elif head[1] != report.hash:
            report.add(msg("Line {number} is not the one that was written last.", number=head[0]))
        return report

    async def _follow(self, unit: Unit, report: ChainReport) -> tuple[int, str]:
        """Read on until the head says there is no more, for lines are added meanwhile; return the head."""
        while True:
            lines = await unit.audit.after(report.number, _AT_ONCE)
            for line, stored in lines:
                _judge(line, stored, report)
            if lines:
                continue
            head = await unit.audit.head()
            if head[0] <= report.number or not await unit.audit.after(report.number, 1):
                return head


def _judge(line: ChainLine, stored: str, report: ChainReport) -> None:
    """Compare one line with what it says of itself and with the line before it."""
    if line.number > report.number + 1:
        report.add(_missing(report.number + 1, line.number - 1))
    elif line.previous_hash != report.hash:
        report.add(
            msg(
                "Line {number} does not continue line {before}: one of them was inserted or written anew.",
                number=line.number,
                before=report.number,
            )
        )
    if digest(line) != stored:
        report.add(msg("Line {number} was changed.", number=line.number))
    report.lines += 1
    report.number, report.hash = line.number, stored


def _missing(first: int, last: int) -> Message:
    if first == last:
        return msg("Line {number} was removed.", number=first)
    return msg("Lines {first} to {last} were removed.", first=first, last=last)


def _cut_off(last: int, head: int) -> Message:
    return msg(
        "The log ends with line {last}, and {head} were written: its end was removed.", last=last, head=head
    )


def _behind(head: int) -> Message:
    return msg("Lines after line {number} were inserted: nobody wrote so many.", number=head)
