"""What a REST interface is described by: the credential form.

How to sign in is in sign_in_fields.py, the fields of a voucher are in targets.py.
"""

from typing import Final

from integration_admin.adapters.base import Choice, CredentialField
from integration_admin.adapters.generic_rest.rules import EXAMPLE, SETTING
from integration_admin.adapters.generic_rest.sign_in_fields import SIGN_IN_FIELDS
from integration_admin.core.messages import Message, msg

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
    *SIGN_IN_FIELDS,
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
            " write {page} where the number of the page goes, or {cursor} where the mark of the next page goes.",
            page="{page}",
            cursor="{cursor}",
        ),
        required=False,
    ),
    CredentialField(
        "voucher_link",
        msg("Address of a voucher for people"),
        msg(
            "Makes a link of each exported voucher, such as {example}. Write {id} where the voucher’s ID goes, or"
            " {reference} for our reference, and never a key. Leave it empty where there is no such address.",
            example="https://example.org/vouchers/{id}",
            id="{id}",
            reference="{reference}",
        ),
        required=False,
        max_length=300,
    ),
    CredentialField(
        "details",
        msg("Everything else"),
        msg("The usual settings suit most interfaces. Choose your own to see and change them."),
        choices=(Choice(USUAL, msg("As usual")), Choice(OWN, msg("Our own settings"))),
        default=USUAL,
    ),
    CredentialField(
        "body",
        msg("Form of a voucher"),
        msg(
            "The JSON object the accounting system wants, with names such as {reference}, {date}, {account} and"
            " {amount} where the values go. Leave it empty to send vouchers in the usual form.",
            reference="{reference}",
            date="{date}",
            account="{account}",
            amount="{amount}",
        ),
        required=False,
        multiline=True,
        max_length=20_000,
        only_when=_OWN,
    ),
    CredentialField(
        SETTING,
        msg("Rules for the fields"),
        msg(
            "What the accounting system demands of the mapping's fields, such as {example}. A description fills"
            " it in. Leave it empty where nothing but the usual is demanded.",
            example=EXAMPLE,
        ),
        required=False,
        multiline=True,
        max_length=20_000,
        only_when=_OWN,
    ),
    CredentialField(
        "send_method",
        msg("Method for sending"),
        msg("POST makes something new and is by far the most common."),
        choices=(Choice("POST", msg("POST")), Choice("PUT", msg("PUT"))),
        default="POST",
        only_when=_OWN,
    ),
    _rare(
        "success_codes",
        msg("Answers that mean success"),
        msg("Numbers from 200 to 299, such as 200, 201 or 200-299. After any other of them it is looked up."),
        "200-299",
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
    _rare("amount_pointer", msg("Where a voucher's amount is when looking up"), _POINTER, "/amount"),
    _rare("currency_pointer", msg("Where a voucher's currency is when looking up"), _POINTER, "/currency"),
    _rare("entity_pointer", msg("Where the company's name is when testing"), _POINTER, "/entity/name"),
    _rare("accounts_pointer", msg("Where the accounts are in their list"), _POINTER, "/accounts"),
    _rare(
        "cursor_pointer",
        msg("Where the mark of the next page is"),
        msg(
            "A JSON Pointer to a mark or to the address of the next page. Leave it empty where there is neither."
        ),
    ),
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
