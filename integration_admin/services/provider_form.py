"""What an administrator enters about the sign-in provider, and whether it can be right. Whether it is, only the issuer knows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from integration_admin.core.errors import AdapterError, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.services.id_tokens import entra_tenant, is_entra

_LONGEST_NAME, _LONGEST_ISSUER, _LONGEST_CLIENT, _LONGEST_SECRET = 60, 500, 255, 2_000
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class ProviderForm:
    """What an administrator enters; an empty secret keeps the one that is stored."""

    name: str
    issuer: str
    client_id: str
    secret: Secret
    trusts_mfa: bool


def check(form: ProviderForm, check_url: Callable[[str], None]) -> None:
    """Raise InvalidInput with a sentence for each wrong field; `check_url` raises AdapterError."""
    wrong: dict[str, Message] = {}
    if not 1 <= len(form.name) <= _LONGEST_NAME or not form.name.isprintable():
        wrong["name"] = msg("Write a name of at most {count} characters.", count=_LONGEST_NAME)
    if (sentence := _wrong_issuer(form.issuer, check_url)) is not None:
        wrong["issuer"] = sentence
    if len(form.client_id) > _LONGEST_CLIENT or not _VISIBLE.fullmatch(form.client_id):
        wrong["client_id"] = msg("Write the client ID as the provider shows it.")
    secret = form.secret.reveal()
    if len(secret) > _LONGEST_SECRET or (secret and not _VISIBLE.fullmatch(secret)):
        wrong["secret"] = msg("A client secret has no spaces or line breaks. Copy it again.")
    if wrong:
        raise InvalidInput(msg("Some fields need another look."), fields=wrong)


def _wrong_issuer(issuer: str, check_url: Callable[[str], None]) -> Message | None:
    if len(issuer) > _LONGEST_ISSUER or not _VISIBLE.fullmatch(issuer):
        return msg("Write the issuer’s address, beginning with https://.")
    try:
        check_url(issuer)
        parts = urlsplit(issuer)
    except AdapterError as error:
        return error.message
    except ValueError:
        return msg("Write the issuer’s address, beginning with https://.")
    if parts.query or parts.fragment:
        return msg("An issuer’s address has neither ? nor # in it.")
    if is_entra(issuer) and entra_tenant(issuer) is None:
        return msg(
            "For Microsoft Entra ID write https://login.microsoftonline.com/, the Directory (tenant) ID in small"
            " letters, and /v2.0. An address for every organisation, such as common, would let anybody in."
        )
    return None
