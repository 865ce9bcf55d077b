"""The judge: what the sandbox has booked, beside what our database says."""

import json
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faults.installation import Kept
from faults.systems import System, minor_units
from integration_admin.core.statuses import DeliveryState


@dataclass(frozen=True, slots=True)
class Entry:
    """One booked voucher."""

    reference: str
    amount: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """How our database and the ledger differ; amounts are in hundredths."""

    records: int
    lost: int
    """Records the ledger does not have, whatever our database says of them."""
    doubled: int
    """Bookings beyond the first of a record."""
    foreign: int
    """Bookings under a reference we do not know."""
    wrong_amounts: int
    undelivered: int
    """Records our database does not call delivered."""
    difference: int
    """The ledger's sum without ours."""

    @property
    def clean(self) -> bool:
        """Whether every record is booked once, for its amount, and known to be."""
        return not any(
            (self.lost, self.doubled, self.foreign, self.wrong_amounts, self.undelivered, self.difference)
        )


class LedgerView:
    """Reads and steers one sandbox from outside."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._url = system.url

    def entries(self) -> list[Entry]:
        """Return everything that is booked."""
        with urllib.request.urlopen(f"{self._url}/_sandbox/ledger") as answer:  # noqa: S310, our own address
            return [Entry(row["reference"], minor_units(row["amount"])) for row in json.load(answer)]

    def stats(self) -> dict[str, Any]:
        """Return the sandbox's own counts."""
        with urllib.request.urlopen(f"{self._url}/_sandbox/stats") as answer:  # noqa: S310, our own address
            counts: dict[str, Any] = json.load(answer)
            return counts

    def set_faults(self, spec: str) -> None:
        """Let other things go wrong from now on."""
        self._post("faults", {"spec": spec})

    def set_latency(self, seconds: float) -> None:
        """Let every request take this long besides the work itself."""
        route, switch, units = self._system.latency
        self._post(route, {switch: seconds * units})

    def reset(self) -> None:
        """Forget everything that was booked."""
        self._post("reset", {})

    def _post(self, route: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310, our own address
            f"{self._url}/_sandbox/{route}", json.dumps(body).encode(), method="POST"
        )
        urllib.request.urlopen(request).close()  # noqa: S310, our own address


def judge(kept: Sequence[Kept], entries: Sequence[Entry], *, shared: bool = False) -> Judgement:
    """Compare; a ledger `shared` with other installations is looked at under our references only."""
    ours = {item.reference: item for item in kept if item.reference}
    mine = [entry for entry in entries if not shared or entry.reference in ours]
    booked = Counter(entry.reference for entry in mine)
    return Judgement(
        records=len(kept),
        lost=sum(item.reference not in booked for item in kept),
        doubled=sum(times - 1 for reference, times in booked.items() if reference in ours),
        foreign=sum(times for reference, times in booked.items() if reference not in ours),
        wrong_amounts=sum(
            entry.reference in ours and entry.amount != ours[entry.reference].amount for entry in mine
        ),
        undelivered=sum(item.state is not DeliveryState.DELIVERED for item in kept),
        difference=sum(entry.amount for entry in mine) - sum(item.amount for item in kept),
    )
