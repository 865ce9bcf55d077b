"""What tests and demonstrations may change about the simulated Dynamics while it runs.

Every default is the harder choice where the real system's behaviour is not public.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Behaviour(BaseModel):
    """The switches; `POST /_sandbox/settings` sets any of them."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    latency_ms: Annotated[float, Field(ge=0, le=600_000)] = 0.0
    """Milliseconds a request to Business Central waits between doing what was asked and answering."""
    limits: bool = True
    """Whether Business Central counts requests, those at the same time and in five minutes."""
    window_requests: Annotated[int, Field(ge=0, le=1_000_000)] = 6_000
    """How many requests an app may make in five minutes, where limits are on."""
    token_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3_599
    """How long a token is good for, which its `expires_in` says too."""
    entra_trouble: Annotated[int, Field(ge=0, le=99_999)] = 0
    """The AADSTS number of a passing trouble every token request ends in, such as 90033; 0 is none."""
    entra_line_breaks: bool = False
    """Whether Entra parts its trace marks by line breaks, as it used to, or by spaces."""
    batch_null_ids: bool = False
    """Whether the answers in a $batch have null for their ids."""
    batch_answers: Annotated[int, Field(ge=0, le=100)] = 100
    """How many answers a $batch tells at the most; the rest is done all the same."""
    employee_lines_shown: bool = False
    """Whether journal lines on an employee's account can be read back."""
    accounts: Annotated[int, Field(ge=0, le=20_000)] = 0
    """How many accounts every company has at least."""
