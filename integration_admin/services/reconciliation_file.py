"""The file a comparison's figures were counted from: kept in packed pages, written out and hashed piece by piece."""

import base64
import hashlib
import uuid
import zlib
from collections.abc import AsyncIterator, Iterable
from typing import Final

from integration_admin.data.database import Database
from integration_admin.services.reconciliation_compare import HEADINGS, Compared, file_line
from integration_admin.services.spreadsheet import csv_line

_MARK: Final = "\ufeff"
"""What Excel needs at the beginning to read UTF-8."""
_AT_ONCE: Final = 20


def packed(compared: Iterable[Compared]) -> str:
    """Return lines as they are kept."""
    return base64.b64encode(zlib.compress("".join(map(file_line, compared)).encode())).decode()


async def pieces(
    database: Database, organisation_id: uuid.UUID, reconciliation_id: uuid.UUID
) -> AsyncIterator[bytes]:
    """Yield the whole file, some pages at a time: semicolons, UTF-8 with its mark, the same bytes every time.

    Raises NotFound where a newer version takes its place meanwhile: half a file must not look like a whole one.
    """
    yield (_MARK + csv_line(HEADINGS)).encode()
    after = 0
    while True:
        async with database.read(organisation_id) as unit:
            await unit.reconciliations.get(reconciliation_id)
            found = await unit.reconciliations.pages(reconciliation_id, after, _AT_ONCE)
        if not found:
            return
        for _, page in found:
            yield zlib.decompress(base64.b64decode(page))
        after = found[-1][0]


async def hash_of(database: Database, organisation_id: uuid.UUID, reconciliation_id: uuid.UUID) -> str:
    """Return the SHA-256 of the file, in hexadecimal."""
    digest = hashlib.sha256()
    async for piece in pieces(database, organisation_id, reconciliation_id):
        digest.update(piece)
    return digest.hexdigest()
