"""The fields of a journal line as they are set: one after the other in the order they came, each checked at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from sys import intern
from types import MappingProxyType
from typing import Any, Final

from integration_admin.sandbox.dynamics.business_central import enumerations, problems
from integration_admin.sandbox.dynamics.business_central.accounts import merged, tax_percent, usable
from integration_admin.sandbox.dynamics.business_central.calls import require_guid
from integration_admin.sandbox.dynamics.business_central.identifiers import NOWHERE
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.rows import Dimensions, JournalLine
from integration_admin.sandbox.dynamics.business_central.values import (
    choice_of,
    code_of,
    date_of,
    hundredths_of,
    text_of,
    whole_of,
)
from integration_admin.sandbox.dynamics.business_central.world import Account, Company, Party

TABLE: Final = "Gen. Journal Line"
FIELDS: Final = (
    "id", "journalId", "journalDisplayName", "lineNumber", "accountType", "accountId", "accountNumber",
    "postingDate", "documentNumber", "externalDocumentNumber", "amount", "description", "comment", "taxCode",
    "balanceAccountType", "balancingAccountId", "balancingAccountNumber", "lastModifiedDateTime",
)  # fmt: skip


@dataclass(slots=True)
class Draft:
    """A line while its fields are set, one after the other in the order they came."""

    company: Company
    line_number: int | None = None
    account_type: str = enumerations.GL_ACCOUNT
    account: str = ""
    posting_date: str = ""
    document: str = ""
    external_document: str = ""
    amount: int = 0
    description: str = ""
    comment: str = ""
    tax_code: str = ""
    balancing_type: str = enumerations.GL_ACCOUNT
    balancing_account: str = ""
    defaults: Dimensions = ()

    def set_type(self, value: Any) -> None:
        """Set what kind of account it is; another kind's account goes."""
        kind = choice_of(value, enumerations.ACCOUNT_TYPES)
        if kind != self.account_type:
            self.account_type, self.account = kind, ""

    def set_balancing_type(self, value: Any) -> None:
        """Set what kind of account the balancing account is."""
        kind = choice_of(value, enumerations.ACCOUNT_TYPES)
        if kind != self.balancing_type:
            self.balancing_type, self.balancing_account = kind, ""

    def set_account(self, value: Any) -> None:
        """Set the account; its name is the description as long as there is none."""
        code = code_of(value, 20)
        if code:
            found = usable(self.company, self.account_type, code, TABLE)
            self.description = self.description or found.name
            self.defaults = merged(self.defaults, found.defaults)
        self.account = intern(code)

    def set_balancing_account(self, value: Any) -> None:
        """Set the account on the other side."""
        code = code_of(value, 20)
        if code:
            found = usable(self.company, self.balancing_type, code, TABLE)
            self.defaults = merged(found.defaults, self.defaults)
        self.balancing_account = intern(code)

    def set_account_id(self, value: Any) -> None:
        """Set the account by its id, which works for the general ledger and banks only (facts 1.3)."""
        self.set_account(_code_with_id(self.company, self.account_type, value))

    def set_balancing_id(self, value: Any) -> None:
        """Set the balancing account by its id."""
        self.set_balancing_account(_code_with_id(self.company, self.balancing_type, value))

    def set_tax_code(self, value: Any) -> None:
        """Set the VAT product posting group."""
        self.tax_code = intern(code_of(value, 20))
        tax_percent(self.company, self.tax_code, TABLE)

    def require_one_ledger(self) -> None:
        """Raise Problem where both sides are people or the like."""
        both = {self.account_type, self.balancing_type}
        if both <= enumerations.WITH_LEDGER and self.account and self.balancing_account:
            raise Problem(
                problems.DIALOG, "Account Type or Bal. Account Type must be a G/L Account or Bank Account."
            )

    def row(self, journal: int, dimensions: Dimensions, modified: str, version: int) -> JournalLine:
        """Return the finished line."""
        return JournalLine(
            self.company.number, journal, self.line_number or 0, self.account_type, self.account,
            intern(self.posting_date), self.document, self.external_document, self.amount, self.description,
            self.comment, self.tax_code, self.balancing_type, self.balancing_account, dimensions, modified,
            version,
        )  # fmt: skip


def _text(name: str, length: int) -> Callable[[Draft, Any], None]:
    return lambda draft, value: setattr(draft, name, text_of(value, length))


def _code(name: str, length: int) -> Callable[[Draft, Any], None]:
    return lambda draft, value: setattr(draft, name, code_of(value, length))


_SETTERS: Mapping[str, Callable[[Draft, Any], None]] = MappingProxyType(
    {
        "lineNumber": lambda draft, value: setattr(draft, "line_number", whole_of(value)),
        "accountType": Draft.set_type,
        "accountId": Draft.set_account_id,
        "accountNumber": Draft.set_account,
        "postingDate": lambda draft, value: setattr(draft, "posting_date", date_of(value)),
        "documentNumber": _code("document", 20),
        "externalDocumentNumber": _code("external_document", 35),
        "amount": lambda draft, value: setattr(draft, "amount", hundredths_of(value)),
        "description": _text("description", 100),
        "comment": _text("comment", 250),
        "taxCode": Draft.set_tax_code,
        "balanceAccountType": Draft.set_balancing_type,
        "balancingAccountId": Draft.set_balancing_id,
        "balancingAccountNumber": Draft.set_balancing_account,
        "journalId": lambda _draft, value: require_guid(str(value)),
    }
)


def fill(draft: Draft, fields: Mapping[str, Any]) -> None:
    """Set fields in the order they came. Raises Problem."""
    for name, value in fields.items():
        setter = _SETTERS.get(name)
        if setter is None:
            raise problems.unknown_field(name, "journalLine", FIELDS)
        setter(draft, value)
    draft.require_one_ledger()


def _code_with_id(company: Company, kind: str, value: Any) -> str:
    """Return the code of the account with an id; all zeros is none. Raises Problem."""
    text = str(value)
    require_guid(text)
    if text == NOWHERE:
        return ""
    found: Account | Party | None = None
    if kind == enumerations.GL_ACCOUNT:
        found = company.accounts.with_guid(text)
    elif kind == enumerations.BANK_ACCOUNT:
        found = company.banks.with_guid(text)
    if found is None:
        raise Problem(problems.DIALOG, 'The "accountId" does not match to an account.')
    return found.code
