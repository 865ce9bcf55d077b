"""Commands on organisations, their people and their API tokens."""

import json
import sys
import uuid
from datetime import datetime
from typing import Annotated, Final

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.running import run
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.services.tokens import RECORDS_WRITE, ApiTokenView

_Organisation = Annotated[str, typer.Option("--organisation", help="The organisation's name.")]
_NEW: Final = ", an organisation that is new here"


def create_admin(
    organisation: _Organisation,
    email: Annotated[str, typer.Option(help="What the administrator signs in with.")],
    name: Annotated[str, typer.Option(help="The administrator's name; default the e-mail address.")] = "",
    org_number: Annotated[str, typer.Option("--org-number", help="Nine digits.")] = "",
) -> None:
    """Make an administrator, and the organisation if it is new; reads the password from standard input."""
    password = _password()

    async def create(application: Application) -> bool:
        return await application.services.organisations.create_administrator(
            organisation, org_number or None, email, password, name or email
        )

    is_new = run(create)
    typer.echo(f"{email} can sign in and administers {organisation.strip()}{_NEW if is_new else ''}.")


def _password() -> Secret:
    """Read one line of standard input, whichever program has saved it. Raises InvalidInput where it is not UTF-8."""
    try:
        return Secret(sys.stdin.buffer.readline().decode("utf-8-sig").rstrip("\r\n"))
    except UnicodeDecodeError:
        # Read as anything else it would be a password that nobody can type.
        raise InvalidInput(
            msg("The password is not UTF-8 text. Save its file as UTF-8 and try again.")
        ) from None


def reset_factors(
    email: Annotated[str, typer.Option(help="What the member signs in with.")],
) -> None:
    """Take away a member's second factors and recovery codes, when they have lost them all."""

    async def reset(application: Application) -> None:
        await application.services.factors.demands.reset_by_email(email)

    run(reset)
    typer.echo(f"{email} signs in with the password alone, or sets up a second factor where one is demanded.")


def allow_passwords(
    organisation: _Organisation,
) -> None:
    """Let people in by password and passkey again, when the sign-in provider that was demanded fails."""

    async def allow(application: Application) -> None:
        actor = await application.services.organisations.actor_of(organisation)
        await application.services.factors.provider.free(actor)

    run(allow)
    typer.echo("People can sign in with their passwords and passkeys again.")


def create_token(
    organisation: _Organisation,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What the token may do, several times for several things; default records:write."),
    ] = None,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day it is good; default until it is revoked."),
    ] = None,
) -> None:
    """Make an API token and print it, once.

    Unless told otherwise it may hand records in and nothing else.
    """

    async def create(application: Application) -> Secret:
        actor = await application.services.organisations.actor_of(organisation)
        last_day = until.date() if until else None
        return await application.services.tokens.create(actor, scope or [RECORDS_WRITE], name, last_day)

    typer.echo(run(create).reveal())


def tokens(
    organisation: _Organisation,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """List an organisation's API tokens; what they consist of is stored nowhere."""

    async def list_them(application: Application) -> list[ApiTokenView]:
        actor = await application.services.organisations.actor_of(organisation)
        return await application.services.tokens.everything(actor)

    rows = [
        {
            "id": str(view.id),
            "name": view.name,
            "scopes": list(view.scopes),
            "last_used_at": view.last_used_at.isoformat() if view.last_used_at else None,
            "until": view.last_day.isoformat() if view.last_day else None,
        }
        for view in run(list_them)
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['id']}  {row['name']}  {row['until'] or 'until it is revoked'}")


def revoke_token(
    organisation: _Organisation,
    token: Annotated[uuid.UUID, typer.Argument(help="The token's id, as `tokens` lists it.")],
) -> None:
    """Let an API token work no more, from its next request on."""

    async def revoke(application: Application) -> None:
        actor = await application.services.organisations.actor_of(organisation)
        await application.services.tokens.revoke(actor, token)

    run(revoke)
    typer.echo("The token is revoked.")
