"""The addresses of the pages about one's own sessions and password. The pages are in own_account.py."""

from typing import Final

SESSIONS_PAGE: Final = "/settings/sign-in/sessions"
PASSWORD_PAGE: Final = "/settings/sign-in/password"  # noqa: S105, an address
