"""Business Central as an accounting system: what services call, put together from the modules beside this one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from integration_admin.adapters.base import (
    Booked,
    Capabilities,
    Connection,
    Credentials,
    Outcome,
    ReferenceData,
    Voucher,
)
from integration_admin.adapters.dynamics.business_central import fields, invoices
from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient, Means
from integration_admin.adapters.dynamics.business_central.currencies import known_steps
from integration_admin.adapters.dynamics.business_central.fates import read_fates
from integration_admin.adapters.dynamics.business_central.foreign import is_foreign
from integration_admin.adapters.dynamics.business_central.holdings import read_holdings
from integration_admin.adapters.dynamics.business_central.lookup import find
from integration_admin.adapters.dynamics.business_central.options import (
    IN_FLIGHT,
    SEND_SECONDS,
    capabilities,
    options,
)
from integration_admin.adapters.dynamics.business_central.place import Places
from integration_admin.adapters.dynamics.business_central.probe import probe
from integration_admin.adapters.dynamics.business_central.reference import read_all
from integration_admin.adapters.dynamics.business_central.rules import CompanyRules
from integration_admin.adapters.dynamics.business_central.sending import Dispatch
from integration_admin.adapters.dynamics.business_central.vouchers import refusal, shown
from integration_admin.adapters.dynamics.business_central.web_client import ledger_entries
from integration_admin.adapters.dynamics.entra import EntraTokens
from integration_admin.adapters.following import Fate
from integration_admin.adapters.holding import Holding
from integration_admin.adapters.linking import Posted
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.adapters.pace import Gates, Pace
from integration_admin.adapters.probing import TEST_SECONDS, in_time
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.core.secret import Secret

USER_LIMIT: Final = Pace(requests=100, seconds=5.0, at_once=IN_FLIGHT)
"""Microsoft's limit of 6,000 requests in 5 minutes and 5 at the same time for one app, spread evenly: whatever
keeps to a hundred in any 5 seconds keeps to 6,000 in any 300."""
_USUAL_CURRENCY: Final = "NOK"


class BusinessCentralAdapter:
    """Business Central by its API v2.0; keeps between calls the tokens, each app's pace, and where journals are.

    `request_id` returns what a request is called in Microsoft's own logs; `test_seconds` is how long a
    connection test may take.
    """

    kind = "dynamics_bc"
    label = msg("Microsoft Dynamics 365 Business Central")
    credential_fields = fields.CREDENTIAL_FIELDS
    target_fields = fields.TARGET_FIELDS
    capabilities: Capabilities = capabilities({})

    def __init__(
        self,
        http: HTTPClient,
        clock: Clock,
        pace: Pace = USER_LIMIT,
        *,
        request_id: Callable[[], UUID] = uuid4,
        test_seconds: float = TEST_SECONDS,
    ) -> None:
        self._means = Means(http, clock, EntraTokens(http, clock), request_id)
        self._gates = Gates(pace, clock)
        self._places = Places()
        self._test_seconds = test_seconds

    def capabilities_of(self, settings: Mapping[str, str]) -> Capabilities:
        """Return what these settings allow. Raises InvalidInput for a number that makes no sense."""
        return capabilities(settings)

    def target_origin(self, settings: Mapping[str, str]) -> str:
        """Return the origin of the interface, and that of the sign-in where it is another one.

        Raises InvalidInput with a sentence for each setting that is wrong.
        """
        return options(settings).origins

    async def test_connection(self, credentials: Credentials) -> Connection:
        """Sign in, name the company, and find or create its journal, within ten seconds.

        Where no company or a wrong one is chosen, what is returned lists the companies instead. Raises
        AuthenticationFailed, which tells a missing consent from an app Business Central does not know; AdapterError.
        """
        client = self._client(credentials)
        return await in_time(
            probe(client, self._places),
            self._test_seconds,
            msg("Business Central did not answer within ten seconds. Try again in a few minutes."),
        )

    async def reference_data(self, credentials: Credentials) -> ReferenceData:
        """Read every list a field of a voucher refers to. Raises AuthenticationFailed, AdapterError."""
        client = self._client(credentials)
        return await read_all(client, await self._places.company(client))

    def render(self, voucher: Voucher, settings: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return the journal lines or the purchase invoice this voucher is sent as, amounts as text with all digits.

        Without `settings`, no dimensions are known. A company that was not reached yet is taken to keep its
        accounts in kroner.
        """
        found = options(settings) if settings else None
        dimensions = found.dimensions if found else ()
        currency = (self._places.currency(found) if found else "") or _USUAL_CURRENCY
        if voucher.kind == EXPENSE_CLAIM and is_foreign(voucher, currency):
            return invoices.shown(voucher, dimensions)
        return shown(voucher, dimensions)

    def refusal(self, voucher: Voucher, settings: Mapping[str, str]) -> Outcome | None:
        """Return why this voucher would not even be offered to Business Central, or None. Raises InvalidInput.

        The company's currency and its open periods are not known without asking; see `rules`.
        """
        chosen = options(settings)
        return refusal(voucher, None, chosen.dimensions, posts=chosen.posting)

    async def rules(self, credentials: Credentials) -> CompanyRules:
        """Return rules that know the company's currencies and open periods. Raises AuthenticationFailed, AdapterError."""
        client = self._client(credentials)
        self._places.forget(client)
        place = await self._places.of(client)
        return CompanyRules(place, await known_steps(client, place))

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Send the vouchers, as journal lines or invoices, and return one outcome for each, as sending.py rules.

        Raises AuthenticationFailed or AdapterError only when nothing of the batch was processed.
        """
        client = self._client(credentials)
        return await Dispatch(client, self._means.clock, self._places, SEND_SECONDS).send(batch)

    async def lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        """Return what is in the journal, an invoice or posted under `references`.

        Raises AuthenticationFailed, AdapterError.
        """
        client = self._client(credentials)
        return await find(client, await self._places.of(client), references)

    async def fates(self, credentials: Credentials, references: Sequence[str]) -> list[Fate]:
        """Return which vouchers wait to be posted and which are. Raises AuthenticationFailed, AdapterError."""
        client = self._client(credentials)
        return await read_fates(client, await self._places.of(client), references)

    def voucher_address(self, settings: Mapping[str, str], posted: Posted) -> str:
        """Return where the ledger entries of a posted voucher are shown in the web client. Raises InvalidInput."""
        return ledger_entries(options(settings), posted)

    async def holdings(self, credentials: Credentials, references: Sequence[str]) -> list[Holding]:
        """Return what is there under `references`, and for how much. Raises AuthenticationFailed, AdapterError."""
        client = self._client(credentials)
        return await read_holdings(client, await self._places.of(client), references)

    def _client(self, credentials: Credentials) -> BusinessCentralClient:
        """Return a client for stored settings; they were valid when they were stored. Raises AdapterError."""
        try:
            found = options(credentials.settings)
        except InvalidInput as wrong:
            raise AdapterError(wrong.message, Fault.CONFIG, code="settings") from None
        sign_in = found.sign_in
        gate = self._gates.of(f"{sign_in.authority}\n{sign_in.tenant}\n{sign_in.client_id}")
        secret = credentials.secrets.get("client_secret") or Secret("")
        return BusinessCentralClient(self._means, gate, found, secret)
