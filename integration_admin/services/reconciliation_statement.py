"""The statement an auditor is given: a comparison as an accessible PDF (PDF/UA-1), in the reader's language.

The layout is in reconciliation_statement.typ, which gets all texts as data and reads none of them as markup.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import typst
from babel.dates import format_datetime, get_timezone_name

from integration_admin.core.actor import actor_label
from integration_admin.core.figures import LOCALES, written_amount, written_count
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.services.reconciliation_compare import CurrencyTotal
from integration_admin.services.reconciliation_report import (
    FINDINGS,
    About,
    LineView,
    ReconciliationView,
    month,
)

_LAYOUT: Final = (Path(__file__).parent / "reconciliation_statement.typ").read_bytes()
_MOMENTS: Final = {"nb": "d. MMMM y 'kl.' HH:mm", "nn": "d. MMMM y 'kl.' HH:mm", "en": "d MMMM y, HH:mm"}
_REGIONS: Final = {"nb": "NO", "nn": "NO", "en": "GB"}
_METHOD: Final = (
    msg(
        "Compared is every voucher last sent in the month, as it was delivered when the comparison began. The"
        " accounting system was asked for each of them by the reference it was sent with, and for vouchers under"
        " references of records that were not delivered. Nothing was changed there."
    ),
    msg(
        "Each voucher's currency and amount here is what was sent. Each one's there is what the accounting system"
        " told when it was asked. Sums are added up by currency without rounding."
    ),
    msg("What is not known yet to have been delivered counts on neither side."),
)


def statement_pdf(view: ReconciliationView, lines: Sequence[LineView], language: str) -> bytes:
    """Return the statement of a finished comparison; `lines` are the vouchers it lists."""
    data = json.dumps(_Writer(view, language).data(lines), ensure_ascii=False)
    made = typst.compile(_LAYOUT, format="pdf", sys_inputs={"data": data}, pdf_standards=["ua-1"])
    return bytes(made[0] if isinstance(made, list) else made)


class _Writer:
    """Puts a comparison into one language's words and figures."""

    def __init__(self, view: ReconciliationView, language: str) -> None:
        self._view = view
        self._language = language if language in LOCALES else "nb"
        self._about = view.about or About("", "", "UTC", "", msg("None"), "", "", "")

    def data(self, lines: Sequence[LineView]) -> dict[str, Any]:
        """Return all that the layout shows."""
        view, about, say = self._view, self._about, self._say
        version = msg("version {number}", number=view.version)
        return {
            "language": self._language,
            "region": _REGIONS[self._language],
            "title": say(
                msg("Reconciliation of {month} with the accounting system", month=month(view.period))
            ),
            "author": about.organisation,
            "footer": " · ".join((about.organisation, say(month(view.period)), say(version))),
            "sentence": say(view.sentence),
            "remarks": [say(remark) for remark in view.remarks],
            "facts": self._facts(),
            "parts": [self._sums(), self._findings(), self._lines(lines)],
            "method_title": say(msg("How it was computed")),
            "method": [say(sentence) for sentence in _METHOD] + [self._hash()],
            "signature_title": say(msg("Signed off")),
            "signature": self._signature(),
        }

    def _facts(self) -> list[list[str]]:
        view, about = self._view, self._about
        entity = f"{about.entity} ({about.entity_id})" if about.entity_id else about.entity
        pairs = (
            (msg("Organisation"), about.organisation),
            (msg("Organisation number"), about.organisation_number or msg("Not entered")),
            (msg("Month"), month(view.period)),
            (msg("Version"), str(view.version)),
            (msg("Integration"), about.integration),
            (msg("Accounting system"), about.system),
            (msg("Company reached there"), entity or msg("Not given")),
            (msg("Address"), about.address),
            (msg("Compared as it was"), self._moment(view.begun_at)),
            (msg("Finished"), self._moment(view.finished_at)),
            (msg("Started by"), actor_label(view.started_by)),
        )
        return [[self._say(name), self._say(value)] for name, value in pairs]

    def _sums(self) -> dict[str, Any]:
        here = {total.sum.currency: total for total in self._view.here}
        there = {total.sum.currency: total for total in self._view.there}
        rows = []
        for currency in sorted(here.keys() | there.keys()):
            ours, theirs = here.get(currency), there.get(currency)
            minor = (theirs.sum.minor if theirs else 0) - (ours.sum.minor if ours else 0)
            rows.append(
                [currency, *self._both(ours), *self._both(theirs), self._amount(Money(currency, minor))]
            )
        columns = (
            msg("Currency"),
            msg("Vouchers here"),
            msg("Sum here"),
            msg("Vouchers there"),
            msg("Sum there"),
            msg("Difference"),
        )
        none = [] if rows else [self._say(msg("Nothing was delivered."))]
        return self._part(msg("Sums of both sides"), columns, rows, [1, 1, 2, 1, 2, 2], range(1, 6), none)

    def _findings(self) -> dict[str, Any]:
        rows = [
            [
                self._say(FINDINGS[total.finding]),
                total_of.sum.currency,
                written_count(str(total_of.count), self._language),
                self._amount(total_of.sum),
            ]
            for total in self._view.findings
            for total_of in total.totals
        ]
        columns = (msg("How they compare"), msg("Currency"), msg("Vouchers"), msg("Sum here"))
        return self._part(msg("How the vouchers compare"), columns, rows, [4, 1, 1, 2], (2, 3))

    def _lines(self, lines: Sequence[LineView]) -> dict[str, Any]:
        rows = [
            [
                f"{self._kind(line)} {line.record}",
                line.reference,
                self._say(FINDINGS[line.finding]),
                f"{self._amount(line.here)} {line.here.currency}",
                self._there(line),
                line.external_id or "–",
            ]
            for line in lines
        ]
        columns = (
            msg("Record"),
            msg("Our reference"),
            msg("How it compares"),
            msg("Here"),
            msg("In the accounting system"),
            msg("Voucher there"),
        )
        if not rows:
            sentences = [self._say(msg("There are none."))]
        elif self._everything_else() > len(rows):
            rest = msg("These are the first {count}. The file has all of them.", count=len(rows))
            sentences = [self._say(rest)]
        else:
            sentences = []
        title = msg("Vouchers that do not simply agree")
        return self._part(title, columns, rows, [5, 8, 5, 4, 6, 5], (3, 4), sentences)

    def _everything_else(self) -> int:
        return sum(total.count for total in self._view.findings if total.finding.value != "agrees")

    def _signature(self) -> list[list[str]]:
        view = self._view
        if view.signed_at is None:
            return [[self._say(msg("Status")), self._say(msg("Not signed off yet"))]]
        pairs = [
            (msg("Signed off by"), view.signed_by),
            (msg("Signed off at"), self._moment(view.signed_at)),
        ]
        pairs += [(msg("Remark"), view.note)] if view.note else []
        return [[self._say(name), value] for name, value in pairs]

    def _hash(self) -> str:
        return self._say(
            msg(
                "The file with every voucher compared belongs to this statement. Its SHA-256 is {sha}.",
                sha=self._view.csv_hash,
            )
        )

    def _part(
        self,
        title: Message,
        columns: Sequence[Message],
        rows: list[list[str]],
        widths: Sequence[int],
        numeric: Sequence[int],
        sentences: Sequence[str] = (),
    ) -> dict[str, Any]:
        return {
            "title": self._say(title),
            "columns": [self._say(column) for column in columns],
            "rows": rows,
            "widths": list(widths),
            "numeric": list(numeric),
            "sentences": list(sentences),
        }

    def _both(self, total: CurrencyTotal | None) -> tuple[str, str]:
        if total is None:
            return "0", "0"
        return written_count(str(total.count), self._language), self._amount(total.sum)

    def _there(self, line: LineView) -> str:
        if not line.count_there:
            return self._say(msg("Nothing"))
        sums = [f"{self._amount(money)} {money.currency}" for money in line.there or ()]
        told = " + ".join(sums) or self._say(msg("Amount not given"))
        return f"{line.count_there} × {told}" if line.count_there > 1 else told

    def _kind(self, line: LineView) -> str:
        is_claim = line.kind == EXPENSE_CLAIM
        return self._say(msg("Expense claim") if is_claim else msg("Reimbursement"))

    def _amount(self, money: Money) -> str:
        return written_amount(money.decimal(), self._language)

    def _moment(self, at: datetime | None) -> str:
        if at is None:
            return "–"
        zone = ZoneInfo(self._about.time_zone)
        form, locale = _MOMENTS[self._language], LOCALES[self._language]
        local = at.astimezone(zone)
        return f"{format_datetime(local, form, zone, locale=locale)} ({get_timezone_name(local, 'short', locale=locale)})"

    def _say(self, value: Any) -> str:
        if isinstance(value, Message):
            return value.translate(self._language)
        return value if isinstance(value, str) else str(value.written(self._language))
