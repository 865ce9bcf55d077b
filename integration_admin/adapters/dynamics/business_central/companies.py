"""The companies of an environment, which of them the settings mean (by id or by name), and the list to choose from."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integration_admin.adapters.base import Option
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_LISTED: Final = 20
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_CHOOSE = msg("The sign-in works. Choose a company under Company, and test again. There are: {companies}.")
_NO_SUCH = msg("There is no company called {company}. Choose one of these under Company: {companies}.")
_SEVERAL = msg("Several companies are called {company}. Choose one of these under Company: {companies}.")
_NONE = msg("The app sees no company in this environment. Give it permission sets in Business Central.")


@dataclass(frozen=True, slots=True)
class Company:
    """One company of an environment."""

    id: str
    name: str
    display_name: str

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Company":
        """Return the company an answer tells of."""
        return cls(*(text_of(entry.get(name)) for name in ("id", "name", "displayName")))

    @property
    def title(self) -> str:
        """Return what people call it."""
        return self.display_name or self.name


class NotChosen(AdapterError):
    """The companies are there, and which one is meant is not clear."""


_NAMES: Final[tuple[Callable[[Company], str], ...]] = (
    lambda company: company.id,
    lambda company: company.name,
    lambda company: company.display_name,
)


def chosen(companies: Sequence[Company], wanted: str, remembered: str) -> Company:
    """Return the company with this id or name, else the one with the id `remembered`.

    Raises NotChosen that lists the companies where none is chosen, or not one of them; AdapterError where
    there is none.
    """
    usable = _usable(companies)
    if not usable:
        raise AdapterError(_NONE, Fault.CONFIG, code="company")
    if not wanted:
        raise _not_chosen(_CHOOSE, wanted, usable)
    for name_of in _NAMES:
        found = [company for company in usable if name_of(company).casefold() == wanted.casefold()]
        if len(found) == 1:
            return found[0]
        if found:
            raise _not_chosen(_SEVERAL, wanted, found)
    for company in usable:
        if company.id == remembered:
            return company
    raise _not_chosen(_NO_SUCH, wanted, usable)


def to_choose_from(companies: Sequence[Company], wanted: str, company: Company | None) -> tuple[Option, ...]:
    """Return the companies by id, each under a name of its own, in the order of their names.

    The chosen `company` keeps the name it was chosen by, so that what is stored stays one of the options.
    """
    usable = _usable(companies)
    values = {company.id: wanted} if company is not None else {}
    options = [Option(values.get(one.id, one.id), _name_among(one, usable)) for one in usable]
    return tuple(sorted(options, key=lambda option: option.text.casefold()))


def is_guid(text: str) -> bool:
    """Tell whether a text can stand as a key in an address."""
    return bool(_GUID.fullmatch(text))


def text_of(value: Any) -> str:
    """Return what an answer has in a field, as text."""
    return "" if value is None else str(value).strip()


def _usable(companies: Sequence[Company]) -> list[Company]:
    """Leave out a company that no address can name."""
    return [company for company in companies if is_guid(company.id)]


def _name_among(company: Company, companies: Sequence[Company]) -> str:
    """Return what people call a company, with what tells it from others they call the same."""
    alike = [one for one in companies if one.title.casefold() == company.title.casefold()]
    names = [one.name.casefold() for one in alike]
    if len(alike) == 1:
        return company.title
    return f"{company.title} ({company.name if names.count(company.name.casefold()) == 1 else company.id})"


def _not_chosen(sentence: Message, wanted: str, companies: Sequence[Company]) -> NotChosen:
    """Return the error that lists companies."""
    listed = [_name_among(company, companies) for company in companies[:_LISTED]]
    more = ["…"] if len(companies) > _LISTED else []
    values = {"company": wanted, "companies": "; ".join(listed + more)}
    return NotChosen(Message(sentence.template, values), Fault.CONFIG, code="company")
