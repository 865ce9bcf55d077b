"""Calls the HTTP API with whatever its own description allows, and with what it does not, as somebody with a token."""

import asyncio
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from limits import RateLimitItemPerSecond
from starlette.types import ASGIApp

from integration_admin.api.app import edge
from integration_admin.api.rate_limits import Limits
from integration_admin.bootstrap import Application
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from tests.api.serving import serving
from tests.ports import free_port

with warnings.catch_warnings():
    # What it imports is older than the Python it runs on.
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.core.result import Ok

_UNLIMITED = Limits(RateLimitItemPerSecond(1_000_000), RateLimitItemPerSecond(1_000_000))
"""How often the API may be called is tested elsewhere; here it would hide what is behind it."""


@dataclass
class Answers:
    """How often each status came, and each answer that should not have."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def take(self, case: schemathesis.Case, answer: schemathesis.Response) -> None:
        """Count one answer; a refusal must be a problem, and nothing may be the server's own fault."""
        self.statuses[answer.status_code] += 1
        kind = answer.headers.get("content-type", [""])[0]
        if answer.status_code >= 500:
            self.failures.append(f"{case.method} {case.operation.path}: {answer.status_code}")
        elif answer.status_code >= 400 and not kind.startswith("application/problem+json"):
            self.failures.append(f"{case.method} {case.operation.path}: {answer.status_code} as {kind}")


async def fuzz(application: Application, token: Secret, *, examples: int) -> Answers:
    """Serve the API of `application` and call each operation twice `examples` times: as described, and not."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    own = application.settings.model_copy(update={"public_url": address})
    api, whole = _edge(own)
    async with serving(whole, port):
        return await asyncio.to_thread(_called, api.openapi(), address, token, examples)


def _called(description: Mapping[str, Any], address: str, token: Secret, examples: int) -> Answers:
    answers = Answers()
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    for found in schemathesis.openapi.from_dict(dict(description)).get_all_operations():
        if not isinstance(found, Ok):
            answers.failures.append(f"not to be read: {found.err()}")
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _call(found.ok(), mode, address, headers, answers, examples)
    return answers


def _call(
    operation: schemathesis.APIOperation,
    mode: GenerationMode,
    address: str,
    headers: dict[str, str],
    answers: Answers,
    examples: int,
) -> None:
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def once(case: schemathesis.Case) -> None:
        answers.take(case, case.call(base_url=address, headers=headers))

    once()


def _edge(own: Settings) -> tuple[FastAPI, ASGIApp]:
    """Return the routes, and the same with everything around them."""
    api, *wrappers = edge(own, _ready, own.instance_dir, knows=lambda _: False, request_limits=_UNLIMITED)
    whole: Any = api
    for wrap in wrappers:
        whole = wrap(whole)  # type: ignore[operator]  # all but the first are wrappers
    return cast("FastAPI", api), whole


async def _ready() -> None:
    """Be ready: the database was made for this."""
