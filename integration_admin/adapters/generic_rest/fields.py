"""What a REST interface is described by: the credential form. The fields of a voucher are in targets.py."""

from typing import Final

from integration_admin.adapters.base import Choice, CredentialField
from integration_admin.core.messages import Message, msg

NO_SIGN_IN: Final = "none"
API_KEY: Final = "api_key"
BEARER: Final = "bearer"
BASIC: Final = "basic"
OAUTH: Final = "oauth2"

BY_REFERENCE: Final = "path"
NO_LOOKUP: Final = "none"
USUAL: Final = "usual"
OWN: Final = "own"
YES: Final = "yes"
NO: Final = "no"

_OWN = ("details", OWN)
_POINTER = msg("A JSON Pointer such as /id or /result/number.")


def _rare(name: str, label: Message, help_: Message, default: str = "") -> CredentialField:
    """Return a field that is asked for only where the interface is not the usual kind."""
    return CredentialField(
        name, label, help_, required=bool(default), default=default, max_length=300, only_when=_OWN
    )


CREDENTIAL_FIELDS: Final[tuple[CredentialField, ...]] = (
    CredentialField(
        "base_url",
        msg("Address"),
        msg("Where the interface for programs (the API) begins, such as https://api.example.org."),
    ),
    CredentialField(
        "authentication",
        msg("How to sign in"),
        msg("Whoever runs the accounting system knows which of these it wants."),
        choices=(
            Choice(API_KEY, msg("API key in a header")),
            Choice(BEARER, msg("Bearer token")),
            Choice(BASIC, msg("User name and password")),
            Choice(OAUTH, msg("OAuth 2 with a client's secret")),
            Choice(NO_SIGN_IN, msg("No sign-in")),
        ),
        default=API_KEY,
    ),
    CredentialField(
        "header_name",
        msg("Name of the header"),
        msg("The header the API key goes into."),
        default="X-Api-Key",
        max_length=60,
        only_when=("authentication", API_KEY),
    ),
    CredentialField(
        "api_key",
        msg("API key"),
        msg("Copy the whole key."),
        secret=True,
        max_length=4_000,
        only_when=("authentication", API_KEY),
    ),
    CredentialField(
        "token",
        msg("Token"),
        msg("Copy the whole token, without the word Bearer."),
        secret=True,
        max_length=8_000,
        only_when=("authentication", BEARER),
    ),
    CredentialField(
        "user",
        msg("User name"),
        msg("The user the vouchers are booked by."),
        only_when=("authentication", BASIC),
    ),
    CredentialField(
        "password",
        msg("Password"),
        msg("The password of that user."),
        secret=True,
        only_when=("authentication", BASIC),
    ),
    CredentialField(
        "token_url",
        msg("Address for tokens"),
        msg("The whole address tokens are given out at, such as https://login.example.org/oauth/token."),
        only_when=("authentication", OAUTH),
    ),
    CredentialField(
        "client_id",
        msg("Client ID"),
        msg("The name this program is known by there."),
        only_when=("authentication", OAUTH),
    ),
    CredentialField(
        "client_secret",
        msg("Client secret"),
        msg("The secret itself, not its ID."),
        secret=True,
        max_length=4_000,
        only_when=("authentication", OAUTH),
    ),
    CredentialField(
        "scope",
        msg("Scope"),
        msg("The rights the token shall have. Leave it empty unless you were told what to write."),
        required=False,
        only_when=("authentication", OAUTH),
    ),
    CredentialField(
        "send_path",
        msg("Path for sending"),
        msg("What follows the address where vouchers are sent to."),
        default="/api/vouchers",
    ),
    CredentialField(
        "test_path",
        msg("Path for testing"),
        msg(
            "Something that can be read without changing anything, and only with the right key; as a rule it"
            " tells who you are."
        ),
        default="/api/me",
    ),
    CredentialField(
        "lookup",
        msg("Looking up vouchers"),
        msg(
            "After a lost answer the export asks whether a voucher arrived. Where that cannot be asked, you"
            " decide each time."
        ),
        choices=(
            Choice(BY_REFERENCE, msg("Vouchers can be looked up by our reference")),
            Choice(NO_LOOKUP, msg("Vouchers cannot be looked up")),
        ),
        default=BY_REFERENCE,
    ),
    CredentialField(
        "lookup_path",
        msg("Path for looking up"),
        msg(
            "With {placeholder} where one reference goes, or {several} where several go with commas between.",
            placeholder="{reference}",
            several="{references}",
        ),
        default="/api/vouchers?reference={references}",
        only_when=("lookup", BY_REFERENCE),
    ),
    CredentialField(
        "batch",
        msg("Vouchers in a request"),
        msg("From 1 to 1,000. With 1 a voucher is sent by itself, with more as a list."),
        default="1",
        max_length=4,
    ),
    CredentialField(
        "in_flight",
        msg("Requests at the same time"),
        msg("From 1 to 32. Leave it at 1 unless you were told that more are welcome."),
        default="1",
        max_length=2,
    ),
    CredentialField(
        "accounts_path",
        msg("Path for the list of accounts"),
        msg(
            "Lets accounts be checked before anything is sent. Leave it empty where there is no such list;"
            " write {page} where the number of the page goes.",
            page="{page}",
        ),
        required=False,
    ),
    CredentialField(
        "details",
        msg("Everything else"),
        msg("The usual settings suit most interfaces. Choose your own to see and change them."),
        choices=(Choice(USUAL, msg("As usual")), Choice(OWN, msg("Our own settings"))),
        default=USUAL,
    ),
    _rare(
        "idempotency_header",
        msg("Header against doubles"),
        msg(
            "A header such as Idempotency-Key. A voucher that is sent twice with the same value in it must be booked"
            " only once."
        ),
    ),
    _rare(
        "list_name",
        msg("Name of the list that is sent"),
        msg(
            "The name of the list, if it has to stand inside an object. Leave it empty to send the list alone."
        ),
    ),
    _rare("results_pointer", msg("Where the results of a list are"), _POINTER, "/vouchers"),
    _rare("id_pointer", msg("Where the voucher's ID is in a result"), _POINTER, "/id"),
    _rare("reference_pointer", msg("Where our reference is in a result"), _POINTER, "/reference"),
    _rare("status_pointer", msg("Where the status is in a result"), _POINTER, "/status"),
    _rare(
        "rejected_status",
        msg("Status of a refused voucher"),
        msg("The word that stands there when a voucher was refused."),
        "rejected",
    ),
    _rare("message_pointer", msg("Where the reason for a refusal is"), _POINTER, "/error/message"),
    _rare("field_pointer", msg("Where the refused field is named"), _POINTER, "/error/field"),
    _rare("lookup_pointer", msg("Where the vouchers are when looking up"), _POINTER, "/vouchers"),
    _rare("entity_pointer", msg("Where the company's name is when testing"), _POINTER, "/entity/name"),
    _rare("accounts_pointer", msg("Where the accounts are in their list"), _POINTER, "/accounts"),
    _rare("code_pointer", msg("Where an account's code is"), _POINTER, "/code"),
    _rare("name_pointer", msg("Where an account's name is"), _POINTER, "/name"),
    CredentialField(
        "wait_promise",
        msg("Being asked to wait"),
        msg("What an answer of 429 or 503 that names a time to wait means there."),
        choices=(
            Choice(NO, msg("It is not known whether it was booked")),
            Choice(YES, msg("It was surely not booked")),
        ),
        default=NO,
        only_when=_OWN,
    ),
    _rare(
        "processing_seconds",
        msg("Longest time for booking"),
        msg("Seconds the accounting system may go on booking something after the connection was lost."),
        "30",
    ),
    _rare(
        "send_seconds",
        msg("Longest wait for an answer"),
        msg("Seconds after which the answer to a request counts as lost."),
        "30",
    ),
)
