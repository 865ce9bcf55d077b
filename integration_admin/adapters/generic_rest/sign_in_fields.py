"""The part of the credential form that says how to sign in. What the interface looks like is in fields.py."""

from typing import Final

from integration_admin.adapters.base import Choice, CredentialField
from integration_admin.core.messages import msg

NO_SIGN_IN: Final = "none"
API_KEY: Final = "api_key"
BEARER: Final = "bearer"
BASIC: Final = "basic"
OAUTH: Final = "oauth2"
MUTUAL_TLS: Final = "mutual_tls"

_PEM_LENGTH = 20_000

SIGN_IN_FIELDS: Final[tuple[CredentialField, ...]] = (
    CredentialField(
        "authentication",
        msg("How to sign in"),
        msg("Whoever runs the accounting system knows which of these it wants."),
        choices=(
            Choice(API_KEY, msg("API key in a header")),
            Choice(BEARER, msg("Bearer token")),
            Choice(BASIC, msg("User name and password")),
            Choice(OAUTH, msg("OAuth 2 with a client's secret")),
            Choice(MUTUAL_TLS, msg("Client certificate (mutual TLS)")),
            Choice(NO_SIGN_IN, msg("No sign-in")),
        ),
        default=API_KEY,
    ),
    CredentialField(
        "header_name",
        msg("Name of the header"),
        msg("The header the API key goes into."),
        default="X-Api-Key",
        max_length=60,
        only_when=("authentication", API_KEY),
    ),
    CredentialField(
        "api_key",
        msg("API key"),
        msg("Copy the whole key."),
        secret=True,
        max_length=4_000,
        only_when=("authentication", API_KEY),
    ),
    CredentialField(
        "token",
        msg("Token"),
        msg("Copy the whole token, without the word Bearer."),
        secret=True,
        max_length=8_000,
        only_when=("authentication", BEARER),
    ),
    CredentialField(
        "user",
        msg("User name"),
        msg("The user the vouchers are booked by."),
        only_when=("authentication", BASIC),
    ),
    CredentialField(
        "password",
        msg("Password"),
        msg("The password of that user."),
        secret=True,
        only_when=("authentication", BASIC),
    ),
    CredentialField(
        "token_url",
        msg("Address for tokens"),
        msg("The whole address tokens are given out at, such as https://login.example.org/oauth/token."),
        only_when=("authentication", OAUTH),
    ),
    CredentialField(
        "client_id",
        msg("Client ID"),
        msg("The name this program is known by there."),
        only_when=("authentication", OAUTH),
    ),
    CredentialField(
        "client_secret",
        msg("Client secret"),
        msg("The secret itself, not its ID."),
        secret=True,
        max_length=4_000,
        only_when=("authentication", OAUTH),
    ),
    CredentialField(
        "scope",
        msg("Scope"),
        msg("The rights the token shall have. Leave it empty unless you were told what to write."),
        required=False,
        only_when=("authentication", OAUTH),
    ),
    CredentialField(
        "client_certificate",
        msg("Client certificate"),
        msg(
            "In the PEM form: all of it, from BEGIN CERTIFICATE to END CERTIFICATE, and those that vouch for it"
            " after it, if you were given any."
        ),
        secret=True,
        multiline=True,
        max_length=_PEM_LENGTH,
        only_when=("authentication", MUTUAL_TLS),
    ),
    CredentialField(
        "client_key",
        msg("Private key of the certificate"),
        msg("In the PEM form: all of it, from BEGIN PRIVATE KEY to END PRIVATE KEY."),
        secret=True,
        multiline=True,
        max_length=_PEM_LENGTH,
        only_when=("authentication", MUTUAL_TLS),
    ),
    CredentialField(
        "client_key_passphrase",
        msg("Passphrase of the private key"),
        msg("Leave it empty unless the private key is locked with one."),
        secret=True,
        required=False,
        only_when=("authentication", MUTUAL_TLS),
    ),
)
