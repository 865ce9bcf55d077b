"""Which columns hold envelopes of the vault, and what each envelope is bound to.

A new one is one line here; tests/data/test_sealed_columns.py fails for a column that is missing.
"""

from typing import Any, Final, NamedTuple

from integration_admin.data.columns import Owned
from integration_admin.data.models import Credential, Integration
from integration_admin.data.models_factors import AuthenticatorApp
from integration_admin.data.models_identity import IdentityProvider
from integration_admin.data.models_notices import NoticeSettings
from integration_admin.data.vault import Binding


class SealedColumn(NamedTuple):
    """A column of envelopes; an empty text in it means that there is no secret.

    `kind` is what a secret is for, where it is not an integration's: those are bound to the integration's type
    and address, so that a changed address cannot receive an old secret.
    """

    model: type[Owned]
    kind: str = ""
    column: str = "envelope"

    @property
    def of_integration(self) -> bool:
        """Whether an integration's type and address are part of what the secret is bound to."""
        return not self.kind

    def binding(self, row: Any, integration: Integration | None = None) -> Binding:
        """Return the one place the secret of `row` can be opened from.

        A secret that is sent nowhere has no address in it.
        """
        return Binding(
            table=row.__tablename__,
            column=f"{self.column}/{row.field}" if isinstance(row, Credential) else self.column,
            organisation_id=str(row.organisation_id),
            record_id=str(row.id),
            connector_type=integration.kind if integration else self.kind,
            target_origin=integration.target_origin if integration else "",
        )


SEALED_COLUMNS: Final = (
    SealedColumn(Credential),
    SealedColumn(NoticeSettings, kind="webhook"),
    SealedColumn(AuthenticatorApp, kind="totp"),
    SealedColumn(IdentityProvider, kind="openid"),
)


def sealed_column(model: type[Owned], column: str = "envelope") -> SealedColumn:
    """Return what is known of a column of envelopes; raises LookupError for any other."""
    for known in SEALED_COLUMNS:
        if known.model is model and known.column == column:
            return known
    detail = f"{model.__name__}.{column} is no column of envelopes"
    raise LookupError(detail)


def _owners() -> frozenset[str]:
    """Return the tables with envelopes, and those whose rows take such rows with them when they go."""
    tables = [column.model.__table__ for column in SEALED_COLUMNS]  # type: ignore[attr-defined]  # mapped classes
    above = {key.column.table.name for table in tables for key in table.foreign_keys}
    return frozenset({table.name for table in tables} | above)


HOLDS_SECRETS: Final = _owners()
"""The names of the tables from which nothing is removed without a thought for the copies of its secrets."""
