"""The fields of a voucher that a mapping can fill, for any REST interface."""

from typing import Final

from integration_admin.adapters.base import Level, TargetField
from integration_admin.core.messages import msg

_CODE_LENGTH = 60

TARGET_FIELDS: Final[tuple[TargetField, ...]] = (
    TargetField(
        "credit_account",
        msg("Account for what is owed"),
        msg("Where the whole amount is credited, for example the account for debt to employees."),
        Level.VOUCHER,
        required=True,
        reference="accounts",
        max_length=_CODE_LENGTH,
    ),
    TargetField(
        "party",
        msg("Who is owed"),
        msg("The number of the employee or supplier the money is owed to."),
        Level.VOUCHER,
        max_length=_CODE_LENGTH,
    ),
    TargetField(
        "posted_date",
        msg("Posting date"),
        msg(
            "The date the voucher is booked on, written as 2026-11-05. Without it, the date of approval is used."
        ),
        Level.VOUCHER,
        max_length=10,
    ),
    TargetField(
        "due_date",
        msg("Due date"),
        msg("The date the money is to be paid, written as 2026-11-05."),
        Level.VOUCHER,
        max_length=10,
    ),
    TargetField(
        "document",
        msg("Document number"),
        msg("The claim's own number makes the voucher easy to find again."),
        Level.VOUCHER,
        max_length=_CODE_LENGTH,
    ),
    TargetField(
        "account",
        msg("Account"),
        msg("The cost account of a line, as a rule decided by the line's category."),
        Level.LINE,
        required=True,
        reference="accounts",
        max_length=_CODE_LENGTH,
    ),
    TargetField(
        "text",
        msg("Text"),
        msg("What is written on the line in the accounting system."),
        Level.LINE,
        required=True,
        max_length=200,
    ),
    TargetField(
        "vat_code",
        msg("VAT code"),
        msg("The code that decides how value added tax is treated."),
        Level.LINE,
        max_length=_CODE_LENGTH,
    ),
    TargetField(
        "cost_centre",
        msg("Cost centre"),
        msg("The cost centre the line belongs to."),
        Level.LINE,
        max_length=_CODE_LENGTH,
    ),
    TargetField(
        "project",
        msg("Project"),
        msg("The project the line belongs to."),
        Level.LINE,
        max_length=_CODE_LENGTH,
    ),
    TargetField(
        "department",
        msg("Department"),
        msg("The department the line belongs to."),
        Level.LINE,
        max_length=_CODE_LENGTH,
    ),
)

DIMENSIONS: Final = ("cost_centre", "project", "department")
"""The target fields that go out as a line's dimensions."""
