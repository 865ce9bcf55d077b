"""What an export would do with records now: the same vouchers, the same refusals, the exact payloads; nothing moves.

Which records wait is dry_run.py's business.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from integration_admin.adapters.base import AccountingAdapter, TargetField, Voucher
from integration_admin.adapters.judging import JudgesVouchers
from integration_admin.core.clock import Clock
from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import Message
from integration_admin.core.money import Money
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.stored_claims import stored_claim, stored_reimbursement
from integration_admin.data.models import Integration
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.adapter_registry import AdapterRegistry, targets_of
from integration_admin.services.code_lookup import ID_PREFIX, CodeLookup
from integration_admin.services.config_validator import code_faults
from integration_admin.services.dimension_names import named
from integration_admin.services.export_claims import EXPORTED_STATUSES, make_vouchers
from integration_admin.services.export_outcomes import Verdict
from integration_admin.services.exported_kinds import exported_kinds
from integration_admin.services.held_claims import why_held, with_holders
from integration_admin.services.mapping_resolver import CompiledMapping, Unresolvable, compile_mapping

_CHUNK = 500


class Would(StrEnum):
    """What an export would do with a record."""

    SEND = "send"
    FAIL = "fail"
    STAY = "stay"
    """Neither sent nor refused: it is left where it is."""


@dataclass(frozen=True, slots=True)
class DryRunEntry:
    """What an export would do with one record.

    `payload` is the exact body, where one can be made; `reasons` say why it would fail or stay.
    `reference` is the one it has, or would be given. Beside each reason for failing stands in `fields` the target
    field to blame, empty where it is none.
    """

    kind: str
    record_id: str
    amount: Money
    would: Would
    reference: str = ""
    reasons: tuple[Message, ...] = ()
    payload: Mapping[str, Any] | None = None
    fields: tuple[str, ...] = ()


class _Fault(NamedTuple):
    """A reason for failing, and the target field to blame, if it is one."""

    message: Message
    field: str = ""


class Judged(NamedTuple):
    """An entry with its voucher, where one can be made."""

    entry: DryRunEntry
    voucher: Voucher | None


@dataclass(frozen=True, slots=True)
class ExportSetup:
    """How an integration exports, as it is set now. Holds no secret: none is needed."""

    integration: Integration
    adapter: AccountingAdapter
    rules: JudgesVouchers | None
    """The adapter once more, where it refuses vouchers by rules of its own."""
    coded: Mapping[str, TargetField]
    """The target fields whose values are codes of a list."""
    mapping: CompiledMapping
    excluded: frozenset[str]
    kinds: frozenset[str]
    today: date

    @classmethod
    async def read(
        cls,
        unit: Unit,
        adapters: AdapterRegistry,
        clock: Clock,
        integration_id: UUID,
        *,
        at: datetime | None = None,
    ) -> Self:
        """Read it, for an export at that time or now; raises NotFound, and InvalidInput for settings without sense."""
        integration = await unit.integrations.get(integration_id)
        adapter = adapters.get(integration.kind)
        excluded = await unit.integrations.exclusions(integration_id)
        targets = await named(unit, integration_id, targets_of(adapter, integration.settings))
        mapping = compile_mapping(await unit.mappings.get(integration_id), targets, excluded)
        able = adapter.capabilities_of(integration.settings).kinds
        zone = ZoneInfo((await unit.organisations.get()).time_zone)
        return cls(
            integration=integration,
            adapter=adapter,
            rules=adapter if isinstance(adapter, JudgesVouchers) else None,
            coded={target.name: target for target in targets if target.reference},
            mapping=mapping,
            excluded=excluded,
            kinds=exported_kinds(able, maps_payments=mapping.payments is not None),
            today=(at or clock.now()).astimezone(zone).date(),
        )


async def judge(unit: Unit, setup: ExportSetup, deliveries: Sequence[Outgoing]) -> list[Judged]:
    """Return what would become of each of `deliveries`, in their order."""
    deliveries = await with_holders(unit, setup.integration.id, setup.mapping.left_out, deliveries)
    held = {row.record_id: row for row in deliveries if row.held_by and row.status in EXPORTED_STATUSES}
    items, refused = make_vouchers(setup.mapping, [row for row in deliveries if row.record_id not in held])
    vouchers = {item.delivery.record_id: item.voucher for item in items}
    codes = await codes_of(unit, setup, vouchers.values())
    rows = await unit.records.by_ids([*held, *(verdict.delivery.record_id for verdict in refused)])
    judged = {
        verdict.delivery.record_id: Judged(
            _refused(setup, verdict, rows[verdict.delivery.record_id].external_id), None
        )
        for verdict in refused
    }
    for record_id, delivery in held.items():
        judged[record_id] = Judged(_held(delivery, rows[record_id].external_id), None)
    for item in items:
        entry = _made(setup, codes, item.delivery, item.voucher)
        judged[item.delivery.record_id] = Judged(entry, item.voucher)
    return [judged[delivery.record_id] for delivery in deliveries]


async def codes_of(unit: Unit, setup: ExportSetup, vouchers: Iterable[Voucher]) -> CodeLookup:
    """Look up what the codes in `vouchers` stand for in the accounting system's lists; never a whole list."""
    used: dict[str, set[str]] = defaultdict(set)
    for voucher in vouchers:
        for target, code in _codes(setup, voucher):
            used[target.reference or ""].add(code)
    lengths = await unit.mappings.reference_counts(setup.integration.id)
    by_code: dict[str, dict[str, tuple[ReferenceItem, ...]]] = {}
    by_id: dict[str, dict[str, ReferenceItem]] = {}
    for name in used.keys() & lengths.keys():
        by_code[name], by_id[name] = {}, {}
        codes = sorted(used[name])
        for start in range(0, len(codes), _CHUNK):
            some = codes[start : start + _CHUNK]
            ids = [code.removeprefix(ID_PREFIX) for code in some if code.startswith(ID_PREFIX)]
            by_id[name] |= await unit.mappings.reference_ids(setup.integration.id, name, ids)
            found = await unit.mappings.reference_codes(setup.integration.id, name, some)
            by_code[name] |= {code: tuple(items) for code, items in found.items()}
    return CodeLookup(setup.today, by_code, by_id, usable={})


def _made(setup: ExportSetup, codes: CodeLookup, delivery: Outgoing, voucher: Voucher) -> DryRunEntry:
    """Return what would become of a record there is a voucher for."""
    settings = setup.integration.settings
    faults = [
        _Fault(message, target.name)
        for target, code in _codes(setup, voucher)
        for message in code_faults(target, code, codes)
    ]
    payload = None
    try:
        refused = setup.rules.refusal(voucher, settings) if setup.rules else None
        if refused is not None:
            faults += [_Fault(refused.message, refused.field)] if refused.message else []
        else:
            payload = setup.adapter.render(voucher, settings)
    except IntegrationAdminError as error:
        faults.append(_Fault(error.message))
    return DryRunEntry(
        kind=voucher.kind,
        record_id=voucher.record_id,
        amount=Money(delivery.currency, delivery.amount_minor),
        would=Would.FAIL if faults or payload is None else Would.SEND,
        reference=voucher.reference,
        payload=payload,
        **_once(faults),
    )


def _held(delivery: Outgoing, record_id: str) -> DryRunEntry:
    """Return that a record stays because of an excluded category."""
    return DryRunEntry(
        kind=delivery.kind,
        record_id=record_id,
        amount=Money(delivery.currency, delivery.amount_minor),
        would=Would.STAY,
        reference=delivery.reference,
        reasons=(why_held(delivery.kind, delivery.held_by),),
    )


def _refused(setup: ExportSetup, verdict: Verdict, record_id: str) -> DryRunEntry:
    """Return what keeps a record from becoming a voucher: everything, where the export names the first."""
    delivery = verdict.delivery
    faults = _problems(setup.mapping, delivery)
    if not faults and verdict.message is not None:
        faults = [_Fault(verdict.message, verdict.field)]
    return DryRunEntry(
        kind=delivery.kind,
        record_id=record_id,
        amount=Money(delivery.currency, delivery.amount_minor),
        would=Would.FAIL,
        reference=delivery.reference,
        **_once(faults),
    )


def _problems(mapping: CompiledMapping, delivery: Outgoing) -> list[_Fault]:
    """Return all that is wrong with the content of a record that can be read."""
    try:
        if delivery.kind == REIMBURSEMENT:
            mapping.resolve_reimbursement(stored_reimbursement(delivery.payload), reference="", number=0)
        else:
            mapping.resolve(stored_claim(delivery.payload), reference="", number=0)
    except Unresolvable as error:
        return [_Fault(problem.message, problem.field) for problem in error.problems]
    except IntegrationAdminError:
        # It cannot even be read; what the export says about that is told.
        return []
    return []


def _codes(setup: ExportSetup, voucher: Voucher) -> Iterator[tuple[TargetField, str]]:
    """Yield every code a voucher is sent with, each with the field it stands in."""
    for fields in (voucher.fields, *(line.fields for line in voucher.lines)):
        for name, code in fields.items():
            if name in setup.coded:
                yield setup.coded[name], code


class _Told(TypedDict):
    reasons: tuple[Message, ...]
    fields: tuple[str, ...]


def _once(faults: Iterable[_Fault]) -> _Told:
    """Return what is wrong in its order, each thing once: many lines may be wrong in the same way."""
    told = {str(fault.message): fault for fault in faults}.values()
    return {"reasons": tuple(fault.message for fault in told), "fields": tuple(fault.field for fault in told)}
