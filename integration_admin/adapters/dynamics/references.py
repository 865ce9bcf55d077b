"""Our references as Dynamics can hold them: document numbers there have 20 characters."""

from typing import Final

LENGTH: Final = 20
"""Characters of a document number (Business Central: Gen. Journal Line; Finance & Operations: DocumentNum)."""


def short(reference: str) -> str:
    """Return the last 20 characters of a reference, which are what makes it the only one.

    A longer one could be cut without a word on the other side, and would then never be found again.
    """
    return reference[-LENGTH:]
