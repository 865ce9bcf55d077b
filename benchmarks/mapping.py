"""How fast claims become vouchers, on one core and with nothing else going on."""

import time
from statistics import median

from benchmarks.claims import MAPPING, claim
from benchmarks.report import Figure, at_least
from integration_admin.adapters.xledger.fields import TARGET_FIELDS
from integration_admin.core.records import ExpenseClaim
from integration_admin.services.mapping_resolver import CompiledMapping, compile_mapping

_CLAIMS = 20_000
_LINES = 3
_ROUNDS = 3
_BAR = 10_000.0


def measure() -> list[Figure]:
    """Resolve three-line claims; reading them from JSON is not counted."""
    resolver = compile_mapping(MAPPING, TARGET_FIELDS, frozenset())
    claims = [ExpenseClaim.model_validate(claim(number, _LINES)) for number in range(1, _CLAIMS + 1)]
    seconds = median(_resolve_all(resolver, claims) for _ in range(_ROUNDS))
    return [at_least("mapping", _CLAIMS / seconds, "claims/s", _BAR)]


def _resolve_all(resolver: CompiledMapping, claims: list[ExpenseClaim]) -> float:
    started = time.perf_counter()
    for number, one in enumerate(claims, start=1):
        resolver.resolve(one, reference="IA" + str(number), number=number)
    return time.perf_counter() - started
