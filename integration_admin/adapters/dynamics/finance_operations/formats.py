"""Whether the account format in the settings is the one Finance & Operations reads accounts by.

It reads a written account by its active ledger dimension format for integrating applications: a value at
another place lands in another dimension, and nobody is told.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from integration_admin.adapters.dynamics.finance_operations.client import ODataClient, Row
from integration_admin.adapters.wording import scrub
from integration_admin.core.errors import AdapterError
from integration_admin.core.messages import Message, msg

_LEDGER: Final = "DataEntityLedgerDimensionFormat"
_DELIMITERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Hyphen": "-", "Period": ".", "Underscore": "_", "Bar": "|", "Tilde": "~", "DoubleHypen": "--",
        "DoublePeriod": "..", "DoubleUnderscore": "__", "DoubleBar": "||", "DoubleTilde": "~~",
    }
)  # fmt: skip
"""The delimiter's name there, spelt as it is there -> its characters (DimensionSegmentDelimiter)."""


async def warnings(client: ODataClient, *, until: float) -> tuple[Message, ...]:
    """Return where accounts would be read in another way than they are written.

    Says nothing where this cannot be asked, as in an older version or without the right to it. `until` is in
    monotonic seconds.
    """
    formats = await _rows(client, "DimensionIntegrationFormats", until)
    parameters = await _rows(client, "DimensionParameters", until)
    active = [
        _text(row.get("FinancialDimensionFormat"))
        for row in formats
        if row.get("DimensionFormatType") == _LEDGER and row.get("IsActive") == "Yes"
    ]
    found = [_about_names(client, active[0])] if len(active) == 1 and active[0] else []
    found += [_about_delimiter(client, _text(row.get("DimensionSegmentDelimiter"))) for row in parameters[:1]]
    return tuple(message for message in found if message is not None)


async def _rows(client: ODataClient, entity: str, until: float) -> list[Row]:
    """Return the entries; none where they are not to be had, for the test must not fail for it."""
    try:
        return await client.rows(entity, deadline=client.seconds_until(until))
    except AdapterError:
        return []


def _about_names(client: ODataClient, active: str) -> Message | None:
    names = client.options.booking.account_format
    for delimiter in _DELIMITERS.values():
        ours = delimiter.join(names).casefold()
        if active.casefold() == ours:
            return None
        if active.casefold().startswith(ours + delimiter):
            missing = active[len(ours) + len(delimiter) :].split(delimiter)
            return msg(
                "The account format of Finance & Operations goes on with {dimensions}, which no line is given. To"
                " map them, add them at the end of the account format under Credentials.",
                dimensions=scrub(", ".join(missing), *client.shown_to_nobody),
            )
    return msg(
        "Finance & Operations reads accounts as {theirs}, and they are written as {ours}, so values would land in"
        " the wrong dimension or be refused. Write the same names in the same order as the account format under"
        " Credentials.",
        theirs=scrub(active, *client.shown_to_nobody),
        ours=", ".join(names),
    )


def _about_delimiter(client: ODataClient, name: str) -> Message | None:
    theirs, ours = _DELIMITERS.get(name), client.options.booking.separator
    if theirs is None or theirs == ours:
        return None
    return msg(
        "Finance & Operations puts {theirs} between account and dimensions, and {ours} is chosen here. Choose the"
        " same under Credentials.",
        theirs=theirs,
        ours=ours,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
