"""What a connection test found, in words, and what that changes about the integration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from integration_admin.adapters.base import Connection, Option
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.models import Integration
from integration_admin.services.stop_reasons import is_restored

_MOST: Final = 1_000
"""Options kept of one field: more than any list a person looks through."""


@dataclass(frozen=True, slots=True)
class TestReport:
    """What a connection test found; `message` explains either way.

    A test that is `unfinished` signed in and did not pass because something in `found` is not chosen yet:
    `undecided` names those fields.
    """

    passed: bool
    message: Message
    entity: str
    warnings: tuple[Message, ...]
    seconds: float
    entity_id: str = ""
    found: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    """What there is to choose from in a credential field, by the field's name."""
    undecided: tuple[str, ...] = ()

    @property
    def unfinished(self) -> bool:
        """Tell whether only a choice is missing."""
        return bool(self.undecided)


def reached(connection: Connection, seconds: float) -> TestReport:
    """Report whom a test reached, or what must be chosen before it can be told."""
    found = {name: options[:_MOST] for name, options in connection.found.items()}
    if connection.undecided:
        first = next(iter(connection.undecided.values()))
        undecided = tuple(connection.undecided)
        return TestReport(
            passed=False,
            message=first,
            entity="",
            warnings=connection.warnings,
            seconds=seconds,
            found=found,
            undecided=undecided,
        )
    return TestReport(
        passed=True,
        message=msg("Connected to {entity}.", entity=connection.entity),
        entity=connection.entity,
        warnings=connection.warnings,
        seconds=seconds,
        entity_id=connection.entity_id,
        found=found,
    )


def failed(
    message: Message, seconds: float, found: Mapping[str, tuple[Option, ...]] | None = None
) -> TestReport:
    """Report why a test did not pass, with what there is to choose from instead, where that is known."""
    return TestReport(
        passed=False, message=message, entity="", warnings=(), seconds=seconds, found=found or {}
    )


def noted(
    integration: Integration, report: TestReport, refusal: Message | None, now: datetime
) -> dict[str, object]:
    """Return what a test changes; after one that did not pass, the entity reached before is kept."""
    if report.passed:
        goes_on = integration.state is IntegrationState.STOPPED
        resumed = {"state": IntegrationState.ACTIVE} if goes_on else {}
        entity = {"tested_entity": report.entity, "tested_entity_id": report.entity_id}
        # That a connection works says nothing of what was exported since the backup.
        reason = integration.stop_message if is_restored(integration) else None
        return {"tested_at": now, "stop_message": reason, **entity, **resumed}
    untested: dict[str, object] = {"tested_at": None}
    if refusal is not None and integration.state in {IntegrationState.ACTIVE, IntegrationState.STOPPED}:
        untested |= {"state": IntegrationState.STOPPED, "stop_message": refusal.to_json()}
    return untested
