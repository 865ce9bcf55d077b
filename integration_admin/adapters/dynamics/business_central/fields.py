"""What Business Central asks for: the credential form, and the fields of a voucher."""

from dataclasses import replace
from typing import Final

from integration_admin.adapters.base import Choice, CredentialField, Level, TargetField
from integration_admin.adapters.dynamics.cloud import APP_FIELDS, CLOUD_FIELDS
from integration_admin.adapters.target_fields import ACCOUNT, PAYMENT_ACCOUNT, POSTED_DATE
from integration_admin.core.messages import msg

STAGE: Final = "stage"
POST: Final = "post"
CODE_LENGTH: Final = 20
"""Characters of an account's, vendor's, employee's or dimension value's number (Code[20])."""
TEXT_LENGTH: Final = 100
"""Characters of a line's description (Gen. Journal Line, Text[100]), counted in UTF-16 units."""

DIMENSIONS: Final = tuple(f"dimension_{slot}" for slot in range(1, 6))
"""Fields of a line for dimensions; which dimension each holds is a setting."""

CREDENTIAL_FIELDS: Final[tuple[CredentialField, ...]] = (
    *CLOUD_FIELDS,
    *APP_FIELDS,
    CredentialField(
        "environment",
        msg("Environment"),
        msg("The name of the environment, as the Business Central admin center lists it."),
        default="production",
        max_length=50,
    ),
    CredentialField(
        "company",
        msg("Company"),
        msg("Leave it empty for the first test. The test finds the companies, and you choose one here."),
        required=False,
        max_length=100,
    ),
    CredentialField(
        "journal",
        msg("Journal"),
        msg(
            "The code of a general journal of its own for these vouchers, at most 10 characters. The test creates"
            " it when it is not there."
        ),
        default="EXPENSES",
        max_length=10,
    ),
    CredentialField(
        "dimensions",
        msg("Dimensions"),
        msg(
            "The codes of up to five dimensions, such as DEPARTMENT, PROJECT, with commas between. The first one"
            " becomes Dimension 1 in the mapping."
        ),
        required=False,
        max_length=110,
    ),
    CredentialField(
        "posting",
        msg("Posting"),
        msg(
            "Warning: posting cannot be undone. If you choose it, everything that lies in the journal is booked"
            " after each export, also what somebody else has put there, and so is every purchase invoice of the"
            " export. Without it, your accountant looks through them and posts them in Business Central."
        ),
        choices=(
            Choice(STAGE, msg("Put the lines into the journal only")),
            Choice(POST, msg("Post the journal after each export")),
        ),
        default=STAGE,
    ),
    CredentialField(
        "processing_seconds",
        msg("Longest processing time in seconds"),
        msg(
            "How long Business Central may go on with a request after the connection broke. Microsoft's limit is"
            " 480. Leave it unless you have been told otherwise."
        ),
        required=False,
        default="480",
        max_length=4,
    ),
)

TARGET_FIELDS: Final[tuple[TargetField, ...]] = (
    TargetField(
        "credit_account",
        msg("Account for what is owed"),
        msg("Where the whole amount is credited when neither an employee nor a vendor is named."),
        Level.VOUCHER,
        reference="accounts",
        max_length=CODE_LENGTH,
    ),
    replace(PAYMENT_ACCOUNT, max_length=CODE_LENGTH),
    TargetField(
        "employee",
        msg("Employee"),
        msg("The number of the employee the money is owed to. Comes before the account for what is owed."),
        Level.VOUCHER,
        reference="employees",
        max_length=CODE_LENGTH,
    ),
    TargetField(
        "vendor",
        msg("Vendor"),
        msg(
            "The number of the vendor the money is owed to. Comes before the employee. A claim in another currency"
            " than the company's needs one."
        ),
        Level.VOUCHER,
        reference="vendors",
        max_length=CODE_LENGTH,
    ),
    POSTED_DATE,
    replace(ACCOUNT, max_length=CODE_LENGTH),
    TargetField(
        "text",
        msg("Text"),
        msg("What is written on the line in Business Central."),
        Level.LINE,
        required=True,
        max_length=TEXT_LENGTH,
    ),
    TargetField(
        "tax_code",
        msg("Tax group"),
        msg(
            "The VAT product posting group, or the tax group where no VAT is used. Without it, the line is booked"
            " without VAT."
        ),
        Level.LINE,
        reference="tax_groups",
        max_length=CODE_LENGTH,
    ),
    *(
        TargetField(
            name,
            msg("Dimension {slot}", slot=slot),
            msg("A dimension of your own, such as department. The settings say which one this is."),
            Level.LINE,
            reference=name,
            max_length=CODE_LENGTH,
        )
        for slot, name in enumerate(DIMENSIONS, start=1)
    ),
)
