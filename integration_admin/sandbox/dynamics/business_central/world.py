"""What the two companies have before anything is written: accounts, people, dimensions, currencies, tax groups.

Accounts and vendors may be blocked, posting dates closed and companies renamed on the way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Generic, Protocol, TypeVar

from integration_admin.sandbox.dynamics.business_central.identifiers import Kind, guid
from integration_admin.sandbox.dynamics.business_central.rows import Dimensions
from integration_admin.sandbox.xledger import chart, dimensions

LOCAL_CURRENCY: Final = "NOK"
RATES: Final = {
    "EUR": Decimal("11.5"),
    "SEK": Decimal("1.02"),
    "DKK": Decimal("1.54"),
    "USD": Decimal("10.4"),
    "JPY": Decimal("0.07"),
    "KWD": Decimal("33.9"),
}
"""What one unit of a currency costs in kroner; made up."""
CURRENCIES: Final = (
    ("EUR", "Euro", 2),
    ("SEK", "Svenske kroner", 2),
    ("DKK", "Danske kroner", 2),
    ("USD", "Amerikanske dollar", 2),
    ("JPY", "Japanske yen", 0),
    ("KWD", "Kuwaitiske dinarer", 3),
)
"""Code, name, decimals; the local currency is not in this list in Business Central."""
TAX_GROUPS: Final = (
    ("INGEN", "Uten mva", 0),
    ("HØY", "Mva på kjøp 25 %", 25),
    ("MIDDELS", "Mva på kjøp 15 %", 15),
    ("LAV", "Mva på kjøp 12 %", 12),
)
"""VAT product posting groups: code, name, percent."""
DEPARTMENT: Final = "AVDELING"
PROJECT: Final = "PROSJEKT"
EMPLOYEE_ACCOUNT: Final = "2910"
VENDOR_ACCOUNT: Final = "2400"
CONTROL_ACCOUNTS: Final = frozenset({"1500", VENDOR_ACCOUNT})
"""Accounts that are posted to through customers and vendors only."""


@dataclass(slots=True)
class Account:
    """A general ledger account."""

    code: str
    name: str
    account_type: str = "Posting"
    direct: bool = True
    blocked: bool = False
    defaults: Dimensions = ()
    """Dimension values a line gets by itself."""
    guid: str = ""


@dataclass(slots=True)
class Party:
    """A vendor, an employee or a bank account; `blocked` is Business Central's word: blank, Payment or All."""

    code: str
    name: str
    account: str
    """The general ledger account that is posted to."""
    blocked: str = " "
    currency: str = ""
    defaults: Dimensions = ()
    guid: str = ""


@dataclass(slots=True)
class Named:
    """A code with a name: a currency, a tax group or a value of a dimension."""

    code: str
    name: str
    number: int = 0
    """A currency's decimals, a tax group's percent."""
    posting: bool = True
    blocked: bool = False
    guid: str = ""


class _Item(Protocol):
    code: str
    guid: str


Item = TypeVar("Item", bound=_Item)


class Register(Generic[Item]):
    """Items by their code and by their GUID."""

    def __init__(self, kind: Kind, base: int, items: Iterable[Item]) -> None:
        self._kind = kind
        self._base = base
        self._by_code: dict[str, Item] = {}
        self._by_guid: dict[str, Item] = {}
        for item in items:
            self.add(item)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def add(self, item: Item) -> None:
        """Add an item and give it its GUID; of two with one code the first one stays."""
        if item.code not in self._by_code:
            item.guid = guid(self._kind, self._base + len(self._by_code) + 1)
            self._by_code[item.code] = self._by_guid[item.guid] = item

    def get(self, code: str) -> Item | None:
        """Return the item with this code."""
        return self._by_code.get(code)

    def with_guid(self, text: str) -> Item | None:
        """Return the item with this GUID."""
        return self._by_guid.get(text.lower())


@dataclass(slots=True)
class Dimension:
    """A dimension and its values."""

    code: str
    name: str
    values: Register[Named]
    guid: str = ""


@dataclass(slots=True)
class Company:
    """One company."""

    number: int
    name: str
    display_name: str
    accounts: Register[Account]
    vendors: Register[Party]
    employees: Register[Party]
    banks: Register[Party]
    dimensions: Register[Dimension]
    currencies: Register[Named]
    tax_groups: Register[Named]
    allowed_from: str = ""
    """The first date that may be posted on (yyyy-MM-dd), or empty."""
    allowed_to: str = ""

    @property
    def guid(self) -> str:
        """Return the company's id."""
        return guid(Kind.COMPANY, self.number)

    def grow(self, accounts: int) -> None:
        """Let the company have this many accounts, if it has fewer."""
        for number in range(accounts - len(self.accounts)):
            self.accounts.add(Account(f"9{number:06}", f"Underkonto {number}"))


class World:
    """The companies by number; made anew at every reset."""

    def __init__(self) -> None:
        self.companies = {
            1: _company(1, "Eksempelforbundet", "Eksempelforbundet"),
            2: _company(2, "EKSEMPEL OSLO", "Eksempelforbundet Oslo og Akershus"),
        }

    def named(self, name: str) -> Company | None:
        """Return the company with this name."""
        return next((found for found in self.companies.values() if found.name == name), None)


def _company(number: int, name: str, display_name: str) -> Company:
    base = number << 24
    return Company(
        number,
        name,
        display_name,
        accounts=Register(Kind.ACCOUNT, base, _accounts()),
        vendors=Register(Kind.VENDOR, base, _vendors()),
        employees=Register(Kind.EMPLOYEE, base, _employees()),
        banks=Register(Kind.BANK, base, [Party("BANK", "Driftskonto", "1920")]),
        dimensions=Register(Kind.DIMENSION, base, _dimensions(base)),
        currencies=Register(Kind.CURRENCY, base, (Named(*currency) for currency in CURRENCIES)),
        tax_groups=Register(Kind.TAX_GROUP, base, (Named(*group) for group in TAX_GROUPS)),
    )


def _accounts() -> Iterator[Account]:
    defaults = {"6900": ((DEPARTMENT, "100"),), "5330": ((DEPARTMENT, "130"),)}
    for code, name in chart.ACCOUNTS:
        is_sum = code in chart.SUM_ACCOUNTS
        yield Account(
            code,
            name,
            account_type="Total" if is_sum else "Posting",
            direct=not is_sum and code not in CONTROL_ACCOUNTS,
            blocked=code in chart.CLOSED,
            defaults=defaults.get(code, ()),
        )


def _vendors() -> Iterator[Party]:
    for code, name in dimensions.PEOPLE:
        yield Party(code, name, VENDOR_ACCOUNT)
    yield Party("L-201", "Hjelpemiddelhuset AS", VENDOR_ACCOUNT)
    yield Party("L-202", "Reisebyrået Utland", VENDOR_ACCOUNT, currency="EUR")
    yield Party("L-290", "Sperret leverandør", VENDOR_ACCOUNT, blocked="All")
    yield Party("L-291", "Sperret for betaling", VENDOR_ACCOUNT, blocked="Payment")


def _employees() -> Iterator[Party]:
    for code, name in dimensions.PEOPLE:
        yield Party(code, name, EMPLOYEE_ACCOUNT)
    yield Party("V-130", "Turid Fastavdeling", EMPLOYEE_ACCOUNT, defaults=((DEPARTMENT, "210"),))


def _dimensions(base: int) -> Iterator[Dimension]:
    lists = (
        (DEPARTMENT, "Avdeling", dimensions.COST_CENTRES),
        (PROJECT, "Prosjekt", dimensions.PROJECTS),
        ("AKTIVITET", "Aktivitet", dimensions.ACTIVITIES),
    )
    for place, (code, name, values) in enumerate(lists, start=1):
        items = (
            Named(value.code, value.description, posting=value.posting, blocked=not value.open)
            for value in values
            if value.entity == "main"
        )
        yield Dimension(code, name, Register(Kind.DIMENSION_VALUE, base + (place << 16), items))
