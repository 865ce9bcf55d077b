"""Which accounts, people and dimension values may be used, and what Business Central says of the others."""

from decimal import Decimal
from typing import Final

from integration_admin.sandbox.dynamics.business_central import enumerations, problems
from integration_admin.sandbox.dynamics.business_central.problems import Problem, no_relation
from integration_admin.sandbox.dynamics.business_central.rows import Dimensions
from integration_admin.sandbox.dynamics.business_central.world import Account, Company, Party

_ACCOUNT: Final = "Account No."
_TAX_GROUP: Final = "VAT Prod. Posting Group"


def usable_account(company: Company, code: str, table: str) -> Account:
    """Return a general ledger account that takes entries. Raises Problem."""
    account = company.accounts.get(code)
    if account is None:
        raise no_relation(_ACCOUNT, table, code, "G/L Account")
    wanted = (
        ("Account Type", "Posting", account.account_type),
        ("Direct Posting", "Yes", "Yes" if account.direct else "No"),
        ("Blocked", "No", "Yes" if account.blocked else "No"),
    )
    for field, good, held in wanted:
        if held != good:
            raise Problem(
                problems.FIELD_VALIDATION,
                f"{field} must be equal to '{good}' in G/L Account: No.={code}. Current value is '{held}'.",
            )
    return account


def party_of(company: Company, kind: str, code: str, table: str) -> Party:
    """Return a vendor, an employee or a bank account. Raises Problem where there is none."""
    registers = {
        enumerations.VENDOR: company.vendors,
        enumerations.EMPLOYEE: company.employees,
        enumerations.BANK_ACCOUNT: company.banks,
    }
    register = registers.get(kind)
    party = register.get(code) if register is not None else None
    if party is None:
        raise no_relation(_ACCOUNT, table, code, kind)
    return party


def usable_party(company: Company, kind: str, code: str, table: str) -> Party:
    """Return a vendor, an employee or a bank account that takes entries. Raises Problem."""
    party = party_of(company, kind, code, table)
    if party.blocked == "All":
        raise Problem(
            problems.DIALOG,
            f"You cannot create this type of document when {kind} {code} is blocked with type {party.blocked}.",
        )
    return party


def usable(company: Company, kind: str, code: str, table: str) -> Account | Party:
    """Return whatever a line of this account type may name. Raises Problem."""
    if kind == enumerations.GL_ACCOUNT:
        return usable_account(company, code, table)
    return usable_party(company, kind, code, table)


def ledger_account(company: Company, kind: str, code: str) -> str:
    """Return the general ledger account that entries of an account type go to."""
    if kind == enumerations.GL_ACCOUNT or not code:
        return code
    return party_of(company, kind, code, "Gen. Journal Line").account


def require_dimensions(company: Company, dimensions: Dimensions) -> None:
    """Raise Problem for values that may be chosen and not posted (which is only found out then)."""
    for code, value_code in dimensions:
        dimension = company.dimensions.get(code)
        value = dimension.values.get(value_code) if dimension else None
        if value is None or value.blocked:
            raise Problem(problems.DIALOG, f"Dimension Value {code} - {value_code} is blocked.")
        if not value.posting:
            raise Problem(
                problems.DIALOG,
                f"Dimension Value Type for Dimension Value {code} - {value_code} must not be Total.",
            )


def require_date(company: Company, posting_date: str, table: str) -> None:
    """Raise Problem unless the date (yyyy-MM-dd) may be posted on."""
    too_early = company.allowed_from and posting_date < company.allowed_from
    too_late = company.allowed_to and posting_date > company.allowed_to
    if too_early or too_late:
        raise Problem(
            problems.FIELD_VALIDATION,
            f"Posting Date is not within your range of allowed posting dates in {table}.",
        )


def merged(*sets: Dimensions) -> Dimensions:
    """Return all dimensions; where two sets have the same one, the later set's counts."""
    found: dict[str, str] = {}
    for dimensions in sets:
        found |= dict(dimensions)
    return tuple(found.items()) if found else ()


def tax_percent(company: Company, code: str, table: str) -> Decimal:
    """Return a tax group's percent; none is 0. Raises Problem."""
    if not code:
        return Decimal(0)
    group = company.tax_groups.get(code)
    if group is None:
        raise no_relation(_TAX_GROUP, table, code, "VAT Product Posting Group")
    return Decimal(group.number)
