"""What Finance & Operations asks for: the credential form. The fields of a voucher are in targets.py."""

from typing import Final

from integration_admin.adapters.base import Choice, CredentialField
from integration_admin.adapters.dynamics.cloud import APP_FIELDS, CLOUD_FIELDS, MICROSOFT
from integration_admin.core.messages import msg

USUAL: Final = "usual"
OWN: Final = "own"
YES: Final = "yes"
NO: Final = "no"
MAIN_ACCOUNT: Final = "MainAccount"

_OWN = ("details", OWN)

CREDENTIAL_FIELDS: Final[tuple[CredentialField, ...]] = (
    *CLOUD_FIELDS,
    CredentialField(
        "root_url",
        msg("Address"),
        msg(
            "What stands in the browser before the first single slash when you work in Finance & Operations, such"
            " as https://contoso.operations.dynamics.com."
        ),
        max_length=200,
        only_when=("cloud", MICROSOFT),
    ),
    *APP_FIELDS,
    CredentialField(
        "company",
        msg("Legal entity"),
        msg(
            "The short name of the company to book in, such as NO01. It stands at the upper right in Finance &"
            " Operations. The connection test lists the names there are."
        ),
        max_length=4,
    ),
    CredentialField(
        "journal_name",
        msg("Journal name"),
        msg(
            "The name journals are made under, from General ledger > Journal setup > Journal names. Let your"
            " accountant make one for this export alone."
        ),
        max_length=10,
    ),
    CredentialField(
        "account_format",
        msg("Account format"),
        msg(
            "Main account and dimensions in their order, with commas between, such as"
            " MainAccount,Department,CostCenter. It must be the active ledger dimension format under General"
            " ledger > Chart of accounts > Dimensions > Financial dimension configuration for integrating"
            " applications."
        ),
        default=MAIN_ACCOUNT,
        max_length=300,
    ),
    CredentialField(
        "separator",
        msg("Character between dimensions"),
        msg(
            "The chart of accounts delimiter, under General ledger > Ledger setup > General ledger parameters >"
            " Chart of accounts and dimensions."
        ),
        choices=(
            Choice("-", msg("Hyphen (-)")),
            Choice(".", msg("Full stop (.)")),
            Choice("_", msg("Underscore (_)")),
            Choice("|", msg("Vertical bar (|)")),
            Choice("~", msg("Tilde (~)")),
        ),
        default="-",
    ),
    CredentialField(
        "details",
        msg("Details"),
        msg("Leave this as it is unless the export is refused and the reason names one of the details."),
        choices=(
            Choice(USUAL, msg("As usual")),
            Choice(OWN, msg("Choose the details myself")),
        ),
        default=USUAL,
    ),
    CredentialField(
        "line_numbers",
        msg("Line numbers"),
        msg("Who numbers the lines of a journal."),
        choices=(
            Choice(YES, msg("This program")),
            Choice(NO, msg("Finance & Operations")),
        ),
        default=YES,
        only_when=_OWN,
    ),
    CredentialField(
        "integration_key",
        msg("Integration key"),
        msg("Whether each journal carries a key by which it can be found again."),
        choices=(
            Choice(YES, msg("Send the key")),
            Choice(NO, msg("Leave the key out")),
        ),
        default=YES,
        only_when=_OWN,
    ),
)
