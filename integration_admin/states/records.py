"""The page where records are searched for and listed."""

from typing import TypedDict
from urllib.parse import quote, urlencode

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, Permission
from integration_admin.services import container
from integration_admin.services.record_search import FoundRecord, RecordQuery
from integration_admin.states.access import requires, shows_now
from integration_admin.states.addresses import asked_words
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech

STATUSES = ("draft", "submitted", "approved", "paid", "completed")


class PlaceLine(TypedDict):
    """Where a record is on its way to one accounting system."""

    integration: str
    state: str
    external_id: str
    voucher_href: str


class RecordLine(TypedDict):
    """One record as a row; `claimant` is empty for whoever may not see people."""

    key: str
    kind: str
    record: str
    href: str
    status: str
    amount: str
    claimant: str
    places: list[PlaceLine]


class RecordsState(FormState, rx.State):
    """What was asked for, and some of the records that answer it."""

    ready: bool = False
    text: str = ""
    status: str = ""
    where: str = ""
    query: str = ""
    """What is asked for, as part of an address; words that may be somebody's name are left out."""
    people: bool = False
    records: list[RecordLine] = []  # noqa: RUF012, Reflex copies defaults
    next_cursor: str = ""
    lately: str = ""

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """List the newest records, or what the address asks for (`?q=`, `?status=`, `?where=`)."""
        asked = asked_words(self.router.url, ("q", "status", "where"))
        self.ready = False
        await self._ask(asked.get("q", ""), asked.get("status", ""), asked.get("where", ""))
        reader = await current_reader()
        lately = await container.current().records.received_lately(reader.actor)
        self.lately = reader.speech.say(lately)
        self.announcement = ""
        self.times_read += 1
        self.ready = True

    @rx.event
    @requires(Permission.VIEW)
    async def search(self, form: dict) -> None:
        """Look for what was typed and chosen."""
        await self._ask(str(form.get("text", "")), str(form.get("status", "")), str(form.get("where", "")))
        await shows_now(self, self.query)

    @rx.event
    @requires(Permission.VIEW)
    async def more(self) -> None:
        """Show what comes after the records shown."""
        if self.next_cursor:
            await self._read()

    async def _ask(self, text: str, status: str, where: str) -> None:
        self.text = text
        self.status = status if status in STATUSES else ""
        self.where = where if where in set(DeliveryState) else ""
        # Browsers and proxies keep addresses, and a name in one would say whose claims somebody looked at.
        words = text.strip() if any(letter.isdigit() for letter in text) else ""
        asked = {"q": words, "status": self.status, "where": self.where}
        self.query = urlencode({name: value for name, value in asked.items() if value})
        self.records, self.next_cursor = [], ""
        await self._read()

    async def _read(self) -> None:
        reader = await current_reader()
        self._clear()
        query = RecordQuery(self.text, self.status, DeliveryState(self.where) if self.where else None)
        try:
            page = await container.current().search.find(reader.actor, query, self.next_cursor)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.people = reader.actor.may(Permission.RUN)
        known = {line["key"] for line in self.records}
        new = [record_line(found, reader.speech) for found in page.records]
        self.records = [*self.records, *(line for line in new if line["key"] not in known)]
        self.next_cursor = page.next_cursor
        self._announce(reader.speech.say(_told(len(self.records), more=bool(page.next_cursor))))


def record_line(found: FoundRecord, speech: Speech) -> RecordLine:
    """Turn a found record into a row."""
    return {
        "key": f"{found.kind}/{found.id}",
        "kind": found.kind,
        "record": found.id,
        "href": record_address(found.kind, found.id),
        "status": found.status,
        "amount": speech.money(found.amount) if found.amount else "",
        "claimant": found.claimant,
        "places": [
            {
                "integration": place.integration_name,
                "state": place.state.value,
                "external_id": place.external_id,
                "voucher_href": place.voucher_url,
            }
            for place in found.places
        ],
    }


def record_address(kind: str, record_id: str) -> str:
    """Return the address of a record's own page."""
    return f"/records/{kind}/{quote(record_id, safe='')}"


def _told(count: int, *, more: bool) -> Message:
    if not count:
        return (
            msg("No record was found so far. Go on searching to look further.")
            if more
            else msg("No record was found.")
        )
    if more:
        return msg("Records shown: {count}. There are more.", count=count)
    return msg("Records shown: {count}.", count=count)
