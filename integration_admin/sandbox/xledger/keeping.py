"""How the ledger's changes are written to a journal and read back at the next start.

Kept is what was staged, booked and refused. Tokens, limits, faults, behaviour and closed accounts
and periods begin anew.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.xledger.catalogue import Catalogue
from integration_admin.sandbox.xledger.ledger import Ledger
from integration_admin.sandbox.xledger.vouchers import Decision, Line, Texts, Voucher, line_of
from integration_admin.sandbox.xledger.world import World


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Line(_Kept):
    amount: int
    invoice_amount: int
    posted_date: str
    texts: Texts
    ext_identifier: str | None
    found: dict[str, int]
    """Input field -> dbId of what it points at."""


class _Voucher(_Kept):
    owner: int
    number: int
    stamp: str
    lines: list[_Line]


class _Staged(_Kept):
    """The vouchers of one mutation; a single line, so that they come back together or not at all."""

    event: Literal["staged"] = "staged"
    vouchers: list[_Voucher]


class _Decided(_Kept):
    """The voucher that had waited longest was booked, or refused where there are obstacles."""

    event: Literal["decided"] = "decided"
    stamp: str
    obstacles: tuple[tuple[int, str], ...] = ()


_ENTRY: TypeAdapter[_Staged | _Decided] = TypeAdapter(
    Annotated[_Staged | _Decided, Field(discriminator="event")]
)


class Keeper:
    """Writes down what happens to a ledger, and lets it happen to a new one."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def staged(self, vouchers: Sequence[Voucher]) -> None:
        """Write down that vouchers were staged. Raises OSError."""
        self._write([_Staged(vouchers=[_kept_voucher(voucher) for voucher in vouchers])])

    def decided(self, decisions: Sequence[Decision]) -> None:
        """Write down what became of the vouchers that had waited longest. Raises OSError."""
        self._write([_Decided(stamp=stamp, obstacles=obstacles) for stamp, obstacles in decisions])

    def forget(self) -> None:
        """Forget everything written so far."""
        self._journal.clear()

    def restore(self, ledger: Ledger, world: World, staged_at: float) -> None:
        """Bring an empty ledger to where the last one ended.

        What still waits to be booked waits from `staged_at` (monotonic seconds) on. Raises
        ConfigurationError for a line that does not fit.
        """
        for place, line in enumerate(self._journal.lines(), start=1):
            try:
                entry = _ENTRY.validate_json(line)
                if isinstance(entry, _Staged):
                    ledger.stage([_voucher(kept, world, staged_at) for kept in entry.vouchers])
                else:
                    ledger.decide(Decision(entry.stamp, entry.obstacles))
            except (ValidationError, LookupError) as error:
                raise ConfigurationError(
                    msg(
                        "Line {line} of “{path}” is damaged. Delete the file to start with an empty ledger.",
                        line=place,
                        path=self._journal.path,
                    )
                ) from error

    def _write(self, entries: Sequence[BaseModel]) -> None:
        self._journal.append(entry.model_dump_json().encode() for entry in entries)


def _kept_voucher(voucher: Voucher) -> _Voucher:
    return _Voucher.model_construct(
        owner=voucher.owner,
        number=voucher.number,
        stamp=voucher.stamp,
        lines=[_kept_line(line) for line in voucher.lines],
    )


def _kept_line(line: Line) -> _Line:
    return _Line.model_construct(
        amount=line.amount,
        invoice_amount=line.invoice_amount,
        posted_date=line.posted_date,
        texts=line.texts,
        ext_identifier=line.ext_identifier,
        found={name: int(row["dbId"]) for name, row in line.found().items()},
    )


def _voucher(kept: _Voucher, world: World, staged_at: float) -> Voucher:
    """Make the voucher again. Raises LookupError where the world lacks something it points at."""
    voucher = Voucher(kept.owner, kept.number, staged_at, kept.stamp)
    catalogues = world.lookups(world.entity(kept.owner))
    voucher.lines += [_line(voucher, line, catalogues) for line in kept.lines]
    return voucher


def _line(voucher: Voucher, kept: _Line, catalogues: Mapping[str, Catalogue]) -> Line:
    return line_of(
        voucher,
        {name: catalogues[name].with_db_id(db_id) for name, db_id in kept.found.items()},
        amounts=(kept.amount, kept.invoice_amount),
        posted_date=kept.posted_date,
        texts=kept.texts,
        ext_identifier=kept.ext_identifier,
    )
