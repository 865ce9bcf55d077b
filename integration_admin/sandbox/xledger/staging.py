"""Decides whether the lines of addGLImportItems may be staged, and makes vouchers of them.

Input fields without a meaning in this simulation (payTerms, unit, ...) are accepted and ignored.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from integration_admin.sandbox.xledger.behaviour import Behaviour
from integration_admin.sandbox.xledger.catalogue import Catalogue, Row, usable_problem
from integration_admin.sandbox.xledger.problems import Problem, ProblemKind, Refused, invalid
from integration_admin.sandbox.xledger.vouchers import Line, Voucher, line_of, money
from integration_admin.sandbox.xledger.world import Entity, World

MAX_NODES = 500
"""Xledger's own limit for mass mutations (facts S2)."""
REQUIRED = ("trRegNumber", "account", "postedDate", "amount")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,2})?")


@dataclass(slots=True)
class _Draft:
    """A voucher while it is checked."""

    voucher: Voucher
    problems: list[Problem]


class Staging:
    """Checks one mutation for `entity`; `staged_at` and `stamp` are the time of it."""

    def __init__(
        self, world: World, behaviour: Behaviour, entity: Entity, *, staged_at: float, stamp: str
    ) -> None:
        self._world = world
        self._behaviour = behaviour
        self._entity = entity
        self._staged_at = staged_at
        self._stamp = stamp

    def check(self, inputs: Sequence[Row], stage: Callable[[list[Voucher]], None]) -> list[Line]:
        """Stage the vouchers of `inputs` and return their lines in the order they came.

        Raises Refused with every problem found; then nothing is staged, or only the vouchers before
        the first bad one where the behaviour is not atomic.
        """
        if len(inputs) > MAX_NODES:
            raise Refused([invalid(f"inputs: A maximum of {MAX_NODES} nodes is allowed.")])
        drafts: dict[tuple[int, int | None], _Draft] = {}
        lines = [self._line(entry["node"], drafts) for entry in inputs]
        for draft in drafts.values():
            # With a line left out the sum says nothing.
            draft.problems = draft.problems or list(_imbalance(draft.voucher))
        good: list[Voucher] = []
        for draft in drafts.values():
            if draft.problems:
                break
            good.append(draft.voucher)
        problems = {problem.message: problem for draft in drafts.values() for problem in draft.problems}
        if not problems or not self._behaviour.atomic:
            stage(good)
        if problems:
            raise Refused(list(problems.values()))
        return [line for line in lines if line is not None]

    def _line(self, node: Row, drafts: dict[tuple[int, int | None], _Draft]) -> Line | None:
        """Add one line to the draft of its voucher, or its problems."""
        problems: list[Problem] = []
        entity = self._owner(node, problems)
        number = node.get("trRegNumber")
        draft = drafts.get((entity.db_id, number))
        if draft is None:
            voucher = Voucher(entity.db_id, number or 0, self._staged_at, self._stamp)
            draft = drafts[entity.db_id, number] = _Draft(voucher, [])
        problems += [invalid(f"{name}: Required.") for name in REQUIRED if node.get(name) is None]
        problems += self._date_problems(node, entity)
        found = self._look_up(node, entity, problems)
        if problems:
            draft.problems.extend(problems)
            return None
        found.setdefault("currency", self._world.currencies.rows[0])
        line = _build(draft.voucher, node, found)
        draft.voucher.lines.append(line)
        return line

    def _owner(self, node: Row, problems: list[Problem]) -> Entity:
        """Return the entity a line is for: the token's, or one below it that `owner` or `entity` names."""
        for name in ("owner", "entity"):
            lookup = node.get(name)
            if not lookup:
                continue
            reachable = Catalogue(self._world.entity(db_id).row for db_id in sorted(self._entity.reach))
            try:
                row = reachable.find(lookup, name, self._entity.db_id, self._entity.reach)
            except Problem as problem:
                problems.append(problem)
            else:
                return self._world.entity(row["dbId"])
        return self._entity

    def _date_problems(self, node: Row, entity: Entity) -> Iterator[Problem]:
        for name in ("postedDate", "invoiceDate", "dueDate"):
            value = node.get(name)
            if value is not None and not _is_date(value):
                yield invalid(f"{name}: '{value}' is not a date.")
                return
        posted = node.get("postedDate")
        refuse = self._behaviour.closed_period == "refuse"
        if posted and refuse and not self._world.period_is_open(entity.db_id, posted):
            yield invalid(f"postedDate: The period {posted[:7]} is closed.")

    def _look_up(self, node: Row, entity: Entity, problems: list[Problem]) -> dict[str, Row]:
        """Find everything the line points at; what is missing or unusable goes into `problems`."""
        found: dict[str, Row] = {}
        posted = node.get("postedDate") or ""
        for name, catalogue in self._world.lookups(entity).items():
            lookup = node.get(name)
            if not lookup:
                continue
            try:
                row = catalogue.find(lookup, name, entity.db_id, entity.above)
            except Problem as problem:
                problems.append(problem)
                continue
            reason = usable_problem(row, posted)
            if reason:
                problems.append(invalid(f"{name}: Value '{row.get('code')}' {reason}."))
            found[name] = row
        account = found.get("account")
        if account and account["ledgerType"] and "subledger" not in found:
            problems.append(invalid(f"subledger: Required by account '{account['code']}'."))
        return found


def coerce_amount(value: Any) -> str:
    """Accept a decimal string as an amount; JSON numbers are refused. Raises ValueError."""
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        detail = f"Expected a decimal string such as '101.00', found {value!r}."
        raise ValueError(detail)
    return value


def _build(voucher: Voucher, node: Row, found: dict[str, Row]) -> Line:
    amount = _minor(node["amount"])
    invoiced = node.get("invoiceAmount")
    return line_of(
        voucher,
        found,
        amounts=(amount, amount if invoiced is None else _minor(invoiced)),
        posted_date=node["postedDate"],
        texts=(
            node.get("text"),
            node.get("invoiceNumber"),
            node.get("invoiceDate"),
            node.get("dueDate"),
        ),
        ext_identifier=node.get("extIdentifier"),
    )


def _imbalance(voucher: Voucher) -> Iterator[Problem]:
    total = sum(line.amount for line in voucher.lines)
    if total:
        yield Problem(
            ProblemKind.VALIDATION,
            f"inputs: Voucher {voucher.number} does not balance. The difference is {money(total)}.",
            extensions={"code": "INVALID_VALUE", "trRegNumber": voucher.number},
        )


def _minor(amount: str) -> int:
    """Return hundredths of a decimal string that coerce_amount accepted."""
    whole, _, decimals = amount.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (int(whole.lstrip("-")) * 100 + int(decimals.ljust(2, "0") or 0))


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
