"""What tests and demonstrations may change about the REST ledger while it runs.

Every default is the harder choice: real systems of this kind seldom know a key against doubles.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Behaviour(BaseModel):
    """The switches; `POST /_sandbox/settings` sets any of them."""

    model_config = ConfigDict(extra="forbid")

    latency_ms: Annotated[float, Field(ge=0, le=600_000)] = 0.0
    """Milliseconds a POST waits between booking and answering."""
    idempotency: bool = False
    """Whether a repeated Idempotency-Key gives the first answer again instead of booking again."""
    token_seconds: Annotated[float, Field(ge=0, le=86_400)] = 3_600.0
    """How long a token given out at /oauth/token is good for."""
    most_at_once: Annotated[int, Field(ge=1, le=10_000)] = 64
    """How many POST requests may be under way, where limits are on."""
    trusts_connection: bool = False
    """Whether whoever shows neither key nor token is let in, as behind a server that asks for certificates."""
