"""The statement an auditor is given: an accessible PDF in each language, with nobody's text read as markup."""

import re
import uuid
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.statuses import DeliveryState, Finding, ReconciliationState
from integration_admin.services.reconciliation_compare import CurrencyTotal
from integration_admin.services.reconciliation_report import (
    About,
    FindingTotal,
    LineView,
    ReconciliationView,
)
from integration_admin.services.reconciliation_statement import statement_pdf

AT = datetime(2026, 12, 1, 4, 5, tzinfo=UTC)
NASTY = '#eval("1") $x$ *b* <b> \\ "'
HASH = "ab" * 32


def view() -> ReconciliationView:
    """Return a signed comparison in which texts of people look like markup."""
    total = CurrencyTotal(1204, Money("NOK", 123456789))
    return ReconciliationView(
        id=uuid.uuid4(),
        integration_id=uuid.uuid4(),
        period="2026-11",
        version=3,
        state=ReconciliationState.DIFFERS,
        started_by="scheduler",
        requested_at=AT,
        begun_at=AT,
        finished_at=AT,
        asked=1204,
        here=(total,),
        there=(CurrencyTotal(1203, Money("NOK", 123415589)),),
        findings=(FindingTotal(Finding.MISSING, (CurrencyTotal(1, Money("NOK", 41200)),)),),
        kept_lines=1,
        about=About(
            f"Foreningen {NASTY}",
            "987654321",
            "Europe/Oslo",
            "Regnskapet",
            msg("Xledger"),
            "Demo AS",
            "",
            "https://a.example",
        ),
        trouble=None,
        csv_hash=HASH,
        note=f"Ført for hånd. {NASTY}",
        signed_by="Kari Nordmann",
        signed_at=AT,
    )


LINE = LineView(
    Finding.MISSING,
    "expense_claim",
    "EC-1042",
    "IA00000000000001042",
    DeliveryState.DELIVERED,
    Money("NOK", 41200),
    0,
    (),
    "",
)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_it_is_tagged_for_screen_readers_in_the_readers_language(language: str) -> None:
    content = statement_pdf(view(), [LINE], language)
    whole = content + b"".join(streams(content))
    assert content.startswith(b"%PDF-")
    for mark in (b"/StructTreeRoot", f"/Lang ({language}".encode(), b"pdfuaid:part", b"/TH", b"/Table"):
        assert mark in whole.replace(b"/Lang(", b"/Lang ("), mark


def test_it_says_who_what_how_and_by_whom_and_reads_no_text_as_markup() -> None:
    words = re.sub(r"\s|\u200b", "", "".join(texts(statement_pdf(view(), [LINE], "en"))))
    for told in (
        f"Foreningen {NASTY}",
        "987654321",
        "Demo AS",
        "1,234,567.89",
        "EC-1042",
        "IA00000000000001042",
        HASH,
        "Kari Nordmann",
        f"Ført for hånd. {NASTY}",
    ):
        assert re.sub(r"\s", "", told) in words, told


def streams(content: bytes) -> Iterator[bytes]:
    """Yield what is in the streams of a PDF, unpacked."""
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            yield zlib.decompress(found[1])
        except zlib.error:
            yield found[1]


def texts(content: bytes) -> Iterator[str]:
    """Yield the texts of the pages in their order, by the fonts' own tables of characters."""
    objects = {
        int(found[1]): found[2] for found in re.finditer(rb"(\d+) 0 obj\b(.*?)endobj", content, re.DOTALL)
    }
    fonts = {
        name: characters(next(streams(objects[int(at)])))
        for number, body in objects.items()
        for name, font in re.findall(rb"/(f\d+) (\d+) 0 R", body)
        for at in re.findall(rb"/ToUnicode (\d+) 0 R", objects[int(font)])
        if number
    }
    for body in objects.values():
        for stream in streams(body):
            if b" Tf" in stream:
                yield from shown(stream, fonts)


def characters(table: bytes) -> dict[int, str]:
    """Return glyph -> text of a ToUnicode table."""
    found = {}
    for glyph, text in re.findall(rb"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]+)>", table):
        found[int(glyph, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    return found


def shown(stream: bytes, fonts: dict[bytes, dict[int, str]]) -> Iterator[str]:
    font: dict[int, str] = {}
    for name, glyphs in re.findall(rb"/(f\d+) [\d.]+ Tf|(\((?:\\.|[^\\)])*\)|<[0-9a-fA-F]*>)", stream):
        font = fonts[name] if name else font
        raw = bytes.fromhex(glyphs[1:-1].decode()) if glyphs.startswith(b"<") else unescaped(glyphs[1:-1])
        for place in range(0, len(raw) - 1, 2):
            yield font.get(int.from_bytes(raw[place : place + 2]), "")


def unescaped(text: bytes) -> bytes:
    """Return a literal string's bytes."""
    plain = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

    def byte(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code.isdigit() else plain.get(code, code)

    return re.sub(rb"\\([0-7]{1,3}|.)", byte, text, flags=re.DOTALL)
