"""The companies of an environment, and which of them the settings mean: by id or by name."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_LISTED: Final = 20
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_CHOOSE = msg("Choose a company and enter it under Company. These are there: {companies}.")
_NO_SUCH = msg("There is no company called {company}. Enter one of these under Company: {companies}.")
_SEVERAL = msg("Several companies are called {company}. Enter the id of the right one: {companies}.")
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


_NAMES: Final[tuple[Callable[[Company], str], ...]] = (
    lambda company: company.id,
    lambda company: company.name,
    lambda company: company.display_name,
)


def chosen(companies: Sequence[Company], wanted: str, remembered: str) -> Company:
    """Return the company with this id or name, else the one with the id `remembered`.

    Raises AdapterError that lists the companies where none is chosen, or not one of them.
    """
    usable = [company for company in companies if is_guid(company.id)]
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


def is_guid(text: str) -> bool:
    """Tell whether a text can stand as a key in an address."""
    return bool(_GUID.fullmatch(text))


def text_of(value: Any) -> str:
    """Return what an answer has in a field, as text."""
    return "" if value is None else str(value).strip()


def _not_chosen(sentence: Message, wanted: str, companies: Sequence[Company]) -> AdapterError:
    """Return the error that lists companies; ids are given where names do not tell them apart."""
    titles = [company.title for company in companies]
    listed = [
        company.title if titles.count(company.title) == 1 and sentence is not _SEVERAL else company.id
        for company in companies[:_LISTED]
    ]
    more = ["…"] if len(companies) > _LISTED else []
    values = {"company": wanted, "companies": "; ".join(listed + more)}
    return AdapterError(Message(sentence.template, values), Fault.CONFIG, code="company")
