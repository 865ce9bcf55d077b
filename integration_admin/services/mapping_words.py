"""What the fields of a record, and the categories it uses, are called on screen."""

import re
from typing import Final

from integration_admin.core.mapping import CATEGORY_PREFIX
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


_EXCLUSIONS: Final[dict[str, Message]] = {
    "claimant": msg("Everything about the claimant"),
    "activities": msg("All activities"),
    "draft_activities": msg("Draft activities"),
}
_CATEGORIES: Final[dict[str, Message]] = {
    "accommodation": msg("Accommodation"),
    "course.fee": msg("Course fee"),
    "gifts": msg("Gifts"),
    "interpreter": msg("Interpreter"),
    "meals": msg("Meals"),
    "office.supplies": msg("Office supplies"),
    "phone": msg("Phone"),
    "postage": msg("Postage"),
    "premises.rent": msg("Rent of premises"),
    "travel.car": msg("Travel by car"),
    "travel.public_transport": msg("Travel by public transport"),
    "travel.taxi": msg("Travel by taxi"),
}
"""Names of the categories expense systems are likeliest to send, by key."""
_SHOWN: Final = 80
_KEY: Final = re.compile(r"[a-zæøå0-9]+(?:[._-][a-zæøå0-9]+)*")
"""How keys are written, which nobody would write as a name."""


def category_label(key: str) -> Message:
    """Return what a category is called; one that is not known is named by its key's own words.

    What does not look like a key is a name already.
    """
    if not _KEY.fullmatch(key):
        return Message("{name}", {"name": key})
    part, *rest = (" ".join(re.split("[_-]", word)) for word in key.split("."))
    readable = ": ".join([part.capitalize(), *([", ".join(rest)] if rest else [])])
    return _CATEGORIES.get(key) or Message("{name}", {"name": readable})


def exclusion_label(name: str) -> Message:
    """Return what something is called that is left out of what is sent, by its name in settings files."""
    if name.startswith(CATEGORY_PREFIX):
        return msg("Category “{category}”", category=category_label(name.removeprefix(CATEGORY_PREFIX)))
    return _EXCLUSIONS.get(name) or origin_label(name)


def origin_label(name: str) -> Message:
    """Return what a source, `constant` or `compose` is called; what is not known keeps its name."""
    return _LABELS.get(name) or Message("{name}", {"name": name[:_SHOWN]})
