"""The accounts of the categories as a CSV file on the mapping page: taken out, and read into the form."""

from collections.abc import Mapping

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.mapping_form import CategoryRow
from integration_admin.services.value_map_csv import MOST_FILE, MOST_PACKED
from integration_admin.services.value_map_rows import CATEGORIES_FIELD, CODE_FIELD, one_account
from integration_admin.states.access import requires
from integration_admin.states.addresses import shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.mapping import MappingState
from integration_admin.states.mapping_lines import CategoryLine, category_line
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech

__all__ = ["CATEGORIES_FIELD", "CODE_FIELD", "MOST_FILE", "MOST_PACKED", "ValueMapState"]

_SHOWN = 20
_FILE = msg("accounts.csv")


class ValueMapState(FormState, rx.State):
    """What reading a file has led to."""

    told: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """What was filled in; it takes the focus each time."""
    faults: list[str] = []  # noqa: RUF012, Reflex copies defaults
    more: str = ""
    """How many faults are not listed, in a sentence."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Begin with nothing read."""
        await self._begin()

    @rx.event
    @requires(Permission.CONFIGURE)
    async def download(self) -> rx.event.EventSpec | None:
        """Hand out the file of what is saved."""
        reader = await current_reader()
        self._clear()
        mapping = await self.get_state(MappingState)
        if not mapping.ready:
            return None
        try:
            whole = await container.current().value_maps.export(
                reader.actor, shown_id(mapping.integration_id), reader.speech.language
            )
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        return rx.download(data=whole, filename=reader.speech.say(_FILE), mime_type="text/csv")

    @rx.event
    @requires(Permission.CONFIGURE)
    async def read(self, form: dict) -> None:
        """Fill the form in from a file without a fault; nothing is saved before the form is."""
        reader, mapping = await current_reader(), await self._begin()
        if not mapping.ready:
            return
        packed = str(form.get("value_map_file", ""))
        try:
            _check(packed)
            reading = await container.current().value_maps.read(reader.actor, packed)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        if reading.faults:
            self.faults = [reader.speech.say(fault) for fault in reading.faults[:_SHOWN]]
            self.times_told += 1
            hidden = len(reading.faults) - _SHOWN
            more = msg("Further lines with something wrong: {count}.", count=reader.speech.number(hidden))
            self.more = reader.speech.say(more) if hidden > 0 else ""
            return
        count = reader.speech.number(len(reading.values))
        told = msg("Accounts filled in from the file: {count}. Look them over, and save.", count=count)
        self._fill_in(mapping, reading.values, told, reader.speech)

    @rx.event
    @requires(Permission.CONFIGURE)
    async def assign(self, form: dict) -> None:
        """Fill one account in for every category that is ticked; nothing is saved before the form is."""
        reader, mapping = await current_reader(), await self._begin()
        if not mapping.ready:
            return
        names = [_category_of(line) for line in mapping.categories]
        ticked = [_category_of(line) for line in mapping.categories if form.get(f"bulk:{line['name']}")]
        try:
            values = one_account(reader.actor, str(form.get(CODE_FIELD, "")), ticked, names)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        done = msg("Accounts filled in: {count}. Look them over, and save.", count=len(values))
        self._fill_in(mapping, values, done, reader.speech)

    async def _begin(self) -> MappingState:
        """Forget what was told before; return the form that is to be filled in."""
        self._clear()
        self.told, self.faults, self.more = [], [], ""
        return await self.get_state(MappingState)

    def _fill_in(
        self, mapping: MappingState, values: Mapping[str, str], told: Message, speech: Speech
    ) -> None:
        _fill(mapping, values, speech)
        self.times_read += 1
        self.told = [speech.say(told)]
        self.times_told += 1


def _category_of(line: CategoryLine) -> str:
    return line["name"].split(":", 2)[2]


def _fill(mapping: MappingState, values: Mapping[str, str], speech: Speech) -> None:
    """Put accounts into the form: each named one anew, whatever is typed there, and new categories at the end."""
    left, target = dict(values), mapping.mapped_by_category
    lines: list[CategoryLine] = []
    for line in mapping.categories:
        category = _category_of(line)
        if category in left:
            lines.append(
                category_line(
                    CategoryRow(target, category, left.pop(category), suggested=False),
                    speech,
                    "" if line["suggested"] else line["account"],
                    line["drawn"] + 1,
                )
            )
        else:
            lines.append(CategoryLine(**line))
    rows = [CategoryRow(target, category, code, suggested=False) for category, code in left.items()]
    mapping.categories = [*lines, *(category_line(row, speech, drawn=1) for row in rows)]


def _check(packed: str) -> None:
    """Raise InvalidInput unless a file was chosen."""
    if not packed:
        sentence = msg("Choose a file first.")
        raise InvalidInput(sentence, fields={"value_map_file": sentence})
