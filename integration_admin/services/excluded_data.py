"""What is left out of what an integration sends: reading the choices, and saving them with word of what they change.

What a choice does to the mapping is in exclusion_effects.py.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from integration_admin.adapters.base import TargetField
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import CATEGORY_PREFIX, SOURCES
from integration_admin.core.mapping import Mapping as FieldMappings
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.core.statuses import DeliveryState, Permission
from integration_admin.data.database import Database
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry, targets_of
from integration_admin.services.dimension_names import named
from integration_admin.services.exclusion_effects import effects, reads, refusals, sent_fields
from integration_admin.services.export_claims import EXPORTED_STATUSES
from integration_admin.services.exported_kinds import exported_kinds
from integration_admin.services.mapping_plans import excluded_categories
from integration_admin.services.mapping_reimbursements import PAYMENT_ACCOUNT
from integration_admin.services.mapping_words import category_label, exclusion_label, origin_label
from integration_admin.services.waiting_categories import WaitingRecords


class Group(StrEnum):
    """What the choices are about."""

    PEOPLE = "people"
    TEXTS = "texts"
    OTHERS = "others"
    """Further fields that a settings file leaves out."""
    ACTIVITIES = "activities"
    CATEGORIES = "categories"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be left out; `name` is the one settings files use.

    `effects` say what leaving it out does to the mapping.
    """

    group: Group
    name: str
    label: Message
    left_out: bool
    about: Message | None = None
    effects: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class ExcludedView:
    """The choices as they stand, and every field that is sent with what it is read from."""

    version: int
    choices: tuple[Choice, ...]
    sent: tuple[tuple[Message, tuple[Message, ...]], ...]


@dataclass(frozen=True, slots=True)
class SavedExclusions:
    """The integration's new version, and what the change does to what is waiting."""

    version: int
    sentences: tuple[Message, ...]


ALWAYS_LEFT_OUT: Final[tuple[tuple[Message, Message], ...]] = (
    (
        msg("Claims that are not approved yet"),
        msg("Only approved claims are sent. This cannot be changed."),
    ),
    (msg("Receipts"), msg("Receipts are not kept here, so none can be sent.")),
    (
        msg("Everything that is not in the field mapping"),
        msg("Only the fields listed below are sent. A field that is new in the expense system stays here."),
    ),
)
"""What no choice can let out, each with the reason."""

_FIELDS: Final[Mapping[str, tuple[Group, Message | None]]] = {
    "claimant.name": (Group.PEOPLE, None),
    "claimant.email": (Group.PEOPLE, None),
    "claimant.bank_account": (
        Group.PEOPLE,
        msg("Left out, account numbers are taken out of payment references too."),
    ),
    "purpose": (Group.TEXTS, msg("People write here what they like, at times more than bookkeeping needs.")),
    "line.description": (
        Group.TEXTS,
        msg("People write here what they like, at times more than bookkeeping needs."),
    ),
}
_ACTIVITIES: Final[Mapping[str, Message]] = {
    "activities": msg(
        "No accounting system takes activities from here today. Left out, they stay even when one does."
    ),
    "draft_activities": msg("Activities that are not completed. They are not sent today either."),
}
_CLAIMANT: Final = "claimant"


class ExcludedData:
    """Reads and sets what is left out."""

    def __init__(self, database: Database, adapters: AdapterRegistry, clock: Clock) -> None:
        self._database = database
        self._adapters = adapters
        self._clock = clock

    async def read(self, actor: Actor, integration_id: uuid.UUID) -> ExcludedView:
        """Return everything that can be left out, with what that does to the mapping; raises NotFound."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            situation = await _Situation.read(unit, self._adapters, integration_id)
        sent = sent_fields(situation.mapping, situation.targets, situation.excluded)
        return ExcludedView(situation.version, tuple(situation.choices()), tuple(sent))

    async def save(
        self, actor: Actor, integration_id: uuid.UUID, version: int, names: Collection[str]
    ) -> SavedExclusions:
        """Leave out exactly what is in `names`; it counts from the next export, and never for what was sent.

        Raises InvalidInput by name where something is unknown or would make every record fail, and Conflict
        when somebody else changed the integration first.
        """
        actor.require(Permission.CONFIGURE)
        wanted, now = frozenset(names), self._clock.now()
        async with self._database.read(actor.organisation_id) as unit:
            situation = await _Situation.read(unit, self._adapters, integration_id)
            situation.check(wanted)
            waiting = await situation.waiting(unit)
        before, after = excluded_categories(situation.excluded), excluded_categories(wanted)
        records = WaitingRecords(self._database, actor.organisation_id, integration_id, situation.kinds)
        stays = await records.count_staying(before, after, now)
        async with self._database.write(actor.organisation_id) as unit:
            new_version = await unit.integrations.change(integration_id, version, now)
            old = {"categories": sorted(await unit.integrations.exclusions(integration_id))}
            new = {"categories": sorted(wanted)}
            await unit.integrations.replace_exclusions(integration_id, wanted)
            await unit.audit.add(now, actor.name, "exclusions.save", str(integration_id), old=old, new=new)
            running = await unit.runs.active(integration_id) is not None
        said = [
            *_about_run(running=running),
            *situation.about_fields(wanted, waiting - stays.after),
            *stays.sentences(),
        ]
        if not said:
            said = [msg("Nothing that waits to be sent changes.")]
        return SavedExclusions(new_version, (*said, msg("What was sent already stays as it is.")))


@dataclass(frozen=True, slots=True)
class _Situation:
    """An integration as a choice meets it."""

    integration_id: uuid.UUID
    version: int
    mapping: FieldMappings
    targets: tuple[TargetField, ...]
    kinds: frozenset[str]
    categories: tuple[str, ...]
    excluded: frozenset[str]

    @classmethod
    async def read(cls, unit: Unit, adapters: AdapterRegistry, integration_id: uuid.UUID) -> Self:
        integration = await unit.integrations.get(integration_id)
        adapter, mapping = adapters.get(integration.kind), await unit.mappings.get(integration_id)
        able = adapter.capabilities_of(integration.settings).kinds
        excluded = _spelt_out(await unit.integrations.exclusions(integration_id))
        used = await unit.records.categories(EXPENSE_CLAIM)
        return cls(
            integration_id,
            integration.version,
            mapping,
            await named(unit, integration_id, targets_of(adapter, integration.settings)),
            exported_kinds(able, maps_payments=PAYMENT_ACCOUNT in mapping),
            tuple(sorted({*used, *excluded_categories(excluded)})),
            excluded,
        )

    def choices(self) -> Iterator[Choice]:
        for name, (group, about) in _FIELDS.items():
            yield self._field(group, name, about)
        for name in SOURCES:
            if name in self.excluded and name not in _FIELDS:
                yield self._field(Group.OTHERS, name, None)
        for name, about in _ACTIVITIES.items():
            yield Choice(Group.ACTIVITIES, name, exclusion_label(name), name in self.excluded, about)
        for key in self.categories:
            name = f"{CATEGORY_PREFIX}{key}"
            yield Choice(Group.CATEGORIES, name, category_label(key), name in self.excluded)

    def check(self, wanted: frozenset[str]) -> None:
        """Raise InvalidInput for unknown names, and for those without which nothing could be sent."""
        known = {choice.name for choice in self.choices()}
        wrong = {name: msg("There is nothing of this name to leave out.") for name in wanted - known}
        wrong |= refusals(self.mapping, self.targets, wanted)
        if wrong:
            raise InvalidInput(
                msg("This cannot be left out like this: every record would fail."), fields=wrong
            )

    async def waiting(self, unit: Unit) -> int:
        """Return how many records the next exports have before them."""
        states = await unit.backlog.by_state(self.integration_id)
        taken_up = sum(states.values())
        new = await unit.backlog.not_taken_up(self.integration_id, self.kinds, EXPORTED_STATUSES, taken_up)
        return new + states.get(DeliveryState.READY, 0) + states.get(DeliveryState.RETRY_WAIT, 0)

    def about_fields(self, wanted: frozenset[str], waiting: int) -> Iterator[Message]:
        """Say what becomes of `waiting` records that are sent, field by field."""
        if waiting <= 0:
            return
        for name in SOURCES:
            if (name in wanted) == (name in self.excluded) or not self._is_used(name):
                continue
            if name in wanted:
                yield msg(
                    "Waiting records that will be sent without “{field}”: {count}.",
                    field=origin_label(name),
                    count=waiting,
                )
            else:
                yield msg(
                    "Waiting records that will be sent with “{field}” again: {count}.",
                    field=origin_label(name),
                    count=waiting,
                )

    def _is_used(self, name: str) -> bool:
        return any(reads(field, name) for field in self.mapping.values())

    def _field(self, group: Group, name: str, about: Message | None) -> Choice:
        does = effects(name, self.mapping, self.targets, self.excluded)
        return Choice(group, name, origin_label(name), name in self.excluded, about, does)


def _spelt_out(names: frozenset[str]) -> frozenset[str]:
    """Return the names with “claimant”, which settings files may say, replaced by all it covers."""
    if _CLAIMANT not in names:
        return names
    covered = {source for source in SOURCES if source.startswith(f"{_CLAIMANT}.")}
    return (names - {_CLAIMANT}) | covered


def _about_run(*, running: bool) -> Iterator[Message]:
    if running:
        yield msg("An export is under way. It goes on as it began; the change counts from the next one.")
