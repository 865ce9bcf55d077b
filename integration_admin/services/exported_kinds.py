"""Which kinds of records an integration exports, and why reimbursements are left where they are not among them."""

from collections.abc import Collection

from integration_admin.adapters.base import TargetField
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.services.mapping_reimbursements import PAYMENT_ACCOUNT


def exported_kinds(able: Collection[str], *, maps_payments: bool) -> frozenset[str]:
    """Return the kinds that are taken up: those the adapter is able to book, and the mapping says how to.

    `maps_payments` tells whether the account is mapped that reimbursements are paid from.
    """
    return frozenset(able) if maps_payments else frozenset(able) - {REIMBURSEMENT}


def why_reimbursements_stay(
    able: Collection[str], targets: Collection[TargetField], *, maps_payments: bool
) -> Message | None:
    """Say in one sentence why reimbursements are not exported, or None where they are."""
    field = next((target for target in targets if target.name == PAYMENT_ACCOUNT), None)
    if REIMBURSEMENT not in able or field is None:
        return msg("Reimbursements are not exported: this accounting system does not take them from here.")
    if maps_payments:
        return None
    return msg("Reimbursements are not exported. To have them booked too, map “{field}”.", field=field.label)
