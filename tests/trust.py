"""Whom the tests' own clients trust: reading the authorities takes a tenth of a second, so it is done once for all."""

import ssl

TLS = ssl.create_default_context()
