"""A few lines of Xledger: books whole vouchers, refuses those with a bad reference, answers lookups."""

from collections import Counter
from collections.abc import Set as AbstractSet

from integration_admin.adapters.outbound import Response
from tests.adapters.xledger.fake_http import Request, found, graphql, problem, taken


class Ledger:
    """`bad` references are refused; unless `atomic`, what stands before them is booked all the same."""

    def __init__(self, *, bad: AbstractSet[str] = frozenset(), atomic: bool = True) -> None:
        self._bad = bad
        self._atomic = atomic
        self.booked: list[str] = []

    def answer(self, request: Request) -> Response:
        """Answer a mutation or a lookup."""
        if "mutation" not in request.body["query"]:
            wanted = set(request.variables["references"])
            return found(*((ref, str(n)) for n, ref in enumerate(self.booked) if ref in wanted))
        references = request.references
        good = references
        if self._bad.intersection(references):
            first_bad = next(n for n, ref in enumerate(references) if ref in self._bad)
            good = [] if self._atomic else references[:first_bad]
        self.booked += good
        if len(good) == len(references):
            return taken(request)
        return graphql(
            {"addGLImportItems": None}, problem("account.code: No value matching owner 1, code '7199'.")
        )

    def times_booked(self) -> dict[str, int]:
        """Return how many times each reference is booked."""
        return dict(Counter(self.booked))
