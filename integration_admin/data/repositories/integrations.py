"""Integrations with their credentials and exclusions."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Uuid, bindparam, case, delete, exists, select, update

from integration_admin.core.errors import Conflict, NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.models import Credential, Delivery, Exclusion, Integration, Run
from integration_admin.data.repositories.base import INTEGRATION, ORGANISATION, Repository

_MISSING = msg("There is no such integration.")
CHANGED_MEANWHILE = msg(
    "Somebody else changed this integration while you worked. Load it again to see how it is now."
)
_EXCLUDED = select(Exclusion.category).where(
    Exclusion.organisation_id == ORGANISATION, Exclusion.integration_id == INTEGRATION
)
_LETS = (
    select(Integration.id)
    .join(Run, Run.integration_id == Integration.id)
    .where(
        Integration.organisation_id == ORGANISATION,
        Run.organisation_id == ORGANISATION,
        Integration.id == INTEGRATION,
        Integration.state == IntegrationState.ACTIVE,
        Run.id == bindparam("run", type_=Uuid()),
        Run.cancel_requested.is_(False),
    )
)
"""Asked before each commit of an export, so it is made once."""


class IntegrationRepository(Repository):
    """Reads and changes what an organisation has connected."""

    async def everything(self) -> list[Integration]:
        """Return every integration, drafts too, oldest first."""
        return await self._all(self._select(Integration).order_by(Integration.created_at, Integration.id))

    async def get(self, integration_id: uuid.UUID) -> Integration:
        """Return one; raises NotFound."""
        return await self._one(self._select(Integration).where(Integration.id == integration_id), _MISSING)

    async def add(self, integration: Integration) -> None:
        """Add a new one."""
        await self._add(integration)

    async def change(self, integration_id: uuid.UUID, version: int, at: datetime, **values: Any) -> int:
        """Change configuration if nobody else did since `version`; return the new version.

        Raises Conflict when somebody did.
        """
        touched = await self._execute(
            update(Integration)
            .where(self._owned(Integration), Integration.id == integration_id, Integration.version == version)
            .values(version=version + 1, updated_at=at, **values)
        )
        if touched == 0:
            raise Conflict(CHANGED_MEANWHILE)
        return version + 1

    async def note(self, integration_id: uuid.UUID, **values: Any) -> None:
        """Record something that is not configuration (state, last success) without touching the version."""
        await self._execute(
            update(Integration)
            .where(self._owned(Integration), Integration.id == integration_id)
            .values(**values)
        )

    async def note_at(self, integration_id: uuid.UUID, version: int, **values: Any) -> bool:
        """Record something that is not configuration if the configuration is still at `version`; tell whether it was."""
        touched = await self._execute(
            update(Integration)
            .where(self._owned(Integration), Integration.id == integration_id, Integration.version == version)
            .values(**values)
        )
        return touched == 1

    async def count_requests(self, integration_id: uuid.UUID, month: str, count: int) -> None:
        """Add requests to those of `month` (2026-11), or begin to count a new month with them.

        What comes late from a month that is over counts to the present one.
        """
        goes_on = Integration.requests_month >= month
        await self._execute(
            update(Integration)
            .where(self._owned(Integration), Integration.id == integration_id)
            .values(
                requests_sent=case((goes_on, Integration.requests_sent + count), else_=count),
                requests_month=case((goes_on, Integration.requests_month), else_=month),
            )
        )

    async def lets(self, integration_id: uuid.UUID, run_id: uuid.UUID) -> bool:
        """Tell whether a run may go on: nobody has cancelled it or paused the integration."""
        return bool(await self._asked(_LETS, integration=integration_id, run=run_id))

    async def sharing_ledger(
        self, integration: Integration, entity: str, entity_id: str = ""
    ) -> Integration | None:
        """Return another saved integration that exports to `entity` of the system `integration` is at.

        Entities are the same by their ids, or by name where one has no id.
        """
        same = Integration.tested_entity == entity
        if entity_id:
            nameless = Integration.tested_entity_id == ""
            same = (Integration.tested_entity_id == entity_id) | (nameless & same)
        statement = self._select(Integration).where(
            Integration.id != integration.id,
            Integration.state != IntegrationState.DRAFT,
            Integration.kind == integration.kind,
            Integration.target_origin == integration.target_origin,
            same,
        )
        return next(iter(await self._all(statement.order_by(Integration.created_at).limit(1))), None)

    async def has_deliveries(self, integration_id: uuid.UUID) -> bool:
        """Tell whether the integration has ever taken up a record."""
        taken_up = exists().where(self._owned(Delivery), Delivery.integration_id == integration_id)
        return any(found for (found,) in await self._values(select(taken_up)))

    async def take_voucher_numbers(self, integration_id: uuid.UUID, count: int) -> int:
        """Reserve `count` consecutive voucher numbers and return the first; raises NotFound."""
        rows = await self._session.scalars(
            update(Integration)
            .where(self._owned(Integration), Integration.id == integration_id)
            .values(next_voucher_number=Integration.next_voucher_number + count)
            .returning(Integration.next_voucher_number)
            .execution_options(synchronize_session=False)
        )
        next_number = rows.one_or_none()
        if next_number is None:
            raise NotFound(_MISSING)
        return next_number - count

    async def remove(self, integration_id: uuid.UUID) -> None:
        """Remove an integration with all that belongs to it."""
        await self._execute(
            delete(Integration).where(self._owned(Integration), Integration.id == integration_id)
        )

    async def credentials(self, integration_id: uuid.UUID) -> list[Credential]:
        """Return the sealed secrets."""
        return await self._all(
            self._select(Credential)
            .where(Credential.integration_id == integration_id)
            .order_by(Credential.field)
        )

    async def put_credential(self, credential: Credential) -> None:
        """Store a sealed secret, taking the place of an earlier one for the same field."""
        await self._execute(
            delete(Credential).where(
                self._owned(Credential),
                Credential.integration_id == credential.integration_id,
                Credential.field == credential.field,
            )
        )
        await self._add(credential)

    async def remove_credentials(self, integration_id: uuid.UUID) -> None:
        """Remove every secret of an integration."""
        await self._execute(
            delete(Credential).where(self._owned(Credential), Credential.integration_id == integration_id)
        )

    async def with_secrets_until(self, day: date) -> list[Integration]:
        """Return saved integrations whose secrets are good until `day` at the latest, the earliest first."""
        statement = self._select(Integration).where(
            Integration.state != IntegrationState.DRAFT, Integration.secrets_expire_on <= day
        )
        return await self._all(statement.order_by(Integration.secrets_expire_on, Integration.created_at))

    async def note_reminded(self, integration_id: uuid.UUID, expires_on: date, days: int) -> bool:
        """Note that somebody is reminded `days` ahead of this date; tell whether nobody had been."""
        not_yet = Integration.secrets_reminded.is_(None) | (Integration.secrets_reminded > days)
        touched = await self._execute(
            update(Integration)
            .where(
                self._owned(Integration),
                Integration.id == integration_id,
                Integration.secrets_expire_on == expires_on,
                not_yet,
            )
            .values(secrets_reminded=days)
        )
        return touched == 1

    async def exclusions(self, integration_id: uuid.UUID) -> frozenset[str]:
        """Return the data categories that are left out."""
        return frozenset(row[0] for row in await self._asked(_EXCLUDED, integration=integration_id))

    async def replace_exclusions(self, integration_id: uuid.UUID, categories: frozenset[str]) -> None:
        """Set which data categories are left out."""
        await self._execute(
            delete(Exclusion).where(self._owned(Exclusion), Exclusion.integration_id == integration_id)
        )
        await self._add(
            *(Exclusion(integration_id=integration_id, category=name) for name in sorted(categories))
        )
