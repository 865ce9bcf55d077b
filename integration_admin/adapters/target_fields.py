"""The fields of a voucher that mean the same in more than one accounting system.

What only looks alike, with a sentence or a length of its own, stays in each system's folder.
"""

from typing import Final

from integration_admin.adapters.base import Level, TargetField
from integration_admin.core.messages import msg

CODE_LENGTH: Final = 60

CREDIT_ACCOUNT: Final = TargetField(
    "credit_account",
    msg("Account for what is owed"),
    msg("Where the whole amount is credited, for example the account for debt to employees."),
    Level.VOUCHER,
    required=True,
    reference="accounts",
    max_length=CODE_LENGTH,
)
PAYMENT_ACCOUNT: Final = TargetField(
    "payment_account",
    msg("Account the money was paid from"),
    msg(
        "For reimbursements: as a rule the bank account. A reimbursement debits the account for what is owed"
        " and credits this one. Without it, only claims are exported."
    ),
    Level.VOUCHER,
    reference="accounts",
    max_length=CODE_LENGTH,
)
POSTED_DATE: Final = TargetField(
    "posted_date",
    msg("Posting date"),
    msg(
        "The date the voucher is booked on, written as 2026-11-05. Without it, the date of approval is used."
    ),
    Level.VOUCHER,
    max_length=10,
)
DUE_DATE: Final = TargetField(
    "due_date",
    msg("Due date"),
    msg("The date the money is to be paid, written as 2026-11-05."),
    Level.VOUCHER,
    max_length=10,
)
ACCOUNT: Final = TargetField(
    "account",
    msg("Account"),
    msg("The cost account of a line, as a rule decided by the line's category."),
    Level.LINE,
    required=True,
    reference="accounts",
    max_length=CODE_LENGTH,
)
