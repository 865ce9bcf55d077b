"""What the simulated organisation has before anything is booked, as rows ready for GraphQL.

Entities, accounts, dimensions, people and periods; accounts and periods may be closed on the way.
"""

import calendar
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from integration_admin.sandbox.xledger import chart, dimensions
from integration_admin.sandbox.xledger.catalogue import Catalogue, Row

_STAMP = {"createdAt": "2024-01-02T08:00:00", "modifiedAt": "2026-01-05T08:00:00"}
_COMPANY_NUMBERS = {"main": "974761076", "branch": "971277882"}


@dataclass(frozen=True, slots=True)
class Entity:
    """One accounting entity. A token reaches its entity and those below; codes come from those above."""

    name: str
    db_id: int
    row: Row
    reach: frozenset[int]
    """dbIds of this entity and its sub-entities."""
    above: frozenset[int]
    """dbIds of this entity and the ones it belongs to."""


class World:
    """The rows; built anew at every reset. `today` decides which periods there are."""

    def __init__(self, today: date) -> None:
        self.entities = _entities()
        owners = {name: entity.db_id for name, entity in self.entities.items()}
        self.currencies = Catalogue(
            _stamped({"dbId": 100 + n, "code": code, "description": text})
            for n, (code, text) in enumerate(dimensions.CURRENCIES)
        )
        self.accounts = Catalogue(_accounts(owners))
        self.object_kinds = Catalogue(
            _stamped({"dbId": str(db_id), "code": name, "name": name, "description": text})
            for db_id, name, text in dimensions.OBJECT_KINDS
        )
        self.values = {
            kind: Catalogue(rows) for kind, rows in _object_values(owners, self.object_kinds).items()
        }
        self.object_values = Catalogue(row for kind in self.values.values() for row in kind.rows)
        self.projects = Catalogue(_projects(owners))
        self.tax_tables = Catalogue(self._tax_tables())
        self.subledgers = Catalogue(self._subledgers())
        self.employees = Catalogue(self._employees())
        self.periods = Catalogue(_periods(today, self.entities.values()))
        self.job_levels = Catalogue(
            {"dbId": db_id, "dbSubId": sub_id, "name": name} for db_id, sub_id, name in dimensions.JOB_LEVELS
        )
        self.transaction_sources = Catalogue(
            {"dbId": db_id, "code": code, "description": text}
            for db_id, code, text in dimensions.TRANSACTION_SOURCES
        )
        self._lookups = {entity.db_id: self._lookups_of(entity) for entity in self.entities.values()}
        self._by_month = {(row["ownerDbId"], row["period"]["fromDate"][:7]): row for row in self.periods.rows}

    def entity(self, db_id: int) -> Entity:
        """Return the entity with this dbId. Raises LookupError."""
        return {entity.db_id: entity for entity in self.entities.values()}[db_id]

    def lookups(self, entity: Entity) -> Mapping[str, Catalogue]:
        """Return where each lookup field's values are; slots `entity` does not use hold nothing."""
        return self._lookups[entity.db_id]

    def period_is_open(self, owner: int, posted: str) -> bool:
        """Tell whether something can be booked on the date `posted` (yyyy-MM-dd)."""
        row = self._by_month.get((owner, posted[:7]))
        return row is not None and not row["closed"]

    def set_period(self, month: str, *, closed: bool) -> int:
        """Close or open a month (yyyy-MM) everywhere; return how many periods that were."""
        found = [row for (_, key), row in self._by_month.items() if key == month]
        for row in found:
            row["closed"] = closed
        return len(found)

    def set_account(self, code: str, *, is_open: bool) -> int:
        """Open or close every account with this code; return how many there are."""
        found = [row for row in self.accounts.rows if row["code"] == code]
        for row in found:
            row["_open"] = is_open
        return len(found)

    def _lookups_of(self, entity: Entity) -> dict[str, Catalogue]:
        empty = Catalogue(())
        kinds = dimensions.SLOTS[entity.name]
        slots = {f"glObject{place}": empty for place in range(1, 6)}
        slots |= {f"glObject{place}": self.values[kind] for place, kind in enumerate(kinds, start=1)}
        return slots | {
            "account": self.accounts, "project": self.projects, "currency": self.currencies,
            "taxRule": self.values[dimensions.TAX_RULE], "subledger": self.subledgers,
            "jobLevel": self.job_levels, "transactionSource": self.transaction_sources,
        }  # fmt: skip

    def _tax_tables(self) -> Iterator[Row]:
        owner = self.entities["main"].db_id
        for n, rule in enumerate(dimensions.TAX_RULES):
            owners = frozenset({owner})
            account = self.accounts.matching("code", rule.account, owners)
            yield _stamped(
                {
                    "dbId": str(81_000 + n), "ownerDbId": owner, "taxPercent": rule.percent,
                    "correctionPercent": "100.00", "dateFrom": "2020-01-01", "dateTo": None,
                    "account": account[0] if account else None,
                    "objectValue": self.values[dimensions.TAX_RULE].matching("code", rule.code, owners)[0],
                    "_open": rule.open,
                }
            )  # fmt: skip

    def _subledgers(self) -> Iterator[Row]:
        for n, (code, name) in enumerate(dimensions.PEOPLE):
            yield _stamped(
                {
                    "dbId": str(6_400_000 + n), "code": code, "description": name,
                    "ownerDbId": self.entities["main"].db_id, "extIdentifier": code,
                    "ledgerType": {"name": "AP"}, "currency": self.currencies.rows[0], "bankAccount": None,
                }
            )  # fmt: skip

    def _employees(self) -> Iterator[Row]:
        for n, ledger in enumerate(self.subledgers.rows):
            yield _stamped(
                {
                    "dbId": str(7_100_000 + n), "code": ledger["code"], "description": ledger["description"],
                    "ownerDbId": ledger["ownerDbId"], "dateFrom": "2022-01-01", "dateTo": None,
                    "email": f"{ledger['code'].lower()}@eksempelforbundet.example",
                    "subledger": ledger, "glObject1": self.values[dimensions.COST_CENTRE].rows[1],
                }
            )  # fmt: skip


def _stamped(row: Row) -> Row:
    """Add when the row was made and last changed, in Norwegian local time."""
    return row | _STAMP


def _entities() -> dict[str, Entity]:
    main, branch = 10_001_01, 10_002_02
    return {
        "main": Entity(
            "main", main, _entity_row("main", main, "1000", "Eksempelforbundet"),
            reach=frozenset({main, branch}), above=frozenset({main}),
        ),
        "branch": Entity(
            "branch", branch, _entity_row("branch", branch, "2000", "Eksempelforbundet Oslo"),
            reach=frozenset({branch}), above=frozenset({main, branch}),
        ),
    }  # fmt: skip


def _entity_row(name: str, db_id: int, code: str, description: str) -> Row:
    kinds = {db_id: (kind, text) for db_id, kind, text in dimensions.OBJECT_KINDS}
    entries: list[Any] = []
    for place, kind in enumerate(dimensions.SLOTS[name], start=1):
        kind_name, text = kinds[kind]
        kind_row = {"dbId": str(kind), "code": kind_name, "name": kind_name, "description": text}
        field_object = {"code": kind_name, "description": text, "objectKind": kind_row}
        entries.append({"field": {"name": f"glObject{place}"}, "fieldObject": field_object})
    company = {
        "dbId": db_id + 5_000, "code": code, "description": description,
        "companyNumber": _COMPANY_NUMBERS[name],
    }  # fmt: skip
    return {
        "dbId": db_id, "ownerDbId": db_id, "code": code, "description": description, "company": company,
        "currency": {"dbId": 100, "code": "NOK", "description": "Norske kroner"}, "glSetupEntries": entries,
    }  # fmt: skip


def _accounts(owners: dict[str, int]) -> Iterator[Row]:
    owned = [(owners["main"], *account) for account in chart.ACCOUNTS]
    owned += [(owners["branch"], *account) for account in chart.BRANCH_ACCOUNTS]
    for n, (owner, code, description) in enumerate(owned):
        group = code[0]
        ledger = chart.SUBLEDGERS.get(code)
        yield _stamped(
            {
                "dbId": 2_100_000 + n, "code": code, "description": description, "ownerDbId": owner,
                "chartOfAccountDbId": chart.CHART_OF_ACCOUNTS, "accountGroupDbId": 300 + int(group),
                "posting": code not in chart.SUM_ACCOUNTS, "group": code in chart.SUM_ACCOUNTS,
                "vat": code.startswith("27"), "cost": group in "4567", "revenue": group == "3",
                "asset": group == "1", "liabilities": code[:2] > "20" and group == "2",
                "equity": code.startswith("20"), "balanceSheet": group in "12", "credit": group in "23",
                "ledgerType": {"name": ledger} if ledger else None, "accountIndicator": None,
                "sysAccount": None, "_open": code not in chart.CLOSED,
            }
        )  # fmt: skip


def _object_values(owners: dict[str, int], kinds: Catalogue) -> dict[int, list[Row]]:
    by_kind: dict[int, list[dimensions.Value]] = {
        dimensions.TAX_RULE: [
            dimensions.Value(rule.code, rule.description, open=rule.open) for rule in dimensions.TAX_RULES
        ],
        dimensions.COST_CENTRE: list(dimensions.COST_CENTRES),
        dimensions.PROJECT: list(dimensions.PROJECTS),
        dimensions.ACTIVITY: list(dimensions.ACTIVITIES),
    }
    kind_rows = {int(row["dbId"]): row for row in kinds.rows}
    return {
        kind: [
            _stamped(
                {
                    "dbId": str(kind * 100_000 + n), "code": value.code, "description": value.description,
                    "ownerDbId": owners[value.entity], "objectKindDbId": str(kind),
                    "objectKind": kind_rows[kind], "dateFrom": value.date_from,
                    "dateTo": value.date_to or None, "posting": value.posting, "_open": value.open,
                }
            )
            for n, value in enumerate(values)
        ]
        for kind, values in by_kind.items()
    }  # fmt: skip


def _projects(owners: dict[str, int]) -> Iterator[Row]:
    for n, project in enumerate(dimensions.PROJECTS):
        yield _stamped(
            {
                "dbId": 510_000 + n, "code": project.code, "description": project.description,
                "ownerDbId": owners[project.entity], "fromDate": project.date_from,
                "toDate": project.date_to or None, "allowPosting": project.posting, "expenseLedger": True,
                "billable": False, "external": True, "extIdentifier": None, "_open": project.open,
            }
        )  # fmt: skip


def _periods(today: date, entities: Iterable[Entity]) -> Iterator[Row]:
    """Yield the months from three years back to the end of next year; the oldest year is closed."""
    db_id = 910_000
    for entity in entities:
        for year in range(today.year - 3, today.year + 2):
            for month in range(1, 13):
                db_id += 1
                last = calendar.monthrange(year, month)[1]
                period = {
                    "fiscalYear": year, "fiscalPeriod": month,
                    "fromDate": f"{year}-{month:02}-01", "toDate": f"{year}-{month:02}-{last}",
                }  # fmt: skip
                yield _stamped(
                    {
                        "dbId": str(db_id), "ownerDbId": entity.db_id, "owner": entity.row,
                        "period": period, "closed": year == today.year - 3,
                    }
                )  # fmt: skip
