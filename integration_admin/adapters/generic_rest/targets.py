"""The fields of a voucher that a mapping can fill, for any REST interface."""

from typing import Final

from integration_admin.adapters.base import Level, TargetField
from integration_admin.adapters.target_fields import (
    ACCOUNT,
    CODE_LENGTH,
    CREDIT_ACCOUNT,
    DUE_DATE,
    PAYMENT_ACCOUNT,
    POSTED_DATE,
)
from integration_admin.core.messages import msg

TARGET_FIELDS: Final[tuple[TargetField, ...]] = (
    CREDIT_ACCOUNT,
    PAYMENT_ACCOUNT,
    TargetField(
        "party",
        msg("Who is owed"),
        msg("The number of the employee or supplier the money is owed to."),
        Level.VOUCHER,
        max_length=CODE_LENGTH,
    ),
    POSTED_DATE,
    DUE_DATE,
    TargetField(
        "document",
        msg("Document number"),
        msg("The claim's own number makes the voucher easy to find again."),
        Level.VOUCHER,
        max_length=CODE_LENGTH,
    ),
    ACCOUNT,
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
        max_length=CODE_LENGTH,
    ),
    TargetField(
        "cost_centre",
        msg("Cost centre"),
        msg("The cost centre the line belongs to."),
        Level.LINE,
        max_length=CODE_LENGTH,
    ),
    TargetField(
        "project",
        msg("Project"),
        msg("The project the line belongs to."),
        Level.LINE,
        max_length=CODE_LENGTH,
    ),
    TargetField(
        "department",
        msg("Department"),
        msg("The department the line belongs to."),
        Level.LINE,
        max_length=CODE_LENGTH,
    ),
)

DIMENSIONS: Final = ("cost_centre", "project", "department")
"""The target fields that go out as a line's dimensions."""
