"""Applying a field mapping to a reimbursement: it debits what the claim was credited to, and credits what it was paid from.

Claims are in mapping_resolver.py.
"""

from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from integration_admin.adapters.base import Level, TargetField, Voucher, VoucherLine
from integration_admin.core.mapping import FieldMapping, Mapping
from integration_admin.core.messages import Message, amount, msg
from integration_admin.core.money import Money
from integration_admin.core.records import REIMBURSEMENT, Reimbursement
from integration_admin.services.mapping_plans import (
    ACCOUNTS,
    Plan,
    Problem,
    fill,
    is_excluded,
    is_free_text,
    make_plan,
    used_sources,
)
from integration_admin.services.mapping_readers import (
    OF_REIMBURSEMENTS,
    Getter,
    reference_without_account_number,
)

ACCOUNT = "account"
"""The target field of the account a line is booked on."""
CREDIT_ACCOUNT = "credit_account"
PAYMENT_ACCOUNT = "payment_account"

PAYMENT_OF_NOTHING = msg(
    "The reimbursement is {amount} {currency}. Only a reimbursement above zero can be exported."
)

_OWN_TEXT = FieldMapping(compose="{reference} {claim_id}")


@dataclass(frozen=True, slots=True)
class PaymentPlans:
    """How a reimbursement becomes a voucher. Made by `of`."""

    accounts: tuple[Plan, ...]
    """The account for what is owed, where one is mapped, and the one the money was paid from."""
    owed: TargetField
    """The account for what is owed; it may stay empty where the money is owed on a person's own account."""
    persons: frozenset[str]
    """The fields that name a person with an account of their own, such as an employee."""
    voucher_plans: tuple[Plan, ...]
    line_plans: tuple[Plan, ...]
    own_texts: tuple[Plan, ...]
    """What stands in a text the mapping leaves empty: what the payment says itself."""

    @classmethod
    def of(
        cls, mapping: Mapping, target_fields: Sequence[TargetField], excluded: frozenset[str]
    ) -> Self | None:
        """Return the plans, or None where no account is mapped that the money was paid from."""
        targets = {target.name: target for target in target_fields}
        owed, paid_from = targets.get(CREDIT_ACCOUNT), targets.get(PAYMENT_ACCOUNT)
        if owed is None or paid_from is None or PAYMENT_ACCOUNT not in mapping:
            return None
        sources = _sources(excluded)
        accounts = [owed] if CREDIT_ACCOUNT in mapping else []
        accounts.append(replace(paid_from, required=True))
        others = [
            target
            for target in target_fields
            if target.level is Level.VOUCHER and target.name in mapping and target.name not in _ACCOUNTS
        ]
        return cls(
            tuple(make_plan(target, mapping[target.name], sources, excluded) for target in accounts),
            owed,
            frozenset(target.name for target in others if is_person(target)),
            tuple(make_plan(target, mapping[target.name], sources, excluded) for target in others),
            tuple(
                make_plan(target, field, sources, excluded)
                for target, field in _of_the_line(mapping, target_fields, sources, excluded)
            ),
            tuple(make_plan(target, _OWN_TEXT, sources, excluded) for target in _texts(target_fields)),
        )

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Every plan a reimbursement is read by."""
        return self.accounts + self.voucher_plans + self.line_plans + self.own_texts

    def resolve(
        self, payment: Reimbursement, *, reference: str, number: int, problems: list[Problem]
    ) -> Voucher:
        """Return the voucher; whatever keeps it from being exported is added to `problems`.

        It is dated by the day of payment. Its one line has no dimensions and no tax: a claim's credit on the
        same account has none either.
        """
        amount = Money.parse(payment.amount, payment.currency)
        if amount.minor <= 0:
            problems.append(Problem("", None, _not_above_zero(amount)))
        accounts = fill(self.accounts, payment, None, problems)
        fields = fill(self.voucher_plans, payment, None, problems)
        line = fill(self.line_plans, payment, None, problems)
        line |= fill(
            [plan for plan in self.own_texts if plan.target.name not in line], payment, None, problems
        )
        if owed := accounts.get(CREDIT_ACCOUNT):
            line[ACCOUNT] = owed
        elif not problems and not self.persons.intersection(fields):
            message = msg("“{field}” cannot be empty.", field=self.owed.label)
            problems.append(Problem(CREDIT_ACCOUNT, None, message))
        fields[CREDIT_ACCOUNT] = accounts.get(PAYMENT_ACCOUNT, "")
        if owed and owed == fields[CREDIT_ACCOUNT]:
            problems.append(Problem(PAYMENT_ACCOUNT, None, same_account()))
        return Voucher(
            reference,
            number,
            payment.id,
            payment.paid_on,
            fields,
            (VoucherLine(line, amount),),
            REIMBURSEMENT,
        )


_ACCOUNTS = frozenset({CREDIT_ACCOUNT, PAYMENT_ACCOUNT})


def is_person(target: TargetField) -> bool:
    """Tell whether a field names a person with an account of their own, such as an employee."""
    return target.level is Level.VOUCHER and target.reference not in {None, ACCOUNTS}


def same_account() -> Message:
    """Say that a reimbursement cannot be paid from the account it is owed on."""
    return msg(
        "The money is paid from the account it is owed on. A reimbursement would be booked against itself."
    )


def unmapped_payment(target: TargetField | None) -> Problem:
    """Say why a reimbursement cannot be exported when no account it was paid from is mapped."""
    if target is None:
        return Problem("", None, msg("This accounting system does not take reimbursements from here."))
    return Problem(
        PAYMENT_ACCOUNT,
        None,
        msg("“{field}” must be mapped before a reimbursement can be exported.", field=target.label),
    )


def _sources(excluded: frozenset[str]) -> Table[str, Getter]:
    if is_excluded("claimant.bank_account", excluded):
        return {**OF_REIMBURSEMENTS, "reference": reference_without_account_number}
    return OF_REIMBURSEMENTS


def _of_the_line(
    mapping: Mapping,
    target_fields: Sequence[TargetField],
    sources: Table[str, Getter],
    excluded: frozenset[str],
) -> list[tuple[TargetField, FieldMapping]]:
    """Return the fields of the one line beside its account, and where each comes from.

    A text belongs to them where everything in it is there to be read.
    """
    texts = [(replace(target, required=False), mapping.get(target.name)) for target in _texts(target_fields)]
    demanded = [
        (target, mapping.get(target.name))
        for target in target_fields
        if target.level is Level.LINE
        and target.required
        and target.name != ACCOUNT
        and not is_free_text(target)
    ]
    read = [(target, field) for target, field in texts if field and _is_there(field, sources, excluded)]
    return read + [(target, field) for target, field in demanded if field]


def _texts(target_fields: Sequence[TargetField]) -> list[TargetField]:
    return [target for target in target_fields if target.level is Level.LINE and is_free_text(target)]


def _is_there(field: FieldMapping, sources: Table[str, Getter], excluded: frozenset[str]) -> bool:
    return all(source in sources and not is_excluded(source, excluded) for source in used_sources(field))


def _not_above_zero(paid: Money) -> Message:
    return Message(PAYMENT_OF_NOTHING.template, {"amount": amount(paid.decimal()), "currency": paid.currency})
