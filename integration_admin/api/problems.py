"""Every error an HTTP caller sees, as RFC 9457 problem+json in the caller's language. The one exception handler."""

import math
import traceback
from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from integration_admin.api.language import language_of
from integration_admin.core.errors import (
    IntegrationAdminError,
    InvalidInput,
    SignInRequired,
    TooManyAttempts,
)
from integration_admin.core.messages import Message, msg
from integration_admin.services.record_reasons import sentence_of

log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """An error (RFC 9457); `errors` has one sentence for each field that is wrong."""

    type: str = "about:blank"
    status: int
    title: str
    detail: str
    errors: dict[str, str] | None = None


class NoSuchAddress(IntegrationAdminError):
    """Nothing is served under this path."""

    status = 404

    def __init__(self) -> None:
        super().__init__(msg("There is nothing at this address."))


class WrongMethod(IntegrationAdminError):
    """Something is served under this path, but not by this method (RFC 9110, section 15.5.6)."""

    status = 405

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(msg("This address answers {methods} only.", methods=self.allowed))


class WrongOrigin(IntegrationAdminError):
    """A form was sent from a page that is not ours."""

    status = 403


class BodyTooLarge(IntegrationAdminError):
    """More was sent than is read."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(msg("More than {count} bytes cannot be sent at once.", count=limit))


class UnsupportedContent(IntegrationAdminError):
    """The body is not of a kind this address reads."""

    status = 415


class UnsupportedCoding(UnsupportedContent):
    """The body is packed; nothing is unpacked here, for a small one may hold gigabytes."""

    def __init__(self) -> None:
        super().__init__(msg("Send it uncompressed, without Content-Encoding."))


class Route(APIRoute):
    """A route whose errors all become problems; nothing of the request reaches the log."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's own handling, so that wrong parameters are covered too."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                _check_coding(request)
                return await handle(request)
            except Exception as error:  # noqa: BLE001, this is the edge: whatever it is, it is answered
                return _answer(_known(error, request), request)

        return handled


def _check_coding(request: Request) -> None:
    codings = {coding.strip().lower() for coding in request.headers.getlist("content-encoding")}
    if codings - {"", "identity"}:
        raise UnsupportedCoding


def _answer(error: IntegrationAdminError, request: Request) -> Response:
    """Return a problem, or to a person whose form met a fault of ours a page where the application has one."""
    page = getattr(request.app.state, "failed_page", None)
    is_form = not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")
    if page is not None and is_form and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        answer: Response = page(request, error)
        return answer
    return problem_response(error, language_of(request))


def problem_response(error: IntegrationAdminError, language: str) -> JSONResponse:
    """Turn an error into its response."""
    problem = Problem(
        status=error.status,
        title=HTTPStatus(error.status).phrase,
        detail=error.message.translate(language),
        errors=_by_field(error, language),
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=error.status,
        headers=_headers(error) | {"Content-Language": language},
        media_type="application/problem+json",
    )


def _known(error: Exception, request: Request) -> IntegrationAdminError:
    """Return an error with words for the caller; an unexpected one is logged without its own words."""
    if isinstance(error, RequestValidationError):
        return _invalid_parameters(error)
    if isinstance(error, HTTPException | ClientDisconnect):
        # FastAPI's own word for a body it cannot take apart, and the server's for one that broke off on its way.
        return InvalidInput(msg("Some of what was sent cannot be accepted."))
    if isinstance(error, IntegrationAdminError) and error.status < 500:
        return error
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error(
        "api.failed",
        method=request.method,
        route=getattr(request.scope.get("route"), "path", ""),
        error=type(error).__name__,
        internal=getattr(error, "internal", ""),
        frames=frames[-5:],
    )
    if isinstance(error, IntegrationAdminError):
        return error
    return IntegrationAdminError(msg("Something went wrong here. It has been noted; try again later."))


def _invalid_parameters(error: RequestValidationError) -> InvalidInput:
    """Name the parameters FastAPI refused, without what was sent."""
    fields: dict[str, Message] = {str(detail["loc"][-1]): sentence_of(detail) for detail in error.errors()}
    return InvalidInput(msg("Some of what was sent cannot be accepted."), fields=fields)


def _by_field(error: IntegrationAdminError, language: str) -> dict[str, str] | None:
    if not isinstance(error, InvalidInput) or not error.fields:
        return None
    return {name: message.translate(language) for name, message in error.fields.items()}


def _headers(error: IntegrationAdminError) -> dict[str, str]:
    if isinstance(error, SignInRequired):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, UnsupportedCoding):
        return {"Accept-Encoding": "identity"}
    if isinstance(error, WrongMethod):
        return {"Allow": error.allowed}
    wait = error.retry_after if isinstance(error, TooManyAttempts) else None
    return {} if wait is None else {"Retry-After": str(math.ceil(wait))}
