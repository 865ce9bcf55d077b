"""The command line: which commands there are, and how they fail. Each is written in commands/."""

import sys

import typer

from integration_admin.commands import database, demo, integrations, people, records, sandbox, web, worker
from integration_admin.core import logs
from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Connects an organisation's expense claims to its accounting system.",
)
app.command("serve")(web.serve_command)
app.command("worker")(worker.worker)
app.command("demo")(demo.demo)
app.command("sandbox")(sandbox.sandbox)
app.command("migrate")(database.migrate)
app.command("init-key")(database.init_key)
app.command("create-admin")(people.create_admin)
app.command("create-token")(people.create_token)
app.command("import-records")(records.import_records)
app.command("integrations")(integrations.integrations)
app.command("test-connection")(integrations.test_connection)
app.command("sync")(integrations.sync)


@app.callback()
def configure_logs() -> None:
    """Log as the settings say before any command runs."""
    logs.configure(load_settings())


def main() -> None:
    """Run a command; exit 0 done, 1 failed with one sentence, 2 wrong usage."""
    try:
        app()
    except IntegrationAdminError as error:
        sys.stderr.write(f"{error.message}\n")
        for field, message in getattr(error, "fields", {}).items():
            sys.stderr.write(f"{field}: {message}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
