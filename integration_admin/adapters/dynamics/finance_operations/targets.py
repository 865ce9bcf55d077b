"""The fields a voucher can carry to Finance & Operations."""

from dataclasses import replace
from typing import Final

from integration_admin.adapters.base import Level, TargetField
from integration_admin.adapters.target_fields import ACCOUNT, DUE_DATE, PAYMENT_ACCOUNT, POSTED_DATE
from integration_admin.core.messages import msg

_CODE_LENGTH = 60
TEXT_LENGTH: Final = 60
"""Characters of a line's text; older versions hold no more."""

DIMENSIONS: Final = tuple(f"dimension_{place}" for place in range(1, 9))
"""The dimensions of a line, numbered by their place in the account format, the main account left out."""

TARGET_FIELDS: Final[tuple[TargetField, ...]] = (
    TargetField(
        "credit_account",
        msg("Account for what is owed"),
        msg(
            "The main account the whole amount is credited to, for example debt to employees. It is not used for"
            " a claim with a vendor."
        ),
        Level.VOUCHER,
        required=True,
        reference="accounts",
        max_length=_CODE_LENGTH,
    ),
    replace(PAYMENT_ACCOUNT, max_length=_CODE_LENGTH),
    TargetField(
        "vendor",
        msg("Vendor"),
        msg("Who is owed the money, where people are kept as vendors. What is owed is then booked on them."),
        Level.VOUCHER,
        reference="vendors",
        max_length=_CODE_LENGTH,
    ),
    POSTED_DATE,
    DUE_DATE,
    replace(ACCOUNT, max_length=_CODE_LENGTH),
    TargetField(
        "text",
        msg("Text"),
        msg("What is written on the line in the journal."),
        Level.LINE,
        required=True,
        max_length=TEXT_LENGTH,
    ),
    TargetField(
        "sales_tax_group",
        msg("Sales tax group"),
        msg("Together with the item sales tax group it decides how value added tax is treated."),
        Level.LINE,
        max_length=10,
    ),
    TargetField(
        "item_sales_tax_group",
        msg("Item sales tax group"),
        msg("Together with the sales tax group it decides how value added tax is treated."),
        Level.LINE,
        max_length=10,
    ),
    *(
        TargetField(
            name,
            msg("Dimension {place}", place=place),
            msg("A financial dimension. The account format in the credentials decides which one this is."),
            Level.LINE,
            reference=name,
            max_length=_CODE_LENGTH,
        )
        for place, name in enumerate(DIMENSIONS, start=1)
    ),
)
