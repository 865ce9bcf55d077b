"""Commands on the vault's keys. What a rotation does is in data/key_rotation.py."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Final, TypeVar

import typer

from integration_admin.bootstrap import Application
from integration_admin.commands.running import run
from integration_admin.core.actor import COMMAND_LINE
from integration_admin.core.settings import load_settings
from integration_admin.data.key_rotation import KeyRotation, KeyUse, Reencrypted

Answer = TypeVar("Answer")

_WORDS: Final = {
    "added": "waits to be promoted",
    "active": "seals and opens",
    "old": "only opens",
    "unknown": "not registered",
}
_HERE: Final = {
    "yes": "",
    "no": ", NOT on this machine",
    "another": ", and the file of that name on this machine is ANOTHER key",
}
_IDLE: Final = (
    "a file that this database does not use: retired, of another database, or left by a rotate-key that was"
    " interrupted. Keep it for as long as a backup may need it."
)


def init_key() -> None:
    """Make the first vault key; refuses where there is one."""

    async def init(application: Application) -> None:
        await application.keys.init_key(f"key-{application.clock.now():%Y%m%d}")

    run(init)
    typer.echo(f"The vault key is in {load_settings().keys}. Keep a copy away from the database's backups.")


def keys(
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """List the vault's keys: which one seals, which are on this machine, and how much each has sealed."""

    async def look(rotation: KeyRotation) -> tuple[list[KeyUse], list[str]]:
        found = await rotation.uses()
        return found, rotation.idle_files(found)

    uses, idle = run(_rotating(look))
    if as_json:
        typer.echo(json.dumps([_as_json(use) for use in uses], ensure_ascii=False))
        return
    for use in uses:
        typer.echo(
            f"{use.key_id}: {_WORDS[use.state]}{_HERE[use.here]}."
            f" Secrets it holds: {use.holds}. It has sealed at most {use.sealed_at_most}."
        )
    for key_id in idle:
        typer.echo(f"{key_id}: {_IDLE}")
    for use in uses:
        if use.worn:
            typer.echo(
                f"{use.key_id} has sealed nearly as much as is safe. Run: integration-admin rotate-key",
                err=True,
            )


def rotate_key(
    add: Annotated[
        bool, typer.Option("--add", help="Only make a new key, which nothing is sealed with yet.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote", help="Only let the key that was added seal from now on.")
    ] = False,
    re_encrypt: Annotated[
        bool, typer.Option("--re-encrypt", help="Only seal again what older keys have sealed.")
    ] = False,
    retire: Annotated[
        str, typer.Option("--retire", metavar="KEY", help="Forget a key that nothing is sealed with.")
    ] = "",
) -> None:
    """Seal every stored secret with a new vault key, while everything is in use.

    Without an option: all of it in the right order, for one machine. For several: --add, copy the new file to the
    key folder of each machine, --promote, --re-encrypt. Whatever was interrupted is finished by running it again.
    """
    if sum((add, promote, re_encrypt, bool(retire))) > 1:
        words = "Give one option at a time."
        raise typer.BadParameter(words)
    if add:
        _add()
    elif promote:
        _promote()
    elif retire:
        run(_rotating(lambda rotation: rotation.retire(retire)))
        typer.echo(
            f"{retire} is forgotten. Its file may leave {load_settings().keys}; keep it for as long as any backup needs it."
        )
    else:
        _tell(run(_rotating(KeyRotation.reencrypt if re_encrypt else KeyRotation.rotate)))


def _add() -> None:
    key_id = run(_rotating(lambda rotation: rotation.add()))
    typer.echo(
        f"{key_id} is in {load_settings().keys}. Copy its file to the key folder of every other machine, look with"
        " `integration-admin keys` whether it is there, then run: integration-admin rotate-key --promote"
    )


def _promote() -> None:
    async def promoted(rotation: KeyRotation) -> str:
        key_id = await rotation.waiting()
        if key_id:
            await rotation.promote(key_id)
        return key_id or ""

    key_id = run(_rotating(promoted))
    if not key_id:
        typer.echo("No key waits to be promoted. Run: integration-admin rotate-key --add", err=True)
        raise typer.Exit(1)
    typer.echo(
        f"Secrets are sealed with {key_id} from now on. Now run: integration-admin rotate-key --re-encrypt"
    )


def _tell(result: Reencrypted) -> None:
    typer.echo(f"Secrets sealed again with {result.key_id}: {result.done}.")
    if result.unreadable:
        typer.echo(
            f"Secrets that could not be opened, and stay as they are: {result.unreadable}. `integration-admin keys`"
            " says which keys they need.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo(
        "Older keys hold nothing any more. Keep their files for as long as any backup needs them;"
        " --retire KEY forgets one."
    )


def _as_json(use: KeyUse) -> dict[str, object]:
    made = use.created_at.isoformat() if use.created_at else None
    return asdict(use) | {"created_at": made, "worn": use.worn}


def _rotating(
    work: Callable[[KeyRotation], Awaitable[Answer]],
) -> Callable[[Application], Awaitable[Answer]]:
    """Return what does some work on the rotation of an application's keys."""

    async def whole(application: Application) -> Answer:
        rotation = KeyRotation(
            application.database, application.keys.provider, application.clock, COMMAND_LINE
        )
        return await work(rotation)

    return whole
