"""The second step of vouchers with dimensions: their lines are in the journal, now each gets its dimensions.

A line's id is only known once it is there, so one batch cannot do both. Until this step is through, the
voucher's first line bears a comment that says so; taking it away is part of the same transaction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from integration_admin.adapters.base import Voucher
from integration_admin.adapters.dynamics.business_central.batch import Operation
from integration_admin.adapters.dynamics.business_central.entries import Line
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.business_central.vouchers import (
    first_number,
    wanted_dimensions,
)


def operations(
    voucher: Voucher, lines: Iterable[Line], place: Place, dimensions: tuple[str, ...]
) -> list[Operation]:
    """Return what a voucher's lines still need, the first line's comment last; nothing where all is there.

    A dimension that came by itself, from the account or the employee, is changed where it differs.
    """
    by_number = {line.number: line for line in lines}
    needed = []
    for offset, wanting in enumerate(voucher.lines):
        line = by_number.get(first_number(voucher) + offset)
        if line is not None:
            path = f"{_path(line=line, place=place)}/dimensionSetLines"
            wanted = wanted_dimensions(wanting, dimensions)
            needed += list(changes(voucher.reference, path, line.dimensions, wanted))
    first = by_number.get(first_number(voucher))
    if first is not None and first.comment:
        needed.append(Operation(voucher.reference, "PATCH", _path(line=first, place=place), {"comment": ""}))
    return needed


def changes(
    reference: str, path: str, there: Mapping[str, tuple[str, str]], wanted: Mapping[str, str]
) -> Iterator[Operation]:
    """Yield what makes the dimensions at `path` the wanted ones (code -> value code), others left alone.

    `there` is code -> (the dimension's id, value code).
    """
    for code, value in wanted.items():
        held = there.get(code)
        if held is None:
            yield Operation(reference, "POST", path, {"code": code, "valueCode": value})
        elif held[1] != value.upper():
            yield Operation(reference, "PATCH", f"{path}({held[0]})", {"valueCode": value})


def withdrawal(voucher: Voucher, ids: Sequence[str], place: Place) -> list[Operation]:
    """Return the operations that take a voucher's lines out of the journal again."""
    return [
        Operation(voucher.reference, "DELETE", f"{place.in_journal}/journalLines({name})") for name in ids
    ]


def groups(needed: Iterable[list[Operation]], most: int) -> Iterator[list[Operation]]:
    """Yield the operations of many vouchers in batches, whole vouchers where they fit.

    One that needs more than a batch is divided; its comment goes last, so that it is whole only then.
    """
    group: list[Operation] = []
    for of_voucher in needed:
        if group and len(group) + len(of_voucher) > most:
            yield group
            group = []
        group = group + of_voucher
        while len(group) > most:
            yield group[:most]
            group = group[most:]
    if group:
        yield group


def _path(*, line: Line, place: Place) -> str:
    return f"{place.in_journal}/journalLines({line.id})"
