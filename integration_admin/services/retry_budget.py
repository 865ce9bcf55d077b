"""How many automatic repetitions an integration may still spend today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration_admin.data.models import Integration
from integration_admin.services.delivery_rules import BUDGET_WINDOW


@dataclass(slots=True)
class RetryBudget:
    """Counts repetitions in a window of 24 hours, so that no fault repeats itself without end."""

    limit: int
    spent: int = 0
    since: datetime | None = None
    _written: int = 0

    @classmethod
    def of(cls, integration: Integration, limit: int, now: datetime) -> "RetryBudget":
        """Go on counting; a window that is over starts anew."""
        since = integration.retries_since
        if since is None or now - since >= BUDGET_WINDOW:
            return cls(limit)
        return cls(limit, integration.retries_spent, since, integration.retries_spent)

    @property
    def left(self) -> int:
        """How many more may go out."""
        return max(0, self.limit - self.spent)

    def spend(self, count: int, now: datetime) -> None:
        """Count repetitions that are about to leave."""
        if count:
            self.spent += count
            self.since = self.since or now

    def changes(self) -> dict[str, Any]:
        """Return the integration's columns that differ from what is stored; empty when none does."""
        if self.spent == self._written:
            return {}
        return {
            "retries_spent": self.spent,
            "retries_since": self.since,
            "retries_rest_until": self._rest_until,
        }

    @property
    def _rest_until(self) -> datetime | None:
        """When the window ends, once the budget is spent."""
        return self.since + BUDGET_WINDOW if self.since and not self.left else None

    def written(self, changes: Mapping[str, Any]) -> None:
        """Remember that `changes` have been committed."""
        if changes:
            self._written = changes["retries_spent"]
