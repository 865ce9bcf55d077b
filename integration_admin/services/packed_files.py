"""Files that come out of a browser's form as base64 of gzip, as components/file_field.py sends them."""

import base64
import binascii
import zlib
from typing import Final

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg

_GZIP: Final = zlib.MAX_WBITS | 16


def unpacked(packed: str, most_packed: int, most_bytes: int) -> bytes:
    """Return what was packed, cut off one byte after `most_bytes`. Raises InvalidInput where it came here broken."""
    if len(packed) <= most_packed:
        try:
            whole = zlib.decompressobj(_GZIP)
            found = whole.decompress(base64.b64decode(packed, validate=True), most_bytes + 1)
        except (binascii.Error, ValueError, zlib.error):
            pass
        else:
            if whole.eof or len(found) > most_bytes:
                return found
    raise InvalidInput(msg("The file did not arrive whole. Choose it once more."))
