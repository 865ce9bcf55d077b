"""Finance & Operations as an accounting system: what services call, put together from the modules beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from integration_admin.adapters.base import (
    Booked,
    Capabilities,
    Connection,
    Credentials,
    Outcome,
    ReferenceData,
    Voucher,
)
from integration_admin.adapters.dynamics.entra import EntraTokens
from integration_admin.adapters.dynamics.finance_operations.client import ODataClient
from integration_admin.adapters.dynamics.finance_operations.fates import read_fates
from integration_admin.adapters.dynamics.finance_operations.fields import CREDENTIAL_FIELDS
from integration_admin.adapters.dynamics.finance_operations.holdings import read_holdings
from integration_admin.adapters.dynamics.finance_operations.lookup import find
from integration_admin.adapters.dynamics.finance_operations.options import booking, options, origins
from integration_admin.adapters.dynamics.finance_operations.probe import probe
from integration_admin.adapters.dynamics.finance_operations.reference import read_all
from integration_admin.adapters.dynamics.finance_operations.sending import Sending
from integration_admin.adapters.dynamics.finance_operations.targets import TARGET_FIELDS
from integration_admin.adapters.dynamics.finance_operations.vouchers import header, lines, readable, refusal
from integration_admin.adapters.dynamics.finance_operations.web_client import general_journals
from integration_admin.adapters.following import Fate
from integration_admin.adapters.holding import Holding
from integration_admin.adapters.linking import Posted
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.adapters.probing import TEST_SECONDS, in_time
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT
from integration_admin.core.secret import Secret


class FinanceOperationsAdapter:
    """Dynamics 365 Finance & Operations by OData; keeps nothing between calls but tokens.

    `test_seconds` is how long a connection test may take, `send_seconds` how long a send.
    """

    kind = "dynamics_fo"
    label = msg("Microsoft Dynamics 365 Finance & Operations")
    credential_fields = CREDENTIAL_FIELDS
    target_fields = TARGET_FIELDS
    capabilities = Capabilities(
        batch_size=50,
        # A batch may have 5,000 operations; a send of that many would hardly end within its seconds.
        batch_lines=100,
        in_flight=1,
        lookup=True,
        processing_seconds=120.0,
        quiet_seconds=240.0,
        send_seconds=120.0,
        kinds=frozenset({EXPENSE_CLAIM, REIMBURSEMENT}),
        follows_up=True,
    )

    def __init__(
        self,
        http: HTTPClient,
        clock: Clock,
        *,
        test_seconds: float = TEST_SECONDS,
        send_seconds: float = capabilities.send_seconds,
    ) -> None:
        self._http = http
        self._clock = clock
        self._tokens = EntraTokens(http, clock)
        self._test_seconds = test_seconds
        self._send_seconds = send_seconds

    def capabilities_of(self, settings: Mapping[str, str]) -> Capabilities:
        """Return what Finance & Operations can do; no setting changes it."""
        del settings
        return self.capabilities

    def target_origin(self, settings: Mapping[str, str]) -> str:
        """Return the origins of the sign-in and of Finance & Operations, with a space between.

        Raises InvalidInput with a sentence for each setting that is wrong.
        """
        return origins(settings)

    async def test_connection(self, credentials: Credentials) -> Connection:
        """Sign in, name the legal entity, and try out looking up, within ten seconds.

        Whether the app may write shows when something is sent. Raises AuthenticationFailed, AdapterError.
        """
        client = self._client(credentials)
        return await in_time(
            probe(client),
            self._test_seconds,
            msg("Finance & Operations did not answer within ten seconds. Try again in a few minutes."),
        )

    async def reference_data(self, credentials: Credentials) -> ReferenceData:
        """Read every list a field of a voucher refers to. Raises AuthenticationFailed, AdapterError."""
        return await read_all(self._client(credentials))

    def render(self, voucher: Voucher, settings: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return the journal this voucher alone would open, and its lines; the journal's number comes later."""
        how = booking(settings or {})
        return {
            "LedgerJournalHeaders": header([voucher], how),
            "LedgerJournalLines": [readable(line) for line in lines(voucher, how, "")],
        }

    def refusal(self, voucher: Voucher, settings: Mapping[str, str]) -> Outcome | None:
        """Return why this voucher would not even be offered to Finance & Operations, or None."""
        return refusal(voucher, booking(settings))

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Send the vouchers in one journal and return one outcome for each. The rules are in sending.py.

        Raises AuthenticationFailed or AdapterError where what happened holds for the whole batch.
        """
        client = self._client(credentials)
        return await Sending(client, self._clock, self._send_seconds).send(batch)

    async def lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        """Return what is booked under `references`. Raises AuthenticationFailed, AdapterError."""
        return await find(self._client(credentials), references)

    async def fates(self, credentials: Credentials, references: Sequence[str]) -> list[Fate]:
        """Return whether the journals of what was delivered are posted. Raises AuthenticationFailed, AdapterError."""
        return await read_fates(self._client(credentials), references)

    def voucher_address(self, settings: Mapping[str, str], posted: Posted) -> str:
        """Return where the journals of the legal entity are listed. Raises InvalidInput."""
        del posted
        return general_journals(options(settings))

    async def holdings(self, credentials: Credentials, references: Sequence[str]) -> list[Holding]:
        """Return what is there under `references`, and for how much. Raises AuthenticationFailed, AdapterError."""
        return await read_holdings(self._client(credentials), references)

    def _client(self, credentials: Credentials) -> ODataClient:
        """Return a client for stored settings; they were valid when they were stored. Raises AdapterError."""
        try:
            found = options(credentials.settings)
        except InvalidInput as wrong:
            raise AdapterError(wrong.message, Fault.CONFIG, code="settings") from None
        secret = credentials.secrets.get("client_secret") or Secret("")
        return ODataClient(self._http, self._clock, self._tokens, found, Secret(secret.reveal().strip()))
