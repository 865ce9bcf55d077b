"""A REST interface as an accounting system: what services call, put together from the modules beside this one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from integration_admin.adapters.base import (
    Booked,
    Capabilities,
    Connection,
    Credentials,
    Outcome,
    ReferenceData,
    TargetField,
    Voucher,
)
from integration_admin.adapters.client_certificate import ClientCertificate, ReadCertificates
from integration_admin.adapters.descriptions import Proposal
from integration_admin.adapters.generic_rest import fields, openapi, pointer
from integration_admin.adapters.generic_rest.client import RESTClient
from integration_admin.adapters.generic_rest.holdings import read_holdings
from integration_admin.adapters.generic_rest.lookup import find
from integration_admin.adapters.generic_rest.options import (
    KINDS,
    MOST_IN_BATCH,
    MOST_IN_FLIGHT,
    capabilities,
    options,
    origin,
)
from integration_admin.adapters.generic_rest.reference import read_all
from integration_admin.adapters.generic_rest.rules import ruled
from integration_admin.adapters.generic_rest.sending import Sending
from integration_admin.adapters.generic_rest.sign_in_fields import MUTUAL_TLS
from integration_admin.adapters.generic_rest.targets import TARGET_FIELDS
from integration_admin.adapters.generic_rest.tokens import Tokens
from integration_admin.adapters.generic_rest.vouchers import encoded, record, refusal
from integration_admin.adapters.holding import Holding
from integration_admin.adapters.linking import Posted, filled
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.adapters.probing import TEST_SECONDS, in_time
from integration_admin.adapters.wording import scrub
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret

_ANSWER_SECONDS: Final = 8.5
"""Less than the whole test may take, so that the client, which knows what stalls, says so first."""
_NEVER_USED: Final = "IACONNECTIONTEST"


class GenericRESTAdapter:
    """Any REST interface that takes vouchers as JSON; keeps nothing between calls but OAuth tokens.

    `test_seconds` is how long a connection test may take.
    """

    kind = "generic_rest"
    label = msg("Another system (REST)")
    credential_fields = fields.CREDENTIAL_FIELDS
    target_fields = TARGET_FIELDS
    capabilities = Capabilities(
        batch_size=MOST_IN_BATCH,
        in_flight=MOST_IN_FLIGHT,
        lookup=True,
        processing_seconds=30.0,
        quiet_seconds=60.0,
        send_seconds=30.0,
        kinds=KINDS,
    )

    def __init__(self, http: HTTPClient, clock: Clock, *, test_seconds: float = TEST_SECONDS) -> None:
        self._http = http
        self._clock = clock
        self._tokens = Tokens(http, clock)
        self._certificates = ReadCertificates()
        self._test_seconds = test_seconds

    def capabilities_of(self, settings: Mapping[str, str]) -> Capabilities:
        """Return what these settings allow. Raises InvalidInput for a number that makes no sense."""
        return capabilities(settings)

    def target_fields_of(self, settings: Mapping[str, str]) -> tuple[TargetField, ...]:
        """Return the fields of a voucher under the rules in the settings. Raises InvalidInput."""
        return ruled(settings)

    def target_origin(self, settings: Mapping[str, str]) -> str:
        """Return the origin of the address, and that of the tokens where it is another one.

        Raises InvalidInput with a sentence for each setting that is wrong.
        """
        return origin(settings)

    async def test_connection(self, credentials: Credentials) -> Connection:
        """Sign in, name the company, and try out looking up, within ten seconds.

        Whether the credentials may book shows when something is sent. Raises AuthenticationFailed,
        AdapterError.
        """
        client = self._client(credentials)
        return await in_time(
            _probe(client),
            self._test_seconds,
            msg("The accounting system did not answer within ten seconds. Try again in a few minutes."),
        )

    async def reference_data(self, credentials: Credentials) -> ReferenceData:
        """Read the list of accounts, where the settings name one. Raises AuthenticationFailed, AdapterError."""
        return await read_all(self._client(credentials))

    def render(self, voucher: Voucher, settings: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return the object this voucher is sent as, by the form in the settings. Raises Unfit, InvalidInput."""
        found = options(settings) if settings and settings.get("body") else None
        if found is None or found.template is None:
            return record(voucher)
        shown: dict[str, Any] = json.loads(encoded(voucher, found.template))
        return shown

    def refusal(self, voucher: Voucher, settings: Mapping[str, str]) -> Outcome | None:
        """Return why this voucher would not even be offered, or None. Raises InvalidInput."""
        return refusal(voucher, options(settings).template)

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Send the vouchers in one request and return one outcome for each. The rules are in sending.py.

        Raises AuthenticationFailed or AdapterError where what happened holds for the whole batch.
        """
        return await Sending(self._client(credentials), self._clock).send(batch)

    async def lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        """Return what is booked under `references`. Raises AuthenticationFailed, AdapterError."""
        return await find(self._asking(credentials), references)

    async def holdings(self, credentials: Credentials, references: Sequence[str]) -> list[Holding]:
        """Return what is there under `references`, and for how much. Raises AuthenticationFailed, AdapterError."""
        return await read_holdings(self._asking(credentials), references)

    def voucher_address(self, settings: Mapping[str, str], posted: Posted) -> str:
        """Return the address the settings' own form makes of a voucher, if they have one. Raises InvalidInput."""
        return filled(options(settings).voucher_link, posted)

    async def fetch_description(self, url: str) -> bytes:
        """Read an OpenAPI description from an address, of 5 MB at the most. Raises AdapterError."""
        return await openapi.fetch(self._http, url)

    def propose(self, description: bytes, *, address: str = "", operation: str = "") -> Proposal:
        """Return the settings an OpenAPI description suggests. Raises InvalidInput."""
        return openapi.propose(description, address=address, operation=operation)

    def _asking(self, credentials: Credentials) -> RESTClient:
        """Return a client where vouchers can be looked up. Raises AdapterError."""
        client = self._client(credentials)
        if not client.options.lookup_path:
            raise AdapterError(
                msg("This accounting system cannot be asked what became of a voucher."),
                Fault.CONFIG,
                code="no_lookup",
            )
        return client

    def _client(self, credentials: Credentials) -> RESTClient:
        """Return a client for stored settings; they were valid when they were stored. Raises AdapterError."""
        try:
            found = options(credentials.settings)
        except InvalidInput as wrong:
            raise AdapterError(wrong.message, Fault.CONFIG, code="settings") from None
        secrets = credentials.secrets
        certificate = self._certificate(secrets) if found.authentication == MUTUAL_TLS else None
        return RESTClient(self._http, self._clock, self._tokens, found, secrets, certificate)

    def _certificate(self, secrets: Mapping[str, Secret]) -> ClientCertificate:
        return self._certificates.read(
            secrets.get("client_certificate"),
            secrets.get("client_key"),
            secrets.get("client_key_passphrase"),
            self._clock.now(),
        )


async def _probe(client: RESTClient) -> Connection:
    """Return whom the credentials reach. Looks up what was never sent, as the export will."""
    found = client.options
    answer, _ = await client.read(found.address(found.test_path), deadline=_ANSWER_SECONDS)
    if found.lookup_path:
        await find(client, [_NEVER_USED], deadline=_ANSWER_SECONDS)
    named = scrub(pointer.text(answer, found.pointers["entity"]), *client.shown_to_nobody)
    return Connection(named or urlsplit(found.base).netloc)
