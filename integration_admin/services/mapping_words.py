"""What the fields of a record are called on screen."""

from integration_admin.core.messages import Message, msg

_LABELS: dict[str, Message] = {
    "id": msg("Claim number"),
    "submitted_on": msg("Date submitted"),
    "approved_on": msg("Date approved"),
    "currency": msg("Currency"),
    "claimant.id": msg("Claimant’s number"),
    "claimant.name": msg("Claimant’s name"),
    "claimant.email": msg("Claimant’s e-mail address"),
    "claimant.bank_account": msg("Claimant’s bank account"),
    "department": msg("Department"),
    "project": msg("Project of the claim"),
    "purpose": msg("Purpose"),
    "claim_id": msg("Claim number, on its payment too"),
    "paid_on": msg("Date paid (reimbursements only)"),
    "reference": msg("Payment reference (reimbursements only)"),
    "line.line": msg("Line number"),
    "line.date": msg("Date of the outlay"),
    "line.category": msg("Category"),
    "line.description": msg("Description of the outlay"),
    "line.vat_code": msg("VAT code"),
    "line.cost_centre": msg("Cost centre"),
    "line.project": msg("Project of the line"),
    "line.kilometres": msg("Kilometres"),
    "constant": msg("The same value every time"),
    "compose": msg("A text put together from fields"),
}


def origin_label(name: str) -> Message:
    """Return what a source, `constant` or `compose` is called."""
    return _LABELS[name]
