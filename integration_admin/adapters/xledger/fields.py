"""What Xledger asks for: the credential form, the settings read from it, and the fields of a voucher."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from integration_admin.adapters.base import Choice, CredentialField, Level, TargetField
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg

PRODUCTION: Final = "production"
DEMO: Final = "demo"
CUSTOM: Final = "custom"

_ENDPOINTS = {
    PRODUCTION: "https://www.xledger.net/graphql",
    DEMO: "https://demo.xledger.net/graphql",
}
_USUAL_PORTS = {"http": 80, "https": 443}
_JOB_LEVEL = re.compile(r"[0-9]{1,9}")
_CODE_LENGTH = 60

GL_OBJECTS: Final = tuple(f"gl_object_{slot}" for slot in range(1, 6))
"""The five dimension slots of a line; what each holds is decided by the entity's own set-up."""

CREDENTIAL_FIELDS: Final[tuple[CredentialField, ...]] = (
    CredentialField(
        "environment",
        msg("Environment"),
        msg(
            "Production is where your accounts are kept. Demo is Xledger's copy of them for trying things out."
        ),
        choices=(
            Choice(PRODUCTION, msg("Production (www.xledger.net)")),
            Choice(DEMO, msg("Demo (demo.xledger.net)")),
            Choice(CUSTOM, msg("Another address")),
        ),
        default=PRODUCTION,
    ),
    CredentialField(
        "endpoint",
        msg("Address"),
        msg("The whole address of the GraphQL interface, such as https://demo.xledger.net/graphql."),
        only_when=("environment", CUSTOM),
    ),
    CredentialField(
        "token",
        msg("API token"),
        msg(
            "Sign in to Xledger as Domain Administrator in the entity to export to, and open Administration >"
            " System Access > GraphQL > API tokens > Generate. Tick read for Common, General Ledger and"
            " Accounts Payable, and write for General Ledger. Xledger shows the token once: copy it here."
        ),
        secret=True,
        max_length=2_000,
    ),
    CredentialField(
        "transaction_source",
        msg("Transaction source"),
        msg(
            "The code Xledger files the vouchers under. Leave it at GL unless your accountant wants another."
        ),
        required=False,
        default="GL",
        max_length=25,
    ),
    CredentialField(
        "job_level",
        msg("Job level"),
        msg(
            "Decides how far Xledger handles the vouchers by itself. Leave it at 1 unless your accountant wants another."
        ),
        required=False,
        default="1",
        max_length=9,
    ),
)

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
        "subledger",
        msg("Subledger"),
        msg("Who is owed the money, when the account for what is owed is kept by person."),
        Level.VOUCHER,
        reference="subledgers",
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
        "invoice_number",
        msg("Invoice number"),
        msg("Shown on every line in Xledger; the claim's own number makes it easy to find again."),
        Level.VOUCHER,
        max_length=25,
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
        msg("What is written on the line in Xledger."),
        Level.LINE,
        required=True,
        max_length=200,
    ),
    TargetField(
        "tax_rule",
        msg("Tax rule"),
        msg("The code of Xledger's own tax rule. These are not the standard tax codes (SAF-T)."),
        Level.LINE,
        reference="tax_rules",
        max_length=_CODE_LENGTH,
    ),
    TargetField(
        "project",
        msg("Project"),
        msg("The project the line belongs to."),
        Level.LINE,
        reference="projects",
        max_length=_CODE_LENGTH,
    ),
    *(
        TargetField(
            name,
            msg("GL object {slot}", slot=slot),
            msg(
                "A dimension of your own, such as cost centre. Xledger's set-up decides what this one holds."
            ),
            Level.LINE,
            reference=name,
            max_length=_CODE_LENGTH,
        )
        for slot, name in enumerate(GL_OBJECTS, start=1)
    ),
)


def endpoint(settings: Mapping[str, str]) -> str:
    """Return the address requests go to; raises InvalidInput with the field's own sentence.

    Which hosts may be called at all is the outbound client's to say.
    """
    environment = settings.get("environment") or PRODUCTION
    if environment in _ENDPOINTS:
        return _ENDPOINTS[environment]
    if environment != CUSTOM:
        sentence = msg("Choose one of the environments.")
        raise InvalidInput(sentence, fields={"environment": sentence})
    _split(settings.get("endpoint", ""))
    return settings["endpoint"].strip()


def origin(settings: Mapping[str, str]) -> str:
    """Return `scheme://host[:port]` of the endpoint, the usual port left out. Raises InvalidInput."""
    parts = _split(endpoint(settings))
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, _USUAL_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def job_level(settings: Mapping[str, str]) -> int:
    """Return the job level (Xledger's jobLevel.dbSubId); raises InvalidInput unless it is a number."""
    text = settings.get("job_level") or "1"
    if not _JOB_LEVEL.fullmatch(text):
        sentence = msg("The job level is a whole number, such as 1.")
        raise InvalidInput(sentence, fields={"job_level": sentence})
    return int(text)


def transaction_source(settings: Mapping[str, str]) -> str:
    """Return the code vouchers are filed under."""
    return settings.get("transaction_source") or "GL"


def _split(address: str) -> SplitResult:
    """Take an address apart; raises InvalidInput unless it is http(s) with a host and a path, and no more."""
    try:
        parts = urlsplit(address.strip())
        port_is_right = parts.port != 0
    except ValueError:
        raise _wrong_address() from None
    extras = (parts.username, parts.password, parts.query, parts.fragment)
    has_path = bool(parts.path.strip("/"))
    if parts.scheme not in _USUAL_PORTS or not parts.hostname or not has_path or not port_is_right:
        raise _wrong_address()
    if any(extras) or any(character.isspace() for character in address.strip()):
        raise _wrong_address()
    return parts


def _wrong_address() -> InvalidInput:
    sentence = msg("Write the whole address, such as https://demo.xledger.net/graphql, and nothing more.")
    return InvalidInput(sentence, fields={"endpoint": sentence})
