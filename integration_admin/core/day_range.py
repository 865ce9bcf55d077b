"""A range of days as somebody types it, from and up to and including."""

from datetime import date

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg


def check_order(first: date | None, last: date | None, field: str) -> None:
    """Raise InvalidInput for the field of the last day where it comes before the first: nothing can be in between."""
    if first is not None and last is not None and last < first:
        sentence = msg("The last day is before the first.")
        raise InvalidInput(sentence, fields={field: sentence})
