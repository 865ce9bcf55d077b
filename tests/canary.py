"""Marked secrets, and the search for them wherever something is written.

Every secret from here begins with one mark, a random word of this run, so that one search finds all of them.
"""

import base64
import hashlib
import json
import mmap
import os
import secrets
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

# Processes of the same run, such as xdist's, inherit the mark from the first.
MARK = os.environ.setdefault("CANARY_MARK", f"kanari{secrets.token_hex(8)}")
_INPUT = "typed-secret"
_AT_ONCE = 64 * 1024**2


def secret(name: str) -> str:
    """Return the marked secret of that name, the same in every process of this run."""
    return f"{MARK}-{name}-{hashlib.sha256(f'{MARK}{name}'.encode()).hexdigest()[:12]}"


def file_with(folder: Path, value: str) -> Path:
    """Write a secret into a file that a command is to read it from; the search passes such a file over."""
    file = folder / f"{_INPUT}-{secrets.token_hex(4)}"
    file.write_text(value)
    return file


def disguises(value: bytes) -> Iterator[bytes]:
    """Yield a secret in five encodings: as it is, hexadecimal, base64, for an address, and as UTF-16 or escaped.

    Base64 is at each of the three offsets and in both alphabets. What quoting leaves alone is also written with
    every character quoted.
    """
    yield value
    yield value.hex().encode()
    yield value.hex().upper().encode()
    yield quote(value, safe="").encode()
    yield "".join(f"%{byte:02X}" for byte in value).encode()
    yield "".join(f"%{byte:02x}" for byte in value).encode()
    text = value.decode()
    # Without the last byte the same bytes are in the other byte order too.
    yield text.encode("utf-16-le")[:-1]
    yield json.dumps(text)[1:-1].encode()
    yield text.encode("unicode_escape")
    yield "".join(f"\\u{ord(character):04x}" for character in text).encode()
    for offset in range(3):
        # The first and last characters also depend on the neighbours, so they are left out.
        coded = base64.b64encode(b"\0" * offset + value)[4 if offset else 0 : -4]
        yield coded
        yield coded.translate(bytes.maketrans(b"+/", b"-_"))


def found_in(text: str | bytes, values: Iterable[str] = (MARK,)) -> list[str]:
    """Return which of the secrets are in a text, in any disguise."""
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    return [value for value in values if any(form in data for form in disguises(value.encode()))]


def places_of(folder: Path, values: Iterable[str] = (MARK,), but: Collection[str] = ()) -> list[str]:
    """Return the files under a folder that hold any of the secrets, in any disguise; those named in `but` left out."""
    # Path.rglob falls on a folder that goes while it is looked through; os.walk leaves it out.
    everything = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    files = (file for file in everything if not file.name.startswith(_INPUT) and file.name not in but)
    return sorted(str(file.relative_to(folder)) for file in holding(files, values))


def holding(files: Iterable[Path], values: Iterable[str] = (MARK,)) -> list[Path]:
    """Return those of the files that hold any of the secrets, in any disguise."""
    wanted = {form for value in values for form in disguises(value.encode())}
    return [file for file in files if _holds(file, wanted)]


def _holds(file: Path, wanted: Collection[bytes]) -> bool:
    try:
        if file.is_symlink() or not file.is_file():
            return False
        if file.stat().st_size < _AT_ONCE:
            data = file.read_bytes()
            return any(form in data for form in wanted)
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(form) >= 0 for form in wanted)
    except FileNotFoundError:
        # Somebody else's file that went meanwhile.
        return False
