"""Commands on organisations, their people and their API tokens."""

import sys
from typing import Annotated

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.running import run
from integration_admin.core.secret import Secret

_Organisation = Annotated[str, typer.Option("--organisation", help="The organisation's name.")]


def create_admin(
    organisation: _Organisation,
    email: Annotated[str, typer.Option(help="What the administrator signs in with.")],
    name: Annotated[str, typer.Option(help="The administrator's name; default the e-mail address.")] = "",
    org_number: Annotated[str, typer.Option("--org-number", help="Nine digits.")] = "",
) -> None:
    """Make an administrator, and the organisation if it is new; reads the password from standard input."""
    password = Secret(sys.stdin.readline().rstrip("\n"))

    async def create(application: Application) -> None:
        await application.services.organisations.create_administrator(
            organisation, org_number or None, email, password, name or email
        )

    run(create)
    typer.echo(f"{email} can sign in.")


def create_token(
    organisation: _Organisation,
    scope: Annotated[list[str], typer.Option(help="What the token may do; may be given several times.")],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
) -> None:
    """Make an API token and print it, once."""

    async def create(application: Application) -> Secret:
        actor = await application.services.organisations.actor_of(organisation)
        return await application.services.tokens.create(actor, scope, name)

    typer.echo(run(create).reveal())
