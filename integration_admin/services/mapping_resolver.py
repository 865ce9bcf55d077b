"""Applying a field mapping: an expense claim becomes a voucher, or a list of what is wrong with it.

A mapping is compiled once and then applied to any number of claims. Judging a mapping before it is
saved lives in config_validator.py.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from integration_admin.adapters.base import Level, TargetField, Voucher, VoucherLine
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import CLAIM_SOURCES, SOURCES, FieldMapping, Mapping
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import ClaimLine, ExpenseClaim
from integration_admin.services.mapping_readers import PLACEHOLDER, QuickReader, Reader, quick_reader, reader

CATEGORY = "line.category"
ACCOUNTS = "accounts"

_PERSONAL = frozenset({"claimant.name", "claimant.email", "claimant.bank_account"})
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a claim from being exported.

    `field` is the target field, empty when the whole claim is meant; `line` is the claim's own line number.
    """

    field: str
    line: int | None
    message: Message


class Unresolvable(InvalidInput):
    """A claim cannot become a voucher; `problems` holds every reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        message = problems[0].message
        if len(problems) > 1:
            message = msg("{count} things keep this claim from being exported.", count=len(problems))
        super().__init__(
            message,
            fields={problem.field: problem.message for problem in reversed(problems)},
            internal="; ".join(
                f"{problem.field or 'claim'}, line {problem.line}: {problem.message.template}"
                for problem in problems
            ),
        )
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one target field gets its value; `withheld` names an excluded source it would have read."""

    target: TargetField
    read: Reader
    quick: QuickReader
    source: str
    values: dict[str, str]
    tidy: bool
    cut: bool
    withheld: str


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping made ready for many claims. Made by `compile_mapping`."""

    voucher_plans: tuple[_Plan, ...]
    line_plans: tuple[_Plan, ...]
    faults: tuple[Problem, ...]
    """What is wrong with the mapping itself; no claim resolves until it is put right."""
    fingerprint: str = ""
    """Differs where the same claim would become another voucher."""

    def resolve(self, claim: ExpenseClaim, *, reference: str, number: int) -> Voucher:
        """Return `claim` as a voucher under `reference` and `number`.

        Lines of zero are left out. The voucher is dated by the approval, else by the submission.
        Raises Unresolvable with every problem found.
        """
        problems = list(self.faults)
        amounts = [(line, Money.parse(line.amount, claim.currency)) for line in claim.lines]
        day = claim.approved_on or claim.submitted_on
        problems += _whole_claim(claim, day, sum(amount.minor for _, amount in amounts))
        fields = _fill(self.voucher_plans, claim, None, problems)
        lines = tuple(
            VoucherLine(_fill(self.line_plans, claim, line, problems), amount)
            for line, amount in amounts
            if amount.minor
        )
        if problems or day is None:
            raise Unresolvable(problems)
        return Voucher(reference, number, claim.id, day, fields, lines)


def compile_mapping(
    mapping: Mapping, target_fields: Sequence[TargetField], excluded: frozenset[str]
) -> CompiledMapping:
    """Make `mapping` ready to be applied; sources in `excluded` resolve as empty.

    An excluded name covers what lies below it: `claimant` leaves out `claimant.email` too. What is
    wrong with the mapping itself does not raise here; every claim then fails with it.
    """
    known = {target.name: target for target in target_fields}
    faults = [
        Problem(name, None, msg("The accounting system has no field called “{name}”.", name=name))
        for name in mapping
        if name not in known
    ]
    plans: dict[Level, list[_Plan]] = {Level.VOUCHER: [], Level.LINE: []}
    for target in target_fields:
        field = mapping.get(target.name)
        if field is not None:
            faults += [Problem(target.name, None, fault) for fault in source_faults(target, field)]
            plans[target.level].append(_plan(target, field, excluded))
        elif target.required:
            faults.append(Problem(target.name, None, not_mapped(target)))
    said = repr((sorted(mapping.items()), sorted(excluded)))
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    return CompiledMapping(tuple(plans[Level.VOUCHER]), tuple(plans[Level.LINE]), tuple(faults), fingerprint)


def used_sources(field: FieldMapping) -> tuple[str, ...]:
    """Return the names of all claim fields `field` reads, known or not."""
    if field.compose is not None:
        return tuple(PLACEHOLDER.findall(field.compose))
    return () if field.source is None else (field.source,)


def source_faults(target: TargetField, field: FieldMapping) -> list[Message]:
    """Return one sentence for each source that `target` cannot be read from."""
    faults = []
    for source in used_sources(field):
        if source not in SOURCES:
            faults.append(msg("A claim has no field called “{source}”.", source=source[:_SHOWN]))
        elif target.level is Level.VOUCHER and source not in CLAIM_SOURCES:
            faults.append(
                msg(
                    "“{field}” is one value for the whole voucher and cannot be read from “{source}”, which differs from line to line.",
                    field=target.label,
                    source=source,
                )
            )
    return faults


def not_mapped(target: TargetField) -> Message:
    """Say that a required field is missing from the mapping."""
    return msg("“{field}” must be mapped; the accounting system demands it.", field=target.label)


def no_entry(target: TargetField, source: str, value: str) -> Message:
    """Say that a value map has no entry for `value`; what identifies a person is not repeated."""
    if source == CATEGORY and target.reference == ACCOUNTS:
        return msg("Category “{value}” has no account yet.", value=value)
    if source in _PERSONAL:
        return msg("The claimant has no entry in the value map of “{field}” yet.", field=target.label)
    return msg(
        "“{value}” has no entry in the value map of “{field}” yet.", value=value[:_SHOWN], field=target.label
    )


def is_free_text(target: TargetField) -> bool:
    """Tell whether a value may be shortened: a sentence for people may, a code may not."""
    return target.reference is None and (
        target.name in {"text", "description"} or target.name.endswith("_text")
    )


def _plan(target: TargetField, field: FieldMapping, excluded: frozenset[str]) -> _Plan:
    cut = is_free_text(target)
    withheld = [source for source in used_sources(field) if _is_excluded(source, excluded)]
    readable = CLAIM_SOURCES if target.level is Level.VOUCHER else SOURCES
    read = reader(field, frozenset(readable).difference(withheld))
    values = field.values if field.source else {}
    tidy = cut or field.compose is not None
    return _Plan(
        target=target,
        read=read,
        quick=quick_reader(read, values, tidy=tidy, limit=target.max_length),
        source=field.source or "",
        values=values,
        tidy=tidy,
        cut=cut,
        withheld=withheld[0] if withheld else "",
    )


def _is_excluded(source: str, excluded: frozenset[str]) -> bool:
    parts = source.split(".")
    return any(".".join(parts[:count]) in excluded for count in range(1, len(parts) + 1))


def _fill(
    plans: Sequence[_Plan], claim: ExpenseClaim, line: ClaimLine | None, problems: list[Problem]
) -> dict[str, str]:
    """Return the target fields of one level; what cannot be filled is added to `problems`."""
    fields: dict[str, str] = {}
    for plan in plans:
        value = plan.quick(claim, line)
        if value is None:
            value, fault = _look_closer(plan, claim, line)
            if fault:
                problems.append(Problem(plan.target.name, None if line is None else line.line, fault))
                continue
        if value:
            fields[plan.target.name] = value
    return fields


def _look_closer(plan: _Plan, claim: ExpenseClaim, line: ClaimLine | None) -> tuple[str, Message | None]:
    """Return the value, shortened where it may be, or why it cannot be sent."""
    value = plan.read(claim, line)
    if plan.tidy:
        value = " ".join(value.split())
    fault = None
    if value and plan.values:
        fault = None if value in plan.values else no_entry(plan.target, plan.source, value)
        value = plan.values.get(value, "")
    if len(value) > plan.target.max_length:
        value, fault = _shorten(plan, value)
    if not value and plan.target.required:
        fault = fault or _missing(plan)
    return value, fault


def _shorten(plan: _Plan, value: str) -> tuple[str, Message | None]:
    """Return the value cut to what the target holds, or say that it cannot be cut."""
    limit = plan.target.max_length
    if plan.cut:
        return value[: limit - 1].rstrip() + "…", None
    return value, msg(
        "The value for “{field}” is longer than the {count} characters it may have.",
        field=plan.target.label,
        count=limit,
    )


def _missing(plan: _Plan) -> Message:
    if plan.withheld:
        return msg(
            "“{field}” cannot be empty, and “{source}”, which it is read from, is excluded from what is sent.",
            field=plan.target.label,
            source=plan.withheld,
        )
    if plan.source:
        return msg(
            "“{field}” cannot be empty, and “{source}” has no value here.",
            field=plan.target.label,
            source=plan.source,
        )
    return msg("“{field}” cannot be empty.", field=plan.target.label)


def _whole_claim(claim: ExpenseClaim, day: date | None, total: int) -> list[Problem]:
    problems = []
    if day is None:
        problems.append(
            Problem("", None, msg("The claim has neither an approval date nor a submission date."))
        )
    if total <= 0:
        amount = Money(claim.currency, total).decimal()
        message = msg(
            "The claim adds up to {amount} {currency}. Only a claim above zero can be exported.",
            amount=amount,
            currency=claim.currency,
        )
        problems.append(Problem("", None, message))
    return problems
