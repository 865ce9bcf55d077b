"""Reading claims and reimbursements back from our own database: what was judged when it came is not judged again.

Judging lives in records.py.
"""

from typing import Any, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from integration_admin.core.records import Claimant, ClaimLine, ExpenseClaim, Reimbursement


def _unjudged(model: type[BaseModel], **other: Any) -> type[BaseModel]:
    """Return a model with the same fields of the same plain types, and none of the rules."""
    plain = get_type_hints(model)
    fields = {
        name: (other.get(name, plain[name]), ... if field.is_required() else field.default)
        for name, field in model.model_fields.items()
    }
    config = ConfigDict(frozen=True, hide_input_in_errors=True)
    return create_model(f"Stored{model.__name__}", __config__=config, **cast("Any", fields))


_CLAIMANT = _unjudged(Claimant)
_STORED = _unjudged(ExpenseClaim, claimant=_CLAIMANT, lines=list[_unjudged(ClaimLine)])  # type: ignore[misc]  # made at run time
_STORED_REIMBURSEMENT = _unjudged(Reimbursement, claimant=_CLAIMANT)


def stored_claim(text: str) -> ExpenseClaim:
    """Read a claim from the JSON it is stored as; raises pydantic.ValidationError for anything else.

    Half of an export's own time would otherwise go into judging again.
    """
    return cast("ExpenseClaim", _STORED.model_validate_json(text))


def stored_reimbursement(text: str) -> Reimbursement:
    """Read a reimbursement from the JSON it is stored as; raises pydantic.ValidationError for anything else."""
    return cast("Reimbursement", _STORED_REIMBURSEMENT.model_validate_json(text))
