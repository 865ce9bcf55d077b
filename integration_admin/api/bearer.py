"""On whose behalf a request to /api/v1 comes: a bearer token of one organisation."""

from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from integration_admin.core.actor import Actor
from integration_admin.core.errors import SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.services import container

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="API token",
    description="A token made with `integration-admin create-token`. It belongs to one organisation.",
)

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, words in {
        401: "No valid token",
        403: "The token lacks the scope",
        404: "There is no such thing in this organisation",
        409: "Something else is under way, or this was settled meanwhile; nothing was changed",
        413: "More was sent than is read",
        415: "The body is of a type, or in a coding, that is not read",
        422: "Something sent cannot be accepted",
        429: "Too much was asked at once; Retry-After says for how many seconds to wait",
        503: "The database, or a key it is sealed with, is not to be had just now; try again later",
    }.items()
}


def actor_with(scope: str) -> Any:
    """Return the dependency that demands a token with `scope` and gives its Actor."""

    async def actor(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Actor:
        if credentials is None:
            raise SignInRequired(msg("Send an API token, as in “Authorization: Bearer ia_…”."))
        return await container.current().tokens.resolve(Secret(credentials.credentials), scope)

    return Depends(actor)
