"""Xledger as an accounting system: what services call, put together from the modules beside this one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import SystemRandom
from typing import Any, TypeVar

from integration_admin.adapters.base import (
    Booked,
    Capabilities,
    Connection,
    Credentials,
    Outcome,
    ReferenceData,
    Voucher,
)
from integration_admin.adapters.following import Fate
from integration_admin.adapters.holding import Holding
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.adapters.probing import TEST_SECONDS, in_time
from integration_admin.adapters.xledger import fields
from integration_admin.adapters.xledger.client import XledgerClient, checked
from integration_admin.adapters.xledger.fates import read_fates
from integration_admin.adapters.xledger.holdings import read_holdings
from integration_admin.adapters.xledger.lookup import find
from integration_admin.adapters.xledger.pace import BURST_LIMIT, Gates, Pace
from integration_admin.adapters.xledger.probe import probe
from integration_admin.adapters.xledger.reference import read_all
from integration_admin.adapters.xledger.sending import Dispatch
from integration_admin.adapters.xledger.vouchers import MAX_NODES, Booking, inputs, refusal
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT

_RANDOM = SystemRandom()


class XledgerAdapter:
    """Xledger by its GraphQL API; keeps nothing between calls but the pace of each token.

    `jitter` returns a float in [0, 1); `test_seconds` is how long a connection test may take.
    """

    kind = "xledger"
    label = msg("Xledger")
    credential_fields = fields.CREDENTIAL_FIELDS
    target_fields = fields.TARGET_FIELDS
    capabilities = Capabilities(
        batch_size=MAX_NODES // 2,
        batch_lines=MAX_NODES,
        in_flight=1,
        lookup=True,
        lookup_size=100,
        quiet_seconds=150.0,
        send_seconds=120.0,
        kinds=frozenset({EXPENSE_CLAIM, REIMBURSEMENT}),
        follows_up=True,
        requests_a_month=fields.USUAL_REQUESTS_A_MONTH,
    )

    def __init__(
        self,
        http: HTTPClient,
        clock: Clock,
        pace: Pace = BURST_LIMIT,
        *,
        jitter: Callable[[], float] = _RANDOM.random,
        test_seconds: float = TEST_SECONDS,
    ) -> None:
        self._http = http
        self._clock = clock
        self._gates = Gates(pace, clock)
        self._jitter = jitter
        self._test_seconds = test_seconds

    def capabilities_of(self, settings: Mapping[str, str]) -> Capabilities:
        """Return what Xledger can do; only how many requests the agreement includes is a setting."""
        return replace(self.capabilities, requests_a_month=fields.requests_a_month(settings))

    def target_origin(self, settings: Mapping[str, str]) -> str:
        """Return the origin of the chosen environment; raises InvalidInput with the field's own sentence."""
        fields.job_level(settings)
        fields.check_requests_a_month(settings)
        return fields.origin(settings)

    async def test_connection(self, credentials: Credentials) -> Connection:
        """Name the entity the token belongs to and check its rights to read, within ten seconds.

        The right to write cannot be tried without writing; it shows when something is sent.
        Raises AuthenticationFailed, AdapterError.
        """
        client = self._client(credentials)
        return await in_time(
            probe(client, self._clock),
            self._test_seconds,
            msg("Xledger did not answer within ten seconds. Try again in a few minutes."),
        )

    async def reference_data(self, credentials: Credentials) -> ReferenceData:
        """Read every list a field of a voucher refers to. Raises AuthenticationFailed, AdapterError."""
        return await read_all(self._client(credentials))

    def render(self, voucher: Voucher, settings: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return the variables of the mutation for this voucher alone.

        Without `settings`, transaction source and job level are the usual ones.
        """
        return {"inputs": inputs(voucher, _booking(settings or {}))}

    def refusal(self, voucher: Voucher, settings: Mapping[str, str]) -> Outcome | None:
        """Return why this voucher would not even be offered to Xledger, or None."""
        del settings
        return refusal(voucher)

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Send the vouchers and return one outcome for each. The rules are in sending.py.

        Raises AuthenticationFailed or AdapterError only when nothing of the batch was processed.
        """
        client = self._client(credentials)
        booking = _valid(_booking, credentials.settings)
        return await Dispatch(client, self._clock, booking, self.capabilities.send_seconds).send(batch)

    async def lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        """Return what Xledger holds under `references`. Raises AuthenticationFailed, AdapterError."""
        return await find(self._client(credentials), references)

    async def fates(self, credentials: Credentials, references: Sequence[str]) -> list[Fate]:
        """Return what became of what Xledger took under `references`. Raises AuthenticationFailed, AdapterError."""
        return await read_fates(self._client(credentials), references)

    async def holdings(self, credentials: Credentials, references: Sequence[str]) -> list[Holding]:
        """Return what is there under `references`, and for how much. Raises AuthenticationFailed, AdapterError."""
        return await read_holdings(self._client(credentials), references)

    def _client(self, credentials: Credentials) -> XledgerClient:
        token = checked(credentials.secrets.get("token"))
        endpoint = _valid(fields.endpoint, credentials.settings)
        gate = self._gates.of(token)
        return XledgerClient(self._http, self._clock, gate, self._jitter, endpoint, token, credentials.meter)


Value = TypeVar("Value")


def _valid(read: Callable[[Mapping[str, str]], Value], settings: Mapping[str, str]) -> Value:
    """Read something from stored settings; they were valid when they were stored. Raises AdapterError."""
    try:
        return read(settings)
    except InvalidInput as wrong:
        raise AdapterError(wrong.message, Fault.CONFIG, code="settings") from None


def _booking(settings: Mapping[str, str]) -> Booking:
    return Booking(fields.transaction_source(settings), fields.job_level(settings))
