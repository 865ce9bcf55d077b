"""The command line: which commands there are, and how they fail. Each is written in commands/."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from integration_admin.core import logs
from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.file_trouble import words_of
from integration_admin.core.messages import Message
from integration_admin.core.settings import load_settings

COMMANDS = {
    "serve": ("web:serve_command", "Serve the web app and its API; builds the pages first when they are out of date."),
    "worker": ("worker:worker", "Start due runs and carry them out, without the web, until stopped; needs PostgreSQL."),
    "demo": ("demo:demo", "Start everything with demo data on this machine; a second start keeps the data."),
    "sandbox": ("sandbox:sandbox", "Start the simulated accounting systems on loopback and print where they are, as JSON."),
    "migrate": ("database:migrate", "Bring the database to the newest schema."),
    "doctor": ("doctor:doctor", "Look whether everything is in order: one line each, and what to do about what is not."),
    "backup": ("backup:backup", "Write everything the database holds into a new file; the vault's keys are not in it."),
    "restore": ("backup:restore", "Put a backup into an empty database, and say which of the vault's keys it needs."),
    "mark-restored": ("backup:mark_restored", "Pause every integration of a database that another tool put back, as restore does."),
    "init-key": ("keys:init_key", "Make the first vault key; refuses where there is one."),
    "keys": ("keys:keys", "List the vault's keys: which one seals, which are on this machine, and how much each has sealed."),
    "rotate-key": ("keys:rotate_key", "Seal every stored secret with a new vault key, while everything is in use."),
    "create-admin": ("people:create_admin", "Make an administrator, and the organisation if it is new; reads the password from standard input."),
    "reset-factors": ("people:reset_factors", "Take away a member's second factors and recovery codes, when they have lost them all."),
    "allow-passwords": ("people:allow_passwords", "Let people in by password and passkey again, when the sign-in provider that was demanded fails."),
    "create-token": ("people:create_token", "Make an API token and print it, once."),
    "tokens": ("people:tokens", "List an organisation's API tokens; what they consist of is stored nowhere."),
    "revoke-token": ("people:revoke_token", "Let an API token work no more, from its next request on."),
    "keep-history": ("retention:keep_history", "Say for how many years an organisation keeps the history of its exports, or set it."),
    "import-records": ("records:import_records", "Read records from a file: all of them, or none and a list of what is wrong; on a terminal, show how far it is."),
    "integrations": ("integrations:integrations", "List an organisation's integrations."),
    "integration": ("settings_files:integration", "Show one integration, write its settings to a file, or set one up from a file."),
    "test-connection": ("integrations:test_connection", "Sign in to the accounting system and say what happened, within ten seconds."),
    "sync": ("integrations:sync", "Export what is waiting, now, and say how it went; on a terminal, show how far it has come."),
    "reconcile": ("reconcile:reconcile", "Compare a month with what the accounting system holds, and say what differs."),
    "schedule": ("schedule:schedule", "List the next runs of an integration, in local time and in UTC."),
}  # fmt: skip
"""Name -> where it is written, in commands/, and the first sentence it says of itself there."""


class _LoadedWhenRun(TyperGroup):
    """Knows every command by name and imports only the one that runs: all of them take seconds."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Put the real command in the place of its entry in the list."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, load(listed.name) if listed and listed.name else None, rest


def load(name: str) -> Any:
    """Import the command `name` of COMMANDS and return it as Typer runs it."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(import_module(f"integration_admin.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


app = typer.Typer(
    cls=_LoadedWhenRun,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Connects an organisation's expense claims to its accounting system.",
)


def _list(name: str, sentence: str) -> None:
    @app.command(name, help=sentence)
    def listed() -> None:
        """Stand in the list; `_LoadedWhenRun` runs the real one."""


for _name, (_, _sentence) in COMMANDS.items():
    _list(_name, _sentence)


@app.callback()
def configure_logs() -> None:
    """Log as the settings say before any command runs."""
    logs.configure(load_settings())


def main() -> None:
    """Run a command; exit 0 done, 1 failed with one sentence, 2 wrong usage."""
    try:
        app()
    except IntegrationAdminError as error:
        fields: Mapping[str, Message] = getattr(error, "fields", {})
        if error.message not in fields.values():
            sys.stderr.write(f"{error.message}\n")
        for field, message in fields.items():
            sys.stderr.write(f"{field}: {message}\n")
        sys.exit(1)
    except OSError as error:
        # A folder that is missing or not ours to write to, or a full disk; anything else is a fault of our own.
        if error.filename is None:
            raise
        sys.stderr.write(f"{words_of(error)}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
