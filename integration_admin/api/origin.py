"""Where a request comes from: whether the page is ours, whose address it is, and where to go back to."""

from urllib.parse import urlsplit

from fastapi import Request

from integration_admin.api.problems import WrongOrigin
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings

HOME = "/settings/integrations"


def require_own_page(request: Request, settings: Settings) -> None:
    """Raise WrongOrigin unless a form was sent by one of our pages.

    Browsers put Origin on every POST, so a request without it and without Sec-Fetch-Site is no form of ours.
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if origin != settings.public_url or site not in {None, "same-origin"}:
        raise WrongOrigin(
            msg("Open {address} and try again from there.", address=settings.public_url),
            internal="form from another origin",
        )


def client_address(request: Request, settings: Settings) -> str:
    """Return the caller's IP address, as the last of the trusted proxies saw it."""
    direct = request.client.host if request.client else ""
    hops = settings.trusted_proxies
    forwarded = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",")]
    return forwarded[-hops] if hops and len(forwarded) >= hops else direct


def own_path(target: str) -> str:
    """Return `target` when it is a path on this site, else the first page.

    Browsers read a backslash as a slash and drop tabs and line breaks, so those are refused too.
    """
    if not target.startswith("/") or target[1:2] in {"/", "\\"}:
        return HOME
    if any(character <= " " or character in {"\\", "\x7f"} for character in target):
        return HOME
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or target.startswith(("/auth/", "/api/", "/sign-in")):
        return HOME
    return target


def page_before(request: Request, settings: Settings) -> str:
    """Return the path of the page the form was on."""
    referer = request.headers.get("referer", "")
    path = referer.removeprefix(settings.public_url)
    return "/sign-in" if path.startswith("/sign-in") and path != referer else own_path(path)
