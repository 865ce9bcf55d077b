"""Reading claims and reimbursements back from our own database: what was judged when it came is not judged again.

Judging lives in records.py.
"""

from typing import Any, cast, get_type_hints

import msgspec
from pydantic import BaseModel

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.records import Claimant, ClaimLine, ExpenseClaim, Reimbursement


def _unjudged(model: type[BaseModel], **other: Any) -> type[msgspec.Struct]:
    """Return a structure with the same fields of the same plain types, and none of the rules."""
    plain = get_type_hints(model)
    fields = [
        (name, other.get(name, plain[name]))
        if field.is_required()
        else (name, plain[name], msgspec.field(default=field.default))
        for name, field in model.model_fields.items()
    ]
    # Nothing in it refers back to it, so the garbage collector need not follow it.
    return msgspec.defstruct(f"Stored{model.__name__}", fields, frozen=True, kw_only=True, gc=False)


_CLAIMANT = _unjudged(Claimant)
_CLAIM = msgspec.json.Decoder(
    _unjudged(ExpenseClaim, claimant=_CLAIMANT, lines=list[_unjudged(ClaimLine)])  # type: ignore[misc]  # made at run time
)
_REIMBURSEMENT = msgspec.json.Decoder(_unjudged(Reimbursement, claimant=_CLAIMANT))


def stored_claim(text: str) -> ExpenseClaim:
    """Read a claim from the JSON it is stored as; raises InvalidInput for anything else.

    Half of an export's own time would otherwise go into judging again.
    """
    try:
        return cast("ExpenseClaim", _CLAIM.decode(text))
    except (msgspec.DecodeError, UnicodeError):
        raise InvalidInput(
            msg("The stored claim cannot be read any more. Send it again from the expense system.")
        ) from None


def stored_reimbursement(text: str) -> Reimbursement:
    """Read a reimbursement from the JSON it is stored as; raises InvalidInput for anything else."""
    try:
        return cast("Reimbursement", _REIMBURSEMENT.decode(text))
    except (msgspec.DecodeError, UnicodeError):
        raise InvalidInput(
            msg("The stored reimbursement cannot be read any more. Send it again from the expense system.")
        ) from None
