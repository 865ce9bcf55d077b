"""Times, amounts and sentences in the words of whoever reads them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from integration_admin.core.actor import actor_label
from integration_admin.core.figures import LOCALES, Figure, written_day
from integration_admin.core.messages import Message
from integration_admin.core.money import Money

_INSTANTS = {
    "nb": "EEEE d. MMMM y 'kl.'\N{NO-BREAK SPACE}HH:mm",
    "nn": "EEEE d. MMMM y 'kl.'\N{NO-BREAK SPACE}HH:mm",
    "en": "EEEE d MMMM y, HH:mm",
}


@dataclass(frozen=True, slots=True)
class Speech:
    """One reader's language and time zone."""

    language: str
    time_zone: str

    def say(self, message: Message | None) -> str:
        """Return a sentence, or nothing for none."""
        return message.translate(self.language) if message else ""

    def pieces(self, message: Message | None) -> list[tuple[str, bool]]:
        """Return a sentence in parts, each with whether it is another system's own English words."""
        return message.pieces(self.language) if message else []

    def person(self, name: str) -> str:
        """Return who did something: a member's name as it is, the program's own parts in the reader's words."""
        label = actor_label(name)
        return label if isinstance(label, str) else self.say(label)

    def instant(self, at: datetime | None) -> str:
        """Return a date with its weekday and time, or nothing for none."""
        if at is None:
            return ""
        form = _INSTANTS[self.language]
        return format_datetime(at, form, ZoneInfo(self.time_zone), locale=LOCALES[self.language])

    def day(self, at: date | None) -> str:
        """Return a date in words; that of an instant is the one where the reader is. Nothing for none."""
        if at is None:
            return ""
        day = at.astimezone(ZoneInfo(self.time_zone)).date() if isinstance(at, datetime) else at
        return written_day(day, self.language)

    def write(self, value: str | Message | Figure | Money) -> str:
        """Return a value in the reader's words and figures."""
        match value:
            case Message():
                return self.say(value)
            case Figure():
                return value.written(self.language)
            case Money():
                return self.money(value)
        return value

    def money(self, money: Money) -> str:
        """Return an amount with its currency, which goes to the next line where there is little room.

        Held together they would be broken all the same on a narrow phone, in the middle of the currency.
        """
        return format_currency(
            Decimal(money.decimal()), money.currency, "#,##0.00 ¤¤", LOCALES[self.language]
        )

    def number(self, number: int) -> str:
        """Return a count with the language's own grouping."""
        return format_decimal(number, locale=LOCALES[self.language])

    def duration(self, seconds: float | None) -> str:
        """Return a length of time in its two largest units, or nothing for none."""
        if seconds is None:
            return ""
        hours, rest = divmod(max(1, round(seconds)), 3600)
        parts = zip(("hour", "minute", "second"), (hours, *divmod(rest, 60)), strict=True)
        said = [
            format_unit(count, f"duration-{unit}", "long", locale=LOCALES[self.language])
            for unit, count in parts
            if count
        ]
        return " ".join(said[:2])
