"""What Xledger asks for: the credential form, the settings read from it, and the fields of a voucher."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from integration_admin.adapters.base import Choice, CredentialField, Level, TargetField
from integration_admin.adapters.origins import USUAL_PORTS, origin_of
from integration_admin.adapters.target_fields import (
    ACCOUNT,
    CODE_LENGTH,
    CREDIT_ACCOUNT,
    DUE_DATE,
    PAYMENT_ACCOUNT,
    POSTED_DATE,
)
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg

PRODUCTION: Final = "production"
DEMO: Final = "demo"
CUSTOM: Final = "custom"

_ENDPOINTS = {
    PRODUCTION: "https://www.xledger.net/graphql",
    DEMO: "https://demo.xledger.net/graphql",
}
_JOB_LEVEL = re.compile(r"[0-9]{1,9}")
_REQUESTS = re.compile(r"[1-9][0-9]{0,8}")

USUAL_REQUESTS_A_MONTH: Final = 5_000
"""What Xledger's agreements in the United Kingdom include (its help centre); elsewhere it may be another number."""

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
    CredentialField(
        "requests_a_month",
        msg("Requests a month"),
        msg(
            "How many requests your agreement with Xledger includes each month. You are warned when they run out;"
            " the export goes on."
        ),
        required=False,
        default=str(USUAL_REQUESTS_A_MONTH),
        max_length=9,
    ),
)

TARGET_FIELDS: Final[tuple[TargetField, ...]] = (
    CREDIT_ACCOUNT,
    PAYMENT_ACCOUNT,
    TargetField(
        "subledger",
        msg("Subledger"),
        msg("Who is owed the money, when the account for what is owed is kept by person."),
        Level.VOUCHER,
        reference="subledgers",
        max_length=CODE_LENGTH,
    ),
    POSTED_DATE,
    DUE_DATE,
    TargetField(
        "invoice_number",
        msg("Invoice number"),
        msg("Shown on every line in Xledger; the claim's own number makes it easy to find again."),
        Level.VOUCHER,
        max_length=25,
    ),
    ACCOUNT,
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
        max_length=CODE_LENGTH,
    ),
    TargetField(
        "project",
        msg("Project"),
        msg("The project the line belongs to."),
        Level.LINE,
        reference="projects",
        max_length=CODE_LENGTH,
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
            max_length=CODE_LENGTH,
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
    address = endpoint(settings)
    _split(address)
    return origin_of(address)


def job_level(settings: Mapping[str, str]) -> int:
    """Return the job level (Xledger's jobLevel.dbSubId); raises InvalidInput unless it is a number."""
    text = settings.get("job_level") or "1"
    if not _JOB_LEVEL.fullmatch(text):
        sentence = msg("The job level is a whole number, such as 1.")
        raise InvalidInput(sentence, fields={"job_level": sentence})
    return int(text)


def check_requests_a_month(settings: Mapping[str, str]) -> None:
    """Raise InvalidInput unless the requests a month are a number."""
    if not _REQUESTS.fullmatch(settings.get("requests_a_month") or str(USUAL_REQUESTS_A_MONTH)):
        sentence = msg("Write the requests a month as a whole number, such as 5000.")
        raise InvalidInput(sentence, fields={"requests_a_month": sentence})


def requests_a_month(settings: Mapping[str, str]) -> int:
    """Return how many requests the agreement includes each month; the usual number where none is set."""
    text = settings.get("requests_a_month") or ""
    return int(text) if _REQUESTS.fullmatch(text) else USUAL_REQUESTS_A_MONTH


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
    if parts.scheme not in USUAL_PORTS or not parts.hostname or not has_path or not port_is_right:
        raise _wrong_address()
    if any(extras) or any(character.isspace() for character in address.strip()):
        raise _wrong_address()
    return parts


def _wrong_address() -> InvalidInput:
    sentence = msg("Write the whole address, such as https://demo.xledger.net/graphql, and nothing more.")
    return InvalidInput(sentence, fields={"endpoint": sentence})
