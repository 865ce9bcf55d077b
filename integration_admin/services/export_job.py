"""What one export run works with from start to end. It decides nothing."""

import uuid
from dataclasses import dataclass

from integration_admin.adapters.base import AccountingAdapter, Capabilities, Credentials
from integration_admin.core.clock import Clock
from integration_admin.data.database import Database
from integration_admin.data.locks import HeldLock
from integration_admin.data.models import Run
from integration_admin.services.circuit import Circuit
from integration_admin.services.delivery_rules import References, RetryTimes
from integration_admin.services.export_outcomes import Tally
from integration_admin.services.exported_kinds import exported_kinds
from integration_admin.services.mapping_resolver import CompiledMapping
from integration_admin.services.retry_budget import RetryBudget


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One run of one integration, its lock in hand."""

    database: Database
    clock: Clock
    retry_times: RetryTimes
    lock: HeldLock
    run: Run
    adapter: AccountingAdapter
    capabilities: Capabilities
    credentials: Credentials
    mapping: CompiledMapping
    tally: Tally
    circuit: Circuit
    budget: RetryBudget
    restored: bool = False
    """Whether the database came out of a backup: what was exported after that was made is not known here."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of records it takes up."""
        return exported_kinds(self.capabilities.kinds, maps_payments=self.mapping.payments is not None)

    @property
    def looks_first(self) -> bool:
        """Whether each record is looked up before it goes out.

        Where the accounting system cannot be asked, whoever resumed the integration has compared.
        """
        return self.restored and self.capabilities.lookup

    @property
    def organisation_id(self) -> uuid.UUID:
        """Whose run it is."""
        return self.run.organisation_id

    @property
    def integration_id(self) -> uuid.UUID:
        """Where it exports to."""
        return self.run.integration_id

    @property
    def probe_reference(self) -> str:
        """A reference nothing is ever sent under, for a question whose answer does not matter."""
        return References(self.organisation_id, self.integration_id).of("probe", "")
