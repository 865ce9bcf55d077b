"""Applying a field mapping: a record becomes a voucher, or a list of what is wrong with it.

A mapping is compiled once and then applied to any number of records. How a single field is filled is in
mapping_plans.py, what is particular to reimbursements in mapping_reimbursements.py. Judging a mapping before
it is saved lives in config_validator.py.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from integration_admin.adapters.base import Level, TargetField, Voucher, VoucherLine
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import CATEGORY_PREFIX, SOURCES, VOUCHER_SOURCES, FieldMapping, Mapping
from integration_admin.core.messages import Message, amount, msg
from integration_admin.core.money import Money
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT, ExpenseClaim, Reimbursement
from integration_admin.services.mapping_plans import (
    Plan,
    Problem,
    excluded_categories,
    fill,
    make_plan,
    used_sources,
)
from integration_admin.services.mapping_readers import OF_CLAIMS, OF_LINES
from integration_admin.services.mapping_reimbursements import (
    PAYMENT_ACCOUNT,
    PaymentPlans,
    unmapped_payment,
)
from integration_admin.services.mapping_words import origin_label

_SHOWN = 80
_IN_ANY_VOUCHER = frozenset({"id", "currency", "approved_on", "submitted_on", "paid_on"})
"""A voucher has its record's number, currency and date whatever is mapped."""


WITHOUT_DATE = msg("The claim has neither an approval date nor a submission date.")
CLAIM_OF_NOTHING = msg("The claim adds up to {amount} {currency}. Only a claim above zero can be exported.")


class Unresolvable(InvalidInput):
    """A record of `kind` cannot become a voucher; `problems` holds every reason."""

    def __init__(self, problems: Sequence[Problem], kind: str = EXPENSE_CLAIM) -> None:
        message = problems[0].message
        if len(problems) > 1:
            message = _several(len(problems), kind)
        super().__init__(
            message,
            fields={problem.field: problem.message for problem in reversed(problems)},
            internal="; ".join(
                f"{problem.field or kind}, line {problem.line}: {problem.message.template}"
                for problem in problems
            ),
        )
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping made ready for many records. Made by `compile_mapping`."""

    voucher_plans: tuple[Plan, ...]
    line_plans: tuple[Plan, ...]
    faults: tuple[Problem, ...]
    """What is wrong with the mapping itself; nothing resolves until it is put right."""
    payment_target: TargetField | None = None
    """Where the account goes that reimbursements were paid from, if the accounting system has it."""
    payments: PaymentPlans | None = None
    """How reimbursements are exported; None where no account is mapped that they were paid from."""
    fingerprint: str = ""
    """Differs where the same record would become another voucher."""
    left_out: frozenset[str] = frozenset()
    """Expense categories of which nothing is exported: a claim that has one stays whole, for a part would be a wrong amount."""

    def sources_read(self) -> frozenset[str]:
        """Return every field of a record that can get into a voucher: those of the plans, and what any voucher has."""
        plans = self.voucher_plans + self.line_plans
        if self.payments is not None:
            plans += self.payments.plans
        return _IN_ANY_VOUCHER.union(*(plan.reads for plan in plans))

    def resolve(self, claim: ExpenseClaim, *, reference: str, number: int) -> Voucher:
        """Return `claim` as a voucher under `reference` and `number`.

        Lines of zero are left out. The voucher is dated by the approval, else by the submission.
        Raises Unresolvable with every problem found.
        """
        problems = list(self.faults)
        amounts = [(line, Money.parse(line.amount, claim.currency)) for line in claim.lines]
        day = claim.approved_on or claim.submitted_on
        total = sum([amount.minor for _, amount in amounts])
        if day is None or total <= 0:
            problems += _whole_claim(claim, day, total)
        fields = fill(self.voucher_plans, claim, None, problems)
        lines = [
            VoucherLine(fill(self.line_plans, claim, line, problems), amount)
            for line, amount in amounts
            if amount.minor
        ]
        if problems or day is None:
            raise Unresolvable(problems)
        return Voucher(reference, number, claim.id, day, fields, tuple(lines))

    def resolve_reimbursement(self, payment: Reimbursement, *, reference: str, number: int) -> Voucher:
        """Return `payment` as a voucher under `reference` and `number`, dated by the day it was paid.

        Raises Unresolvable with every problem found.
        """
        problems = list(self.faults)
        if self.payments is None:
            raise Unresolvable([*problems, unmapped_payment(self.payment_target)], REIMBURSEMENT)
        voucher = self.payments.resolve(payment, reference=reference, number=number, problems=problems)
        if problems:
            raise Unresolvable(problems, REIMBURSEMENT)
        return voucher


def compile_mapping(
    mapping: Mapping, target_fields: Sequence[TargetField], excluded: frozenset[str]
) -> CompiledMapping:
    """Make `mapping` ready to be applied; sources in `excluded` resolve as empty.

    An excluded name covers what lies below it: `claimant` leaves out `claimant.email` too. What is
    wrong with the mapping itself does not raise here; every record then fails with it.
    """
    known = {target.name: target for target in target_fields}
    faults = [
        Problem(name, None, msg("The accounting system has no field called “{name}”.", name=name))
        for name in mapping
        if name not in known
    ]
    sources = {Level.VOUCHER: OF_CLAIMS, Level.LINE: {**OF_CLAIMS, **OF_LINES}}
    plans: dict[Level, list[Plan]] = {Level.VOUCHER: [], Level.LINE: []}
    for target in target_fields:
        field = mapping.get(target.name)
        if field is not None:
            faults += [Problem(target.name, None, fault) for fault in source_faults(target, field)]
            if target.name != PAYMENT_ACCOUNT:
                plans[target.level].append(make_plan(target, field, sources[target.level], excluded))
        elif target.required:
            faults.append(Problem(target.name, None, not_mapped(target)))
    fields_left_out = sorted(name for name in excluded if not name.startswith(CATEGORY_PREFIX))
    said = repr((sorted(mapping.items()), fields_left_out))
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    return CompiledMapping(
        voucher_plans=tuple(plans[Level.VOUCHER]),
        line_plans=tuple(plans[Level.LINE]),
        faults=tuple(faults),
        payment_target=known.get(PAYMENT_ACCOUNT),
        payments=PaymentPlans.of(mapping, target_fields, excluded),
        fingerprint=fingerprint,
        left_out=excluded_categories(excluded),
    )


def source_faults(target: TargetField, field: FieldMapping) -> list[Message]:
    """Return one sentence for each source that `target` cannot be read from."""
    faults = []
    for source in used_sources(field):
        if source not in SOURCES:
            faults.append(msg("A claim has no field called “{source}”.", source=source[:_SHOWN]))
        elif target.level is Level.VOUCHER and source not in VOUCHER_SOURCES:
            faults.append(
                msg(
                    "“{field}” is one value for the whole voucher and cannot be read from “{source}”, which differs from line to line.",
                    field=target.label,
                    source=origin_label(source),
                )
            )
    return faults


def not_mapped(target: TargetField) -> Message:
    """Say that a required field is missing from the mapping."""
    return msg("“{field}” must be mapped; the accounting system demands it.", field=target.label)


def _several(count: int, kind: str) -> Message:
    if kind == REIMBURSEMENT:
        return msg("{count} things keep this reimbursement from being exported.", count=count)
    return msg("{count} things keep this claim from being exported.", count=count)


def _whole_claim(claim: ExpenseClaim, day: date | None, total: int) -> list[Problem]:
    problems = []
    if day is None:
        problems.append(Problem("", None, WITHOUT_DATE))
    if total <= 0:
        total_amount = amount(Money(claim.currency, total).decimal())
        told = Message(CLAIM_OF_NOTHING.template, {"amount": total_amount, "currency": claim.currency})
        problems.append(Problem("", None, told))
    return problems
