"""Makes a purchase invoice of a claim in another currency, once, and tells what became of it.

The rules. Business Central takes drafts with the same number twice, so before anything is written the invoice
is asked for, and every step is decided by what is there: nothing, a draft of ours that is not complete, all of
it, or something else, which is for a person. A draft that cannot be completed is deleted again. Trouble after
anything was written leaves the claim unknown; a lookup then takes an incomplete draft for absent, and the next
send completes it.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

from integration_admin.adapters.base import CURRENCY, Outcome, Result, Voucher
from integration_admin.adapters.dynamics.business_central import invoices, refusals
from integration_admin.adapters.dynamics.business_central.batch import MOST, Operation, Refusal
from integration_admin.adapters.dynamics.business_central.client import BATCH_SECONDS, BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.currencies import Currencies
from integration_admin.adapters.dynamics.business_central.dimensions import groups
from integration_admin.adapters.dynamics.business_central.errors import Said, as_fault, said, unclear
from integration_admin.adapters.dynamics.business_central.held_invoices import (
    Invoice,
    dimensions_of,
    invoices_of,
)
from integration_admin.adapters.dynamics.business_central.invoice_posting import post
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.business_central.vouchers import wanted_dimensions
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_STEPS: Final = 5
"""Draft, lines, dimensions, and the look that finds nothing missing; one more than it takes."""
_MAY_NOT: Final = frozenset({"permission", "Application_DialogException"})
"""How a question for invoices is refused to an app without the right to them; the page has a check of its own."""


Answer = TypeVar("Answer")


class Invoicing:
    """The claims of one send that become purchase invoices, one after another, for as long as `until`."""

    def __init__(self, client: BusinessCentralClient, place: Place, until: float) -> None:
        self._client = client
        self._place = place
        self._until = until
        self._currencies = Currencies(client, place)
        self._has_written = False

    async def settle(self, voucher: Voucher) -> Outcome:
        """Return what became of one claim. Raises AdapterError, whose fault tells whether anything was written."""
        self._has_written = False
        try:
            async with asyncio.timeout(max(self._until - self._client.clock.monotonic(), 0.001)):
                return await self._settled(voucher)
        except TimeoutError:
            # Nobody knows what it was waiting for; a lookup does no harm where nothing was written.
            raise unclear(200, Said()) from None
        except AdapterError as error:
            if self._has_written:
                raise as_fault(error, Fault.UNKNOWN_OUTCOME) from None
            if error.code in _MAY_NOT:
                return _rejected(voucher, _no_right())
            raise

    async def _settled(self, voucher: Voucher) -> Outcome:
        for _ in range(_STEPS):
            found = await self._found(voucher)
            if len(found) > 1:
                return _several(voucher, found)
            invoice = found[0] if found else None
            if invoice is None and (problem := await self._asked(self._currencies.problem(voucher))):
                return _rejected(voucher, problem)._replace(field=CURRENCY)
            if invoice is not None and not invoice.is_posted and not invoices.fits(voucher, invoice):
                return _different(voucher, invoice)
            missing = await self._missing(voucher, invoice)
            if invoice is not None and not missing:
                return await self._finished(voucher, invoice)
            refused = await self._write(voucher, invoice, missing)
            if refused is not None:
                return refused
        raise unclear(200, Said())

    async def _missing(self, voucher: Voucher, invoice: Invoice | None) -> list[Operation]:
        """Return the next step's operations, none where nothing is missing. Raises AdapterError."""
        if invoice is None:
            return [invoices.creation(voucher, self._place)]
        if invoice.is_whole:
            return []
        if not invoice.costs:
            return invoices.additions(voucher, invoice, self._place)
        codes = self._client.options.dimensions
        there = {}
        if any(wanted_dimensions(line, codes) for line in voucher.lines):
            there = await self._asked(dimensions_of(self._client, self._place, invoice))
        return invoices.completion(voucher, invoice, self._place, codes, there)

    async def _write(
        self, voucher: Voucher, invoice: Invoice | None, operations: list[Operation]
    ) -> Outcome | None:
        """Carry out a step; return the outcome where it was refused. Raises AdapterError."""
        for group in groups([operations], MOST):
            refusal = await self._batch(group)
            if refusal is not None:
                return await self._refused(voucher, invoice, refusal, group)
            self._has_written = True
        return None

    async def _batch(self, operations: Sequence[Operation]) -> Refusal | None:
        """Send one transaction; return why nothing of it was written, None when all was. Raises AdapterError."""
        until = min(self._until, self._client.clock.monotonic() + BATCH_SECONDS)
        reply = await self._client.batch(operations, until=until)
        if reply.bodies is None and reply.refusal is None:
            raise unclear(200, Said())
        return reply.refusal

    async def _refused(
        self, voucher: Voucher, invoice: Invoice | None, refusal: Refusal, group: Sequence[Operation]
    ) -> Outcome:
        """Reject a claim after its draft was deleted, where there is one. Raises AdapterError."""
        told = said(refusal.body, *self._client.secrets)
        problem = refusals.not_about_vouchers(refusal, told, self._client.context)
        if problem is not None:
            raise problem
        operation = group[refusal.place] if refusal.place is not None else None
        outcome = refusals.rejected(voucher, refusal, told, operation, self._client.options.dimensions)
        if invoice is None:
            return outcome._replace(field=_field_of_header(told, outcome.field))
        removal = Operation(voucher.reference, "DELETE", invoices.path_of(invoice, self._place))
        kept = await self._batch([removal])
        self._has_written = True
        if kept is not None and kept.status != 404:
            return _half(voucher, invoice, outcome.message)
        return outcome

    async def _finished(self, voucher: Voucher, invoice: Invoice) -> Outcome:
        """Settle a claim all of which is there; a draft is posted where the administrator wants that."""
        delivered = Outcome(voucher.reference, Result.DELIVERED, external_id=invoice.number)
        if invoice.is_posted or not self._client.options.posting:
            return delivered
        path = invoices.path_of(invoice, self._place)
        return await post(self._client, path, delivered, until=self._until)

    async def _found(self, voucher: Voucher) -> list[Invoice]:
        found = await self._asked(invoices_of(self._client, self._place, [voucher.reference]))
        return found.get(voucher.reference, [])

    @staticmethod
    async def _asked(question: Awaitable[Answer]) -> Answer:
        """Return the answer to a question; losing it means that nothing was sent. Raises AdapterError."""
        try:
            return await question
        except AdapterError as error:
            if error.fault is not Fault.UPSTREAM:
                raise
            raise as_fault(error, Fault.TRANSIENT) from None


def _field_of_header(told: Said, guessed: str) -> str:
    """Return the target field a refused draft is about; empty where that is not clear, and never a line's account."""
    if "vendor" in told.words.lower():
        return "vendor"
    return guessed if guessed != "account" else ""


def _rejected(voucher: Voucher, message: Message) -> Outcome:
    return Outcome(voucher.reference, Result.REJECTED, message=message, fault=Fault.CONFIG)


def _for_a_person(voucher: Voucher, message: Message) -> Outcome:
    return Outcome(voucher.reference, Result.NEEDS_PERSON, message=message, fault=Fault.UPSTREAM)


def _no_right() -> Message:
    return msg(
        "Claims in another currency become purchase invoices, and the app may not use those in Business Central, or"
        " the list of currencies. Search there for Microsoft Entra applications, open the app, and give it"
        " permission sets for them."
    )


def _several(voucher: Voucher, found: Sequence[Invoice]) -> Outcome:
    return _for_a_person(
        voucher,
        msg(
            "Business Central has several purchase invoices of this voucher: {invoices}. Keep one of them there.",
            invoices=", ".join(invoice.number for invoice in found),
        ),
    )


def _different(voucher: Voucher, invoice: Invoice) -> Outcome:
    return _for_a_person(
        voucher,
        msg(
            "Business Central has a purchase invoice of this voucher already, {invoice}, with another vendor,"
            " currency, account or amount. Look at it there before anything is sent again.",
            invoice=invoice.number,
        ),
    )


def _half(voucher: Voucher, invoice: Invoice, reason: Message | None) -> Outcome:
    return _for_a_person(
        voucher,
        msg(
            "The purchase invoice {invoice} is a draft in Business Central that is not complete: {reason} Delete it"
            " there before the claim is sent again.",
            invoice=invoice.number,
            reason=reason or "",
        ),
    )
