"""Sends vouchers in one request and tells of each what became of it, by the table in adapters/answers.py.

A list that was refused as a whole for what it says proves nothing about its single vouchers: where they can
be looked up, those absent go out again by themselves, else they are unknown.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from integration_admin.adapters.answers import Meaning, meaning
from integration_admin.adapters.base import Booked, Outcome, Result, Voucher
from integration_admin.adapters.generic_rest import pointer, reasons
from integration_admin.adapters.generic_rest.client import RESTClient
from integration_admin.adapters.generic_rest.errors import as_unknown, not_taken, rejection
from integration_admin.adapters.generic_rest.lookup import find
from integration_admin.adapters.generic_rest.targets import TARGET_FIELDS
from integration_admin.adapters.generic_rest.template import Template
from integration_admin.adapters.generic_rest.template_values import TARGETS
from integration_admin.adapters.generic_rest.vouchers import body, idempotency_key, refusal
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.wording import scrub
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_MARGIN: Final = 0.5
"""Seconds of a send kept free for writing outcomes down."""
_LAST_START: Final = 2.0
"""Seconds that must be left for another request to begin."""

_UNKNOWN = msg(
    "The accounting system did not say clearly what became of this voucher. It is looked up there later."
)
_NO_TIME = msg("There was no time left to send this in the same go. It goes out in the next one.")


class Sending:
    """One batch on its way."""

    def __init__(self, client: RESTClient, clock: Clock) -> None:
        self._client = client
        self._options = client.options
        self._clock = clock
        self._until = clock.monotonic() + client.options.capabilities.send_seconds - _MARGIN

    async def send(self, batch: Sequence[Voucher]) -> list[Outcome]:
        """Return one outcome for each voucher. Raises AdapterError where one holds for all of them."""
        refused = [outcome for voucher in batch if (outcome := refusal(voucher, self._options.template))]
        settled = {outcome.reference for outcome in refused}
        offered = [voucher for voucher in batch if voucher.reference not in settled]
        return [*refused, *(await self._offer(offered) if offered else ())]

    async def _offer(self, vouchers: Sequence[Voucher]) -> list[Outcome]:
        response = await self._post(vouchers)
        options = self._options
        if response.status in options.success_codes:
            return self._read(vouchers, response)
        means = meaning(
            response.status,
            has_retry_after="retry-after" in response.headers,
            promised=options.wait_promise,
        )
        if means is not Meaning.REJECTED:
            address = options.address(options.send_path).partition("?")[0]
            words = self._client.words_of(response)
            raise not_taken(means, response.status, response.headers, address, self._clock.now(), words)
        if len(vouchers) == 1:
            return [self._rejected(vouchers[0], reasons.decoded(response), response.status)]
        return await self._apart(vouchers)

    async def _post(self, vouchers: Sequence[Voucher]) -> Response:
        options = self._options
        as_list = options.capabilities.batch_size > 1
        content = body(vouchers, as_list=as_list, list_name=options.list_name, template=options.template)
        name = options.idempotency_header
        return await self._client.deliver(
            options.address(options.send_path),
            content,
            {name: idempotency_key(vouchers, content)} if name else {},
            until=self._until,
        )

    def _read(self, vouchers: Sequence[Voucher], response: Response) -> list[Outcome]:
        """Return what an answer of success says of each voucher. Raises AdapterError for one of no use."""
        if len(vouchers) == 1 and (made := self._client.made_at(response)):
            return [Outcome(vouchers[0].reference, Result.DELIVERED, external_id=made)]
        results = self._results(vouchers, response.json())
        return [self._outcome(voucher, results.get(voucher.reference), response) for voucher in vouchers]

    def _results(self, vouchers: Sequence[Voucher], answer: Any) -> Mapping[str, Any]:
        """Return reference -> what the answer says of it; what is said twice or unclearly is left out."""
        where = self._options.pointers
        listed = answer if isinstance(answer, list) else pointer.find(answer, where["results"])
        if not isinstance(listed, list):
            return {vouchers[0].reference: answer} if len(vouchers) == 1 else {}
        named = [pointer.text(result, where["reference"]) for result in listed]
        if not any(named) and len(listed) == len(vouchers):
            named = [voucher.reference for voucher in vouchers]
        times = Counter(named)
        return {name: result for name, result in zip(named, listed, strict=True) if times[name] == 1}

    def _outcome(self, voucher: Voucher, result: Any, response: Response) -> Outcome:
        where = self._options.pointers
        status = pointer.text(result, where["status"]).strip()
        if status.casefold() == self._options.rejected_status.casefold():
            return self._rejected(voucher, result, response.status)
        external_id = self._client.id_in(result)
        said = pointer.text(result, where["reference"])
        if (
            said in {"", voucher.reference}
            and meaning(response.status, has_id=bool(external_id)) is Meaning.TAKEN
        ):
            return Outcome(voucher.reference, Result.DELIVERED, external_id=external_id)
        return _unknown(voucher)

    def _rejected(self, voucher: Voucher, result: Any, status: int) -> Outcome:
        where = self._options.pointers
        words = reasons.reason(result, where)
        path = pointer.text(result, where["field"]) or pointer.text(result, "/field")
        return Outcome(
            voucher.reference,
            Result.REJECTED,
            message=rejection(scrub(words, *self._client.shown_to_nobody), status),
            fault=Fault.CONFIG,
            field=_field(path, self._options.template),
        )

    async def _apart(self, vouchers: Sequence[Voucher]) -> list[Outcome]:
        """Settle a list that was refused as a whole; it was answered, so nothing is still under way."""
        if not self._options.lookup_path:
            return [_unknown(voucher) for voucher in vouchers]
        booked = await self._booked(vouchers)
        outcomes = [
            _found(voucher, booked[voucher.reference]) for voucher in vouchers if voucher.reference in booked
        ]
        absent = [voucher for voucher in vouchers if voucher.reference not in booked]
        for place, voucher in enumerate(absent):
            if self._clock.monotonic() + _LAST_START > self._until:
                return [*outcomes, *_left(absent[place:], _NO_TIME, Fault.TRANSIENT)]
            try:
                outcomes += await self._offer([voucher])
            except AdapterError as error:
                outcomes.append(_failed(voucher, error))
                rest = Fault.TRANSIENT if error.fault not in _NOT_PROCESSED else error.fault
                return [*outcomes, *_left(absent[place + 1 :], error.message, rest)]
        return outcomes

    async def _booked(self, vouchers: Sequence[Voucher]) -> dict[str, Booked]:
        """Return what the far side has of a refused list; not knowing it leaves everything unclear."""
        seconds = max(self._until - self._clock.monotonic(), 0.001)
        try:
            found = await find(self._client, [voucher.reference for voucher in vouchers], deadline=seconds)
        except AdapterError as error:
            raise as_unknown(error) from None
        return {item.reference: item for item in found}


_NOT_PROCESSED = frozenset({Fault.CONFIG, Fault.TRANSIENT, Fault.RATE_LIMITED})
_FIELDS: Final = {
    **{field.name: field.name for field in TARGET_FIELDS},
    "credit": "credit_account",
    "date": "posted_date",
}
"""The far side's name of a part of the body -> our target field."""


def _field(path: str, template: Template | None) -> str:
    """Return the target field a path such as `lines[0].account` or `/credit/account` is about, if any."""
    steps = [step for step in re.split(r"[./\[\]]+", path) if step]
    if not steps:
        return ""
    if template is not None:
        name = template.names.get(steps[-1], "")
        name = TARGETS.get(name, name)
        return name if name in _FIELDS else ""
    on_the_voucher = _FIELDS.get(steps[0])
    return on_the_voucher if on_the_voucher and steps[-1] != "party" else _FIELDS.get(steps[-1], "")


def _unknown(voucher: Voucher) -> Outcome:
    return Outcome(voucher.reference, Result.UNKNOWN, message=_UNKNOWN, fault=Fault.UNKNOWN_OUTCOME)


def _found(voucher: Voucher, booked: Booked) -> Outcome:
    if booked.count == 1:
        return Outcome(voucher.reference, Result.DELIVERED, external_id=booked.external_id)
    return _unknown(voucher)


def _failed(voucher: Voucher, error: AdapterError) -> Outcome:
    """Return the outcome of the voucher a request of its own failed for."""
    was_processed = error.fault not in _NOT_PROCESSED
    return Outcome(
        voucher.reference,
        Result.UNKNOWN if was_processed else Result.NOT_SENT,
        message=error.message,
        fault=Fault.UNKNOWN_OUTCOME if was_processed else error.fault,
        retry_after=error.retry_after,
    )


def _left(vouchers: Sequence[Voucher], message: Message, fault: Fault) -> Iterator[Outcome]:
    for voucher in vouchers:
        yield Outcome(voucher.reference, Result.NOT_SENT, message=message, fault=fault)
