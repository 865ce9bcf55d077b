"""What a connection test found, in words, and what that changes about the integration."""

from dataclasses import dataclass
from datetime import datetime

from integration_admin.adapters.base import Connection
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.models import Integration


@dataclass(frozen=True, slots=True)
class TestReport:
    """What a connection test found; `message` explains either way."""

    passed: bool
    message: Message
    entity: str
    warnings: tuple[Message, ...]
    seconds: float
    entity_id: str = ""


def passed(connection: Connection, seconds: float) -> TestReport:
    """Report whom a test reached."""
    return TestReport(
        passed=True,
        message=msg("Connected to {entity}.", entity=connection.entity),
        entity=connection.entity,
        warnings=connection.warnings,
        seconds=seconds,
        entity_id=connection.entity_id,
    )


def failed(message: Message, seconds: float) -> TestReport:
    """Report why a test did not pass."""
    return TestReport(passed=False, message=message, entity="", warnings=(), seconds=seconds)


def noted(
    integration: Integration, report: TestReport, refusal: Message | None, now: datetime
) -> dict[str, object]:
    """Return what a test changes; after one that did not pass, the entity reached before is kept."""
    if report.passed:
        goes_on = integration.state is IntegrationState.STOPPED
        resumed = {"state": IntegrationState.ACTIVE, "stop_message": None} if goes_on else {}
        entity = {"tested_entity": report.entity, "tested_entity_id": report.entity_id}
        return {"tested_at": now, **entity, **resumed}
    untested: dict[str, object] = {"tested_at": None}
    if refusal is not None and integration.state in {IntegrationState.ACTIVE, IntegrationState.STOPPED}:
        untested |= {"state": IntegrationState.STOPPED, "stop_message": refusal.to_json()}
    return untested
