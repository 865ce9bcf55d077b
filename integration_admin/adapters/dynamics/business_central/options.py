"""The settings of one Business Central company, read and checked: every wrong one gets a sentence of its own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote

from integration_admin.adapters.base import Capabilities
from integration_admin.adapters.dynamics import cloud
from integration_admin.adapters.dynamics.business_central.batch import MOST
from integration_admin.adapters.dynamics.business_central.fields import CODE_LENGTH, DIMENSIONS, POST, STAGE
from integration_admin.adapters.dynamics.entra import SignIn
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT

API: Final = "https://api.businesscentral.dynamics.com"
SCOPE: Final = f"{API}/.default"
SEND_SECONDS: Final = 120.0
BATCH_SIZE: Final = 50
"""Vouchers of a line each that fill one `$batch` of 100 operations."""
IN_FLIGHT: Final = 5
"""Requests Business Central works on at the same time for one app; others wait (operational limits)."""

_ENVIRONMENT = re.compile(r"[A-Za-z0-9_-]{1,50}")
_JOURNAL = re.compile(r"[A-Z0-9ÆØÅ _.-]{1,10}")
_DIMENSION = re.compile(r"[^\x00-\x1f\x7f]{1,20}")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Options:
    """Where one company's accounts are, and how vouchers get there."""

    sign_in: SignIn
    api: str
    """The origin of the interface."""
    base: str
    """Everything before `/companies`."""
    environment: str
    company: str
    """A name or an id; empty until one is chosen."""
    journal: str
    dimensions: tuple[str, ...]
    """The codes of the dimensions in the slots, in their order."""
    posting: bool
    processing_seconds: float

    @property
    def origins(self) -> str:
        """Return the origin the secrets go to; the interface's and the sign-in's where they are two."""
        return " ".join(dict.fromkeys((self.api, self.sign_in.authority)))


def options(settings: Mapping[str, str]) -> Options:
    """Return the settings ready for use. Raises InvalidInput with one sentence a wrong field."""
    problems: dict[str, Message] = {}

    def checked(read: Callable[[Mapping[str, str]], Value], otherwise: Value) -> Value:
        try:
            return read(settings)
        except InvalidInput as problem:
            problems.update(problem.fields)
            return otherwise

    custom = checked(cloud.custom_origin, None)
    tenant, client_id = checked(cloud.tenant, ""), checked(cloud.client_id, "")
    environment = checked(_environment, "")
    found = Options(
        sign_in=SignIn(custom or cloud.AUTHORITY, tenant, client_id, SCOPE),
        api=custom or API,
        base=f"{custom or API}/v2.0/{quote(tenant)}/{quote(environment)}/api/v2.0",
        environment=environment,
        company=" ".join(settings.get("company", "").split()),
        journal=checked(_journal, ""),
        dimensions=checked(_dimensions, ()),
        posting=checked(_posting, otherwise=False),
        processing_seconds=checked(_processing, 1.0),
    )
    if problems:
        raise InvalidInput(next(iter(problems.values())), fields=problems)
    return found


def capabilities(settings: Mapping[str, str]) -> Capabilities:
    """Return what can be asked with these settings: a journal that is posted as a whole takes one send at a time.

    Raises InvalidInput for settings that make no sense.
    """
    processing, posts = _processing(settings), _posting(settings)
    return Capabilities(
        batch_size=BATCH_SIZE,
        # Each send is one full $batch then. Where the journal is posted after each, a send is better large.
        batch_lines=None if posts else MOST,
        in_flight=1 if posts else IN_FLIGHT,
        lookup=True,
        processing_seconds=processing,
        quiet_seconds=max(SEND_SECONDS + processing, 2 * processing),
        send_seconds=SEND_SECONDS,
        lookup_size=BATCH_SIZE,
        kinds=frozenset({EXPENSE_CLAIM, REIMBURSEMENT}),
        follows_up=True,
    )


def _environment(settings: Mapping[str, str]) -> str:
    text = (settings.get("environment") or "production").strip()
    if not _ENVIRONMENT.fullmatch(text):
        raise cloud.wrong(msg("Write the environment's name only, such as production."), "environment")
    return text


def _journal(settings: Mapping[str, str]) -> str:
    """Return the journal's code as Business Central keeps codes: in capitals, at most 10 characters."""
    text = (settings.get("journal") or "EXPENSES").strip().upper()
    if not _JOURNAL.fullmatch(text):
        raise cloud.wrong(
            msg("The code of a journal has at most 10 characters: letters, digits, full stops and hyphens."),
            "journal",
        )
    return text


def _dimensions(settings: Mapping[str, str]) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for code in settings.get("dimensions", "").split(",") if code.strip())
    is_right = all(_DIMENSION.fullmatch(code) and len(code) <= CODE_LENGTH for code in codes)
    if len(codes) > len(DIMENSIONS) or len(set(codes)) < len(codes) or not is_right:
        raise cloud.wrong(
            msg(
                "Write up to five different codes of dimensions with commas between, such as DEPARTMENT, PROJECT."
            ),
            "dimensions",
        )
    return codes


def _posting(settings: Mapping[str, str]) -> bool:
    text = settings.get("posting") or STAGE
    if text not in {STAGE, POST}:
        raise cloud.wrong(msg("Choose one of the options."), "posting")
    return text == POST


def _processing(settings: Mapping[str, str]) -> float:
    text = (settings.get("processing_seconds") or "480").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= number <= 3_600:
        raise cloud.wrong(
            msg("This must be a whole number between {least} and {most}.", least=1, most=3_600),
            "processing_seconds",
        )
    return float(number)
