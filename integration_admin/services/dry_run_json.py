"""A dry run as JSON, the same from the command line and the API, written page by page so that no backlog is held."""

import json
from collections.abc import AsyncIterator, Callable, Sequence

from integration_admin.core.messages import Message
from integration_admin.services.dry_run import DryRunTotals
from integration_admin.services.dry_run_judge import DryRunEntry

Say = Callable[[Message], str]
"""Puts a sentence into the reader's language."""


async def written(
    pages: AsyncIterator[Sequence[DryRunEntry]], totals: DryRunTotals, obstacle: Message | None, say: Say
) -> AsyncIterator[str]:
    """Yield one JSON object in parts: `records`, then `counts`, `amounts` and `obstacle`; `totals` is counted up."""
    yield '{"records": ['
    before = "\n"
    async for page in pages:
        totals.add(page)
        for entry in page:
            yield before + _encoded(_record(entry, say))
            before = ",\n"
    said = {
        "counts": {str(would): count for would, count in totals.counts.items()},
        "amounts": {money.currency: money.decimal() for money in totals.amounts},
        "obstacle": say(obstacle) if obstacle else None,
    }
    yield f"\n], {_encoded(said)[1:]}\n"


def _record(entry: DryRunEntry, say: Say) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "id": entry.record_id,
        "amount": entry.amount.decimal(),
        "currency": entry.amount.currency,
        "would": str(entry.would),
        "reference": entry.reference,
        "reasons": [say(reason) for reason in entry.reasons],
        "payload": entry.payload,
    }


def _encoded(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
