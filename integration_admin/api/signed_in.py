"""Who is signed in, for routes that a person's browser downloads from."""

from fastapi import Request

from integration_admin.api.cookies import find_session
from integration_admin.core.errors import SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings
from integration_admin.services import container
from integration_admin.services.sign_in import Principal


async def signed_in(request: Request, settings: Settings) -> Principal:
    """Return who is signed in; raises SignInRequired."""
    token = find_session("; ".join(request.headers.getlist("cookie")), settings)
    person = None if token is None else await container.current().sign_in.resolve(token)
    if person is None:
        raise SignInRequired(msg("You have been signed out. Sign in to go on."))
    return person
