"""Which waiting records an excluded expense category keeps here: claims with such a line, and their reimbursements.

Which categories are excluded is chosen in excluded_data.py; that what is kept is not sent, in export_claims.py.
"""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT
from integration_admin.core.statuses import DeliveryState
from integration_admin.core.stored_claims import stored_claim, stored_reimbursement
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.mapping_words import category_label


async def with_holders(
    unit: Unit, integration_id: uuid.UUID, left_out: frozenset[str], deliveries: Sequence[Outgoing]
) -> Sequence[Outgoing]:
    """Return `deliveries`, those that an excluded category keeps here with its key in `held_by`.

    A reimbursement stays as long as its claim would, unless this integration has delivered the claim already.
    """
    if not left_out:
        return deliveries
    paid = {row.record_id: _paid_claim(row.payload) for row in deliveries if row.kind == REIMBURSEMENT}
    claims = await categories_of_undelivered(unit, integration_id, set(paid.values()) - {""})
    return [
        row._replace(held_by=_holder(_of(row, claims.get(paid.get(row.record_id, ""), ())), left_out))
        for row in deliveries
    ]


async def categories_of_undelivered(
    unit: Unit, integration_id: uuid.UUID, claim_ids: Collection[str]
) -> Mapping[str, Sequence[str]]:
    """Return the categories of those of the claims, by their ids, that this integration has not delivered."""
    if not claim_ids:
        return {}
    known = await unit.records.known([(EXPENSE_CLAIM, claim_id) for claim_id in claim_ids])
    states = await unit.decisions.states_of(integration_id, [row.id for row in known.values()])
    return {
        row.external_id: _claimed(json.dumps(row.payload))
        for row in known.values()
        if states.get(row.id) is not DeliveryState.DELIVERED
    }


def why_held(kind: str, category: str) -> Message:
    """Say that a record of `kind` stays because `category` is excluded."""
    label = category_label(category)
    if kind == REIMBURSEMENT:
        return msg(
            "The reimbursement waits, because its claim is left out: the category “{category}” is excluded from"
            " what is sent.",
            category=label,
        )
    return msg(
        "The claim is left out, because the category “{category}” is excluded from what is sent.",
        category=label,
    )


def _of(row: Outgoing, of_its_claim: Sequence[str]) -> Sequence[str]:
    return _claimed(row.payload) if row.kind == EXPENSE_CLAIM else of_its_claim


def _holder(categories: Sequence[str], left_out: frozenset[str]) -> str:
    return next((category for category in categories if category in left_out), "")


def _claimed(payload: str) -> Sequence[str]:
    """Return a claim's categories in the order of its lines; none of one that is refused as unreadable."""
    try:
        return [line.category for line in stored_claim(payload).lines]
    except InvalidInput:
        return ()


def _paid_claim(payload: str) -> str:
    try:
        return stored_reimbursement(payload).claim_id
    except InvalidInput:
        return ""
