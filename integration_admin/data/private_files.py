"""Files that are for the program's own user alone: they hold people's names, addresses and bank accounts."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

OTHERS: Final = stat.S_IRWXO
"""What a file or folder allows everybody who has an account on the machine."""


def make_private_file(path: Path) -> None:
    """Make an empty file where there is none, and its folder; one that is there stays as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def open_to_others(path: Path) -> bool:
    """Tell whether every user of the machine can read a file; a folder nobody else may enter hides it."""
    return bool(path.stat().st_mode & OTHERS and path.parent.stat().st_mode & stat.S_IXOTH)
