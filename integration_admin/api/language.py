"""The language a request is answered in."""

from starlette.requests import HTTPConnection

from integration_admin.services import languages


def language_of(request: HTTPConnection) -> str:
    """Return nb, nn or en."""
    cookies = "; ".join(request.headers.getlist("cookie"))
    return languages.language_of(cookies, request.headers.get("accept-language", ""))
