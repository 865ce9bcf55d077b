"""What tests and demonstrations may change about the simulated Xledger while it runs.

Every default is the harder choice where the real system's behaviour is not public.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Behaviour(BaseModel):
    """The switches; `POST /_sandbox/behaviour` sets any of them."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    limits: bool = True
    latency: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Seconds each request takes besides the work itself."""
    atomic: bool = True
    """Whether one bad voucher keeps the whole mutation out; otherwise those before it are staged."""
    validation_status: Literal["by_kind", 200, 400] = "by_kind"
    """HTTP status of a refused mutation; by kind, lookups that find nothing are 200 and the rest 400."""
    closed_period: Literal["refuse", "stage"] = "refuse"
    """Whether a closed period is refused at once, or staged and refused when it should be booked."""
    processing_delay: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    """Seconds a voucher stays staged; it is booked by the first read after that."""
    page_rows: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    """Entries of a list that is not the ledger's in one page at the most, however many are asked for."""
