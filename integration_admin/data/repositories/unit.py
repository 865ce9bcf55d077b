"""The unit of work: all repositories on one session, and the few questions asked before an organisation is known."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import String, bindparam, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integration_admin.core.statuses import DeliveryState, IntegrationState, RunState
from integration_admin.data.models import Delivery, Integration, Organisation, Run, Schedule
from integration_admin.data.models_access import ApiToken, Heartbeat, Member, OneTimeLink, Session, VaultKey
from integration_admin.data.repositories.audit import AuditRepository
from integration_admin.data.repositories.backlog import BacklogRepository
from integration_admin.data.repositories.decisions import DecisionRepository
from integration_admin.data.repositories.deliveries import DeliveryRepository
from integration_admin.data.repositories.factors import FactorLookups, FactorRepository
from integration_admin.data.repositories.failures import FailureRepository
from integration_admin.data.repositories.fates import FateRepository
from integration_admin.data.repositories.figures import InstallationFigures
from integration_admin.data.repositories.health import HealthRepository
from integration_admin.data.repositories.identity import IdentityLookups, IdentityRepository
from integration_admin.data.repositories.integrations import IntegrationRepository
from integration_admin.data.repositories.mappings import MappingRepository
from integration_admin.data.repositories.notice_outbox import NoticeOutbox
from integration_admin.data.repositories.notices import NoticeRepository
from integration_admin.data.repositories.organisations import OrganisationRepository
from integration_admin.data.repositories.people import PeopleRepository
from integration_admin.data.repositories.preflights import PreflightRepository
from integration_admin.data.repositories.reconciliations import OpenReconciliations, ReconciliationRepository
from integration_admin.data.repositories.records import RecordRepository
from integration_admin.data.repositories.retention import RetentionRepository
from integration_admin.data.repositories.run_records import RunRecordRepository
from integration_admin.data.repositories.runs import RunRepository
from integration_admin.data.repositories.schedules import ScheduleRepository, asks_about_missed
from integration_admin.data.repositories.sealing import SealedSecrets, SealingRepository
from integration_admin.data.repositories.search import SearchRepository
from integration_admin.data.repositories.trends import TrendRepository

_SIGNED_IN = (
    select(Session, Member, Organisation)
    .join(Member, Member.id == Session.member_id)
    .join(Organisation, Organisation.id == Session.organisation_id)
    .where(Session.token_hash == bindparam("token_hash", type_=String()))
)
"""Asked at every event, so it is made once."""


class Unit:
    """One transaction on one organisation's rows."""

    def __init__(self, session: AsyncSession, organisation_id: uuid.UUID) -> None:
        self.organisation_id = organisation_id
        self.organisations = OrganisationRepository(session, organisation_id)
        self.factors = FactorRepository(session, organisation_id)
        self.identity = IdentityRepository(session, organisation_id)
        self.people = PeopleRepository(session, organisation_id)
        self.integrations = IntegrationRepository(session, organisation_id)
        self.mappings = MappingRepository(session, organisation_id)
        self.schedules = ScheduleRepository(session, organisation_id)
        self.preflights = PreflightRepository(session, organisation_id)
        self.reconciliations = ReconciliationRepository(session, organisation_id)
        self.records = RecordRepository(session, organisation_id)
        self.search = SearchRepository(session, organisation_id)
        self.deliveries = DeliveryRepository(session, organisation_id)
        self.decisions = DecisionRepository(session, organisation_id)
        self.failures = FailureRepository(session, organisation_id)
        self.fates = FateRepository(session, organisation_id)
        self.backlog = BacklogRepository(session, organisation_id)
        self.runs = RunRepository(session, organisation_id)
        self.health = HealthRepository(session, organisation_id)
        self.trends = TrendRepository(session, organisation_id)
        self.run_records = RunRecordRepository(session, organisation_id)
        self.retention = RetentionRepository(session, organisation_id)
        self.notices = NoticeRepository(session, organisation_id)
        self.audit = AuditRepository(session, organisation_id)
        self.sealing = SealingRepository(session, organisation_id)


class SystemUnit:
    """Questions that come before an organisation is known: who signs in, what is due, which keys exist."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self.notices = NoticeOutbox(session)
        self.factors = FactorLookups(session)
        self.identity = IdentityLookups(session)
        self.figures = InstallationFigures(session)
        self.reconciliations = OpenReconciliations(session)
        self.sealing = SealedSecrets(session)

    async def add_organisation(self, organisation: Organisation) -> None:
        """Add a tenant."""
        self._session.add(organisation)
        await self._session.flush()

    def inside(self, organisation_id: uuid.UUID) -> Unit:
        """Return the unit of one organisation in the same transaction."""
        return Unit(self._session, organisation_id)

    async def organisation_named(self, name: str) -> Organisation | None:
        """Return the organisation of that exact name."""
        return await self._session.scalar(select(Organisation).where(Organisation.name == name))

    async def organisations(self) -> list[Organisation]:
        """Return all, by name."""
        return list((await self._session.scalars(select(Organisation).order_by(Organisation.name))).all())

    async def member_by_email(self, email: str) -> Member | None:
        """Return the member who signs in with `email` (lower case)."""
        return await self._session.scalar(select(Member).where(Member.email == email))

    async def session_by_hash(self, token_hash: str) -> tuple[Session, Member, Organisation] | None:
        """Return the session of a cookie, with its person and organisation."""
        row = (await self._session.execute(_SIGNED_IN, {"token_hash": token_hash})).one_or_none()
        return None if row is None else (row[0], row[1], row[2])

    async def touch_session(self, session_id: uuid.UUID, at: datetime) -> None:
        """Note that a session is in use."""
        await self._session.execute(update(Session).where(Session.id == session_id).values(last_seen_at=at))

    async def revoke_session(self, token_hash: str, at: datetime) -> None:
        """End a session."""
        await self._session.execute(
            update(Session)
            .where(Session.token_hash == token_hash, Session.revoked_at.is_(None))
            .values(revoked_at=at)
        )

    async def link_by_hash(self, token_hash: str) -> tuple[OneTimeLink, Organisation] | None:
        """Return a one-time link, with the organisation it leads into."""
        row = (
            await self._session.execute(
                select(OneTimeLink, Organisation)
                .join(Organisation, Organisation.id == OneTimeLink.organisation_id)
                .where(OneTimeLink.token_hash == token_hash)
            )
        ).one_or_none()
        return None if row is None else (row[0], row[1])

    async def token_by_hash(self, token_hash: str) -> ApiToken | None:
        """Return the API token with that hash."""
        return await self._session.scalar(select(ApiToken).where(ApiToken.token_hash == token_hash))

    async def enabled_schedules(self) -> list[Schedule]:
        """Return every schedule that may fire."""
        return list((await self._session.scalars(select(Schedule).where(Schedule.enabled))).all())

    async def schedules_checked(self, schedule_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
        """Return how far the slots of these schedules are computed by now."""
        statement = select(Schedule.id, Schedule.checked_until).where(Schedule.id.in_(schedule_ids))
        return {row.id: row.checked_until for row in await self._session.execute(statement)}

    async def unfinished_runs(self) -> list[Run]:
        """Return runs that are queued or running, oldest first."""
        return list(
            (
                await self._session.scalars(
                    select(Run)
                    # The same runs, and the index of those that have not ended leads to them.
                    .where(Run.finished_at.is_(None), Run.state.in_([RunState.QUEUED, RunState.RUNNING]))
                    .order_by(Run.requested_at)
                )
            ).all()
        )

    async def integrations_with_due_deliveries(self, now: datetime) -> list[Integration]:
        """Return active integrations where a wait or a quiet period is over, or the circuit's rest is.

        So are those where something is marked as being sent and no run is under way that could be sending
        it. One whose circuit rests is left alone until then, and one of whose schedule a person is asked whether to
        make up for what was missed: a repetition would take all that along.
        """
        may_repeat = Integration.retries_rest_until.is_(None) | (Integration.retries_rest_until <= now)
        due = exists().where(
            Delivery.integration_id == Integration.id,
            # Said first, so that an index leads past all that is delivered.
            Delivery.state.in_([DeliveryState.UNKNOWN, DeliveryState.RETRY_WAIT]),
            (Delivery.state == DeliveryState.UNKNOWN) | may_repeat,
            Delivery.due_at <= now,
        )
        sending = exists().where(
            Delivery.integration_id == Integration.id, Delivery.state == DeliveryState.SENDING
        )
        under_way = exists().where(Run.integration_id == Integration.id, Run.finished_at.is_(None))
        statement = select(Integration).where(
            Integration.state == IntegrationState.ACTIVE,
            ~asks_about_missed(),
            or_(
                Integration.open_until.is_(None) & (due | (sending & ~under_way)),
                Integration.open_until <= now,
            ),
        )
        return list((await self._session.scalars(statement)).all())

    async def integrations_with_due_fates(self, now: datetime) -> list[Integration]:
        """Return active integrations where it is time to look what became of something, and nothing is under way.

        One that could not be reached lately is left alone.
        """
        due = exists().where(Delivery.integration_id == Integration.id, Delivery.fate_due_at <= now)
        running = exists().where(Run.integration_id == Integration.id, Run.finished_at.is_(None))
        statement = select(Integration).where(
            Integration.state == IntegrationState.ACTIVE, Integration.open_until.is_(None), due, ~running
        )
        return list((await self._session.scalars(statement)).all())

    async def vault_keys(self) -> Sequence[VaultKey]:
        """Return the keys this database has been sealed with."""
        return (await self._session.scalars(select(VaultKey).order_by(VaultKey.created_at))).all()

    async def add_vault_key(self, key: VaultKey) -> None:
        """Register a key."""
        self._session.add(key)
        await self._session.flush()

    async def sealed_by_key(self) -> dict[str, int]:
        """Return how many stored secrets each key id has sealed."""
        return await self.sealing.held()

    async def note_beat(self, name: str, at: datetime) -> None:
        """Note that a part of the program has just run."""
        await self._session.merge(Heartbeat(name=name, at=at))
        await self._session.flush()

    async def last_beat(self, name: str) -> datetime | None:
        """Return when a part of the program last ran."""
        return await self._session.scalar(select(Heartbeat.at).where(Heartbeat.name == name))

    async def reachable(self) -> bool:
        """Ask the database anything at all."""
        return bool(await self._session.scalar(select(func.count()).select_from(VaultKey)) is not None)
