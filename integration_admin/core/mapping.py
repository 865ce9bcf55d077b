"""What a field mapping is: for each target field, where its value comes from.

How a mapping is applied lives in services/mapping_resolver.py, how it is judged in
services/config_validator.py.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(max_length=500)]

CLAIM_SOURCES: tuple[str, ...] = (
    "id", "submitted_on", "approved_on", "currency", "claimant.id", "claimant.name", "claimant.email",
    "claimant.bank_account", "department", "project", "purpose",
)  # fmt: skip
LINE_SOURCES: tuple[str, ...] = (
    "line.line", "line.date", "line.category", "line.description", "line.vat_code", "line.cost_centre",
    "line.project", "line.kilometres",
)  # fmt: skip
REIMBURSEMENT_SOURCES: tuple[str, ...] = (
    "id", "claim_id", "paid_on", "currency", "reference", "claimant.id", "claimant.name", "claimant.email",
    "claimant.bank_account",
)  # fmt: skip
VOUCHER_SOURCES: tuple[str, ...] = tuple(dict.fromkeys(CLAIM_SOURCES + REIMBURSEMENT_SOURCES))
"""What one value for a whole voucher can be read from; on records that have no such field it is empty."""
SOURCES: tuple[str, ...] = VOUCHER_SOURCES + LINE_SOURCES
CATEGORY_PREFIX = "category:"
"""What comes before an expense category's key among the names of what is left out."""


class FieldMapping(BaseModel):
    """Where one target field's value comes from: exactly one of `source`, `constant` and `compose`.

    `values` translates what `source` yields (a value map); `compose` is a text with `{placeholders}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Text | None = None
    constant: Text | None = None
    compose: Text | None = None
    values: Annotated[dict[Text, Text], Field(max_length=5_000)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [self.source, self.constant, self.compose]
        if sum(part is not None for part in given) != 1:
            detail = "give exactly one of source, constant and compose"
            raise ValueError(detail)
        if self.source is not None and self.source not in SOURCES:
            detail = f"{self.source} is not a field of a claim; known are {', '.join(SOURCES)}"
            raise ValueError(detail)
        return self


Mapping = dict[str, FieldMapping]
"""Target field name -> where its value comes from."""
