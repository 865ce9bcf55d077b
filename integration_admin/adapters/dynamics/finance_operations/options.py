"""The settings of one Finance & Operations, read and checked: every wrong one gets a sentence of its own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from integration_admin.adapters.dynamics import cloud
from integration_admin.adapters.dynamics.entra import SignIn
from integration_admin.adapters.dynamics.finance_operations import fields
from integration_admin.adapters.dynamics.finance_operations.targets import DIMENSIONS
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg

_DEFAULTS: Final = {field.name: field.default for field in fields.CREDENTIAL_FIELDS if not field.secret}
_CHOICES: Final = {
    field.name: frozenset(choice.value for choice in field.choices)
    for field in fields.CREDENTIAL_FIELDS
    if field.choices
}
_HOST: Final = ".dynamics.com"
_COMPANY = re.compile(r"[A-Za-z0-9_-]{1,4}")
_JOURNAL_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,10}")
_DIMENSION = re.compile(r"[^\x00-\x1f\x7f,]{1,60}")

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Booking:
    """How journals and their lines are written."""

    company: str
    journal_name: str
    account_format: tuple[str, ...]
    separator: str
    line_numbers: bool
    integration_key: bool

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Return the names of the dimensions, in the order of our target fields."""
        return tuple(name for name in self.account_format if name != fields.MAIN_ACCOUNT)


@dataclass(frozen=True, slots=True)
class Options:
    """How to speak with one legal entity; `root` is an origin without a slash at its end."""

    root: str
    sign_in: SignIn
    booking: Booking

    @property
    def data(self) -> str:
        """Return the address all entities are below of."""
        return f"{self.root}/data"


def options(settings: Settings) -> Options:
    """Return the settings ready for use. Raises InvalidInput with one sentence a wrong field."""
    return _options(tuple(settings.items()))


def origins(settings: Settings) -> str:
    """Return the origins the client secret and the tokens go to, with a space between. Raises InvalidInput."""
    found = options(settings)
    return " ".join(dict.fromkeys((found.sign_in.authority, found.root)))


def booking(settings: Settings) -> Booking:
    """Return how lines are written, as far as it is set; nothing is checked, for a preview may come early."""
    read = _read(settings)
    return Booking(
        company=read["company"],
        journal_name=read["journal_name"],
        account_format=_names(read["account_format"]),
        separator=read["separator"],
        line_numbers=read["line_numbers"] == fields.YES,
        integration_key=read["integration_key"] == fields.YES,
    )


@lru_cache(maxsize=256)
def _options(items: tuple[tuple[str, str], ...]) -> Options:
    settings = dict(items)
    read = _read(settings)
    wrong: dict[str, Message] = {}
    for check in _CHECKS:
        try:
            check(read)
        except InvalidInput as problem:
            wrong = {**problem.fields, **wrong}
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), fields=wrong)
    root, authority = _addresses(read)
    sign_in = SignIn(authority, cloud.tenant(read), cloud.client_id(read), f"{root}/.default")
    return Options(root, sign_in, booking(settings))


def _read(settings: Settings) -> dict[str, str]:
    """Return every setting, the usual value where there is none."""
    read = {name: (settings.get(name) or default).strip() for name, default in _DEFAULTS.items()}
    if read["details"] != fields.OWN:
        read |= {name: _DEFAULTS[name] for name in ("line_numbers", "integration_key")}
    return read


def _addresses(read: Settings) -> tuple[str, str]:
    """Return the origins of Finance & Operations and of the sign-in. Raises InvalidInput."""
    custom = cloud.custom_origin(read)
    if custom is not None:
        return custom, custom
    root = cloud.origin("root_url", read["root_url"])
    if urlsplit(root).scheme != "https" or not (urlsplit(root).hostname or "").endswith(_HOST):
        raise cloud.wrong(
            msg(
                "In Microsoft's cloud the address begins with https:// and its host ends with {host}. Choose"
                " “Another address” for any other.",
                host=_HOST,
            ),
            "root_url",
        )
    return root, cloud.AUTHORITY


def _choices(read: Settings) -> None:
    for name, choices in _CHOICES.items():
        if read[name] not in choices:
            raise cloud.wrong(msg("Choose one of the options."), name)


def _company(read: Settings) -> None:
    if not _COMPANY.fullmatch(read["company"]):
        raise cloud.wrong(
            msg("The short name of a legal entity has one to four letters and digits, such as NO01."),
            "company",
        )


def _journal_name(read: Settings) -> None:
    if not _JOURNAL_NAME.fullmatch(read["journal_name"]):
        raise cloud.wrong(msg("A journal name has one to ten characters."), "journal_name")


def _account_format(read: Settings) -> None:
    names = _names(read["account_format"])
    problem = None
    if names.count(fields.MAIN_ACCOUNT) != 1:
        problem = msg("Write {name} once, at its place among the dimensions.", name=fields.MAIN_ACCOUNT)
    elif len(set(names)) != len(names) or not all(_DIMENSION.fullmatch(name) for name in names):
        problem = msg("Write the name of each dimension once, with commas between.")
    elif len(names) - 1 > len(DIMENSIONS):
        problem = msg("At most {count} dimensions can be sent.", count=len(DIMENSIONS))
    if problem is not None:
        raise cloud.wrong(problem, "account_format")


_CHECKS: Final[tuple[Callable[[Settings], object], ...]] = (
    _choices,
    _addresses,
    cloud.tenant,
    cloud.client_id,
    _company,
    _journal_name,
    _account_format,
)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))
