"""What routes that a person's browser downloads from have in common: who is signed in, and the answer."""

from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import StreamingResponse

from integration_admin.api.cookies import find_session
from integration_admin.core.errors import SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.signed_in import Principal

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


async def signed_in(request: Request, settings: Settings) -> Principal:
    """Return who is signed in; raises SignInRequired."""
    token = find_session("; ".join(request.headers.getlist("cookie")), settings)
    person = None if token is None else await container.current().sign_in.resolve(token)
    if person is None:
        raise SignInRequired(msg("You have been signed out. Sign in to go on."))
    return person


def as_file(pieces: AsyncIterator[str] | AsyncIterator[bytes], name: str, form: str) -> StreamingResponse:
    """Return a file to keep, written piece by piece; `form` is csv or json, and the ending of its name."""
    kept = f'attachment; filename="{name}.{form}"'
    return StreamingResponse(pieces, media_type=_TYPES[form], headers={"Content-Disposition": kept})
