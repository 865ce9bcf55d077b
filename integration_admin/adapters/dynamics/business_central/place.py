"""Where vouchers go: the company by its id, the journal by its code, and the currency the accounts are kept in.

Found once and remembered for some minutes; a company that was chosen by name is remembered by its id, so
that it is found again under another name.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.companies import Company, chosen, is_guid, text_of
from integration_admin.adapters.dynamics.business_central.errors import misshapen
from integration_admin.adapters.dynamics.business_central.options import Options
from integration_admin.adapters.dynamics.odata import query, text
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg

_SECONDS: Final = 30.0
_GOOD_SECONDS: Final = 300.0
_NO_ACCOUNT: Final = frozenset({"", "00000000-0000-0000-0000-000000000000"})
_JOURNAL_NAME: Final = "Approved expense claims"


@dataclass(frozen=True, slots=True)
class Place:
    """A company's journal, and what a voucher must fit in with there."""

    company: Company
    journal_id: str
    """Empty where there is no such journal."""
    journal: str
    currency: str
    """ISO 4217, what amounts in general journals are counted in."""
    open_from: date | None = None
    open_to: date | None = None
    """Between these days the company takes postings, where it has said so."""

    @property
    def in_company(self) -> str:
        """Return the path of the company, without a slash in front."""
        return f"companies({self.company.id})"

    @property
    def in_journal(self) -> str:
        """Return the path of the journal, without a slash in front."""
        return f"{self.in_company}/journals({self.journal_id})"


@dataclass(slots=True)
class _Known:
    """One integration's place; `had_journal` stays true when the journal goes."""

    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    place: Place | None = None
    until: float = 0.0
    had_journal: bool = False


class Places:
    """The places of every integration this process has sent to, and the ids of companies chosen by name."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str, str], _Known] = {}
        self._ids: dict[tuple[str, str], str] = {}

    async def of(self, client: BusinessCentralClient) -> Place:
        """Return the place the settings name, with or without its journal.

        Raises AuthenticationFailed, AdapterError where the company is not there or the journal is not fit.
        """
        known = self._of(client)
        async with known.asking:
            return await self._current(client, known)

    async def ready(self, client: BusinessCentralClient) -> Place:
        """Return the place with its journal, which is created where it was never seen.

        Raises AuthenticationFailed, AdapterError; so also where the journal was there and is gone.
        """
        known = self._of(client)
        async with known.asking:
            place = await self._current(client, known)
            if not place.journal_id:
                if known.had_journal:
                    raise _gone(place)
                place = known.place = await _with_journal(client, place, _SECONDS)
            known.had_journal = True
            return place

    def forget(self, client: BusinessCentralClient) -> None:
        """Ask anew next time: something that was there may be gone."""
        self._of(client).until = float("-inf")

    async def tested(self, client: BusinessCentralClient, company: Company, deadline: float) -> Place:
        """Return the place in `company` as it is now, its journal created where it is absent.

        Raises as `ready` does.
        """
        place = await _find(client, company, deadline)
        if not place.journal_id:
            place = await _with_journal(client, place, deadline)
        known = self._of(client)
        known.place, known.until = place, client.clock.monotonic() + _GOOD_SECONDS
        known.had_journal = True
        return place

    async def company(self, client: BusinessCentralClient, deadline: float = _SECONDS) -> Company:
        """Return the chosen company. Raises AdapterError that lists the companies where none is, or a wrong one."""
        return self.chosen(client, await companies_of(client, deadline))

    def chosen(self, client: BusinessCentralClient, companies: Sequence[Company]) -> Company:
        """Return the one of `companies` the settings name, and remember its id. Raises NotChosen, AdapterError."""
        options = client.options
        name = (options.base, options.company.casefold())
        found = chosen(companies, options.company, self._ids.get(name, ""))
        self._ids[name] = found.id
        return found

    def currency(self, options: Options) -> str:
        """Return the currency of a company that was found before, empty where none was; asks nobody."""
        known = self._known.get(_key(options))
        return known.place.currency if known is not None and known.place is not None else ""

    def _of(self, client: BusinessCentralClient) -> _Known:
        return self._known.setdefault(_key(client.options), _Known())

    async def _current(self, client: BusinessCentralClient, known: _Known) -> Place:
        if known.place is None or client.clock.monotonic() >= known.until:
            known.place = await _find(client, await self.company(client), _SECONDS)
            known.until = client.clock.monotonic() + _GOOD_SECONDS
        return known.place


def _key(options: Options) -> tuple[str, str, str, str]:
    return (options.base, options.sign_in.client_id, options.company, options.journal)


async def companies_of(client: BusinessCentralClient, deadline: float) -> list[Company]:
    """Return every company the app sees. Raises AuthenticationFailed, AdapterError."""
    path = "/companies?" + query(select="id,name,displayName")
    return [Company.of(entry) async for entry in client.values(path, deadline=deadline)]


async def _find(client: BusinessCentralClient, company: Company, deadline: float) -> Place:
    journal_id = await _journal_id(client, company, deadline)
    currency, open_from, open_to = await _setup(client, company, deadline)
    return Place(company, journal_id, client.options.journal, currency, open_from, open_to)


async def _journal_id(client: BusinessCentralClient, company: Company, deadline: float) -> str:
    """Return the id of the journal with the code of the settings, empty where there is none. Raises AdapterError."""
    code = client.options.journal
    path = f"/companies({company.id})/journals?" + query(filter=f"code eq {text(code)}")
    async for entry in client.values(path, deadline=deadline):
        if text_of(entry.get("code")).upper() == code:
            return _fit(entry, code)
    return ""


async def _with_journal(client: BusinessCentralClient, place: Place, deadline: float) -> Place:
    """Create the journal of a place. Raises AdapterError."""
    body = {"code": place.journal, "displayName": _JOURNAL_NAME}
    created = await client.create(f"/{place.in_company}/journals", body, deadline=deadline)
    return replace(place, journal_id=_fit(created, place.journal))


def _fit(journal: Mapping[str, Any], code: str) -> str:
    """Return the id of a journal; one that would add an account of its own to every line is refused."""
    name = text_of(journal.get("id"))
    if not is_guid(name):
        raise misshapen(detail="a journal without an id")
    if (
        text_of(journal.get("balancingAccountNumber"))
        or text_of(journal.get("balancingAccountId")) not in _NO_ACCOUNT
    ):
        raise AdapterError(
            msg(
                "The journal {journal} has a balancing account of its own, which would be added to every line."
                " Take it out in Business Central, or enter the code of another journal.",
                journal=code,
            ),
            Fault.CONFIG,
            code="balancing_account",
        )
    return name


def _gone(place: Place) -> AdapterError:
    return AdapterError(
        msg(
            "The journal {journal} is not there in Business Central any more. Test the connection again: the test"
            " creates it.",
            journal=place.journal,
        ),
        Fault.CONFIG,
        code="journal",
    )


async def _setup(
    client: BusinessCentralClient, company: Company, deadline: float
) -> tuple[str, date | None, date | None]:
    """Return the currency of the accounts, and the days between which postings are taken."""
    setup = _first(await client.read(f"/companies({company.id})/generalLedgerSetup", deadline=deadline))
    currency = text_of(setup.get("localCurrencyCode"))
    if not currency:
        information = await client.read(f"/companies({company.id})/companyInformation", deadline=deadline)
        currency = text_of(_first(information).get("currencyCode"))
    if not currency:
        raise AdapterError(
            msg(
                "Business Central does not say which currency the company keeps its accounts in. Fill in LCY"
                " Code there under General Ledger Setup."
            ),
            Fault.CONFIG,
            code="currency",
        )
    return currency, _day(setup.get("allowPostingFrom")), _day(setup.get("allowPostingTo"))


def _first(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a single entry, which stands alone or as the only one of a list."""
    entries = answer.get("value")
    if not isinstance(entries, list):
        return answer
    return entries[0] if entries and isinstance(entries[0], dict) else {}


def _day(value: Any) -> date | None:
    """Return a day; the year 1 is how Business Central writes that there is none."""
    try:
        day = date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
    return day if day.year > 1 else None
