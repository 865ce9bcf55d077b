"""A value map goes out as CSV and comes back the same; a file with a fault in it changes nothing."""

import base64
import gzip
from typing import Final

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput, NotPermitted
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import LANGUAGES
from integration_admin.core.statuses import Role
from integration_admin.services.value_map_csv import (
    MOST_FILE,
    MOST_PACKED,
    CodeRow,
    Reading,
    ValueMapFiles,
    read,
    written,
)
from tests.services.conftest import MAPPING, Engine

ROWS: Final = (
    CodeRow("travel.public_transport", "7140", "Reise; kollektiv"),
    CodeRow("Møtemat, «stor»", "dbId:1", 'Mat "ute"'),
    CodeRow("unmapped", "", ""),
)
VALUES: Final = {row.value: row.code for row in ROWS if row.code}


def packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


def said(reading: Reading) -> list[str]:
    return [str(fault) for fault in reading.faults]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_written_is_read_back_in_every_language(language: str) -> None:
    assert read(written(ROWS, language)) == Reading(VALUES)


def test_excel_is_told_the_encoding_and_gets_semicolons() -> None:
    whole = written(ROWS[:1], "en")
    assert whole == (
        b"\xef\xbb\xbfCategory;Account;Name\r\n" + b'travel.public_transport;7140;"Reise; kollektiv"\r\n'
    )


@pytest.mark.parametrize("begun", ["=1+1", "+47 22", "-5", "@SUM(A1)", "\tx", "\rx"])
def test_what_looks_like_a_formula_is_written_so_that_it_is_not_calculated(begun: str) -> None:
    whole = written([CodeRow(begun, begun, begun)], "en").decode("utf-8-sig")
    rows = whole.split("\r\n", 1)[1]
    assert rows.count("'" + begun) == 3
    assert not rows.strip('"').startswith(begun[0])


def test_the_guard_before_a_formula_is_taken_off_again() -> None:
    assert read(written([CodeRow("=a", "-5", "")], "en")).values == {"=a": "-5"}


@pytest.mark.parametrize(
    "text",
    [
        "Category;Account\nmeals;7350\n",
        "category,account,name\nmeals,7350,Food\n",
        "Account\tCategory\n7350\tmeals\n",
        "\n\nCategory;Account\n\n meals ; 7350 \n;;\n",
        'Category;Account\n"meals";"7350"',
        "Category;Account\nmeals;7350\nmeals;7350\nother;\n",
    ],
)
def test_commas_semicolons_tabs_and_empty_lines_are_taken(text: str) -> None:
    assert read(text.encode()) == Reading({"meals": "7350"})


def test_norwegian_letters_as_old_windows_programs_write_them_are_read() -> None:
    assert read("Category;Account\nMøte på fjellet;7350\n".encode("cp1252")).values == {
        "Møte på fjellet": "7350"
    }


def test_every_faulty_line_is_told_by_its_number() -> None:
    text = "Category;Account\nmeals;7350\n;7140\nmeals;6800\nalone\n" + "x" * 65 + ";1\nok;1\n"
    assert said(read(text.encode())) == [
        "Line 3: The category is missing.",
        "Line 4: “meals” has another account further up.",
        "Line 5: This row has too few cells.",
        "Line 6: The category or the account is too long.",
    ]


def test_an_open_quotation_mark_is_told() -> None:
    (sentence,) = said(read(b'Category;Account\n"meals;7350\n'))
    assert "quotation mark" in sentence


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        (b"", "no column “Category”"),
        (b"meals;7350\n", "no column “Category”"),
        (b"Category;Name\nmeals;Food\n", "no column “Account”"),
        (b"PK\x03\x04\x00\x00", "not a CSV file"),
        (b"a" * (MOST_FILE + 1), "too large"),
        (b"Category;Account\n" + b"".join(b"%d;1\n" % n for n in range(5_001)), "more than 5000"),
    ],
    ids=["empty", "no headings", "no account", "no text", "too large", "too long"],
)
def test_what_is_no_such_file_is_refused_in_words(whole: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(whole)


async def test_the_file_has_what_is_saved_and_every_category_in_use(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    version = (await engine.configuration.get(engine.actor, integration)).version
    mapping = MAPPING | {
        "account": FieldMapping(source="line.category", values={"old": "7140", "gone": "9999"})
    }
    await engine.mappings.save(engine.actor, integration, version, mapping, accept_warnings=True)
    whole = await ValueMapFiles(engine.mappings).export(engine.actor, integration, "en")
    assert whole.decode("utf-8-sig").splitlines() == [
        "Category;Account;Name",
        "gone;9999;",
        "old;7140;Reise",
        "travel.public_transport;;",
    ]


async def test_a_packed_file_is_read_and_stores_nothing(engine: Engine) -> None:
    integration = await engine.set_up()
    before = await engine.mappings.editor(engine.actor, integration)
    files = ValueMapFiles(engine.mappings)
    assert (await files.read(engine.actor, packed("Category;Account\nmeals;6800"))).values == {
        "meals": "6800"
    }
    assert await engine.mappings.editor(engine.actor, integration) == before


@pytest.mark.parametrize(
    "given",
    [
        "",
        "not packed",
        packed("nothing"),
        packed("Category;Account\n"),
        packed("Category;Account\nmeals;\n"),
        "A" * (MOST_PACKED + 1),
    ],
    ids=["empty", "not packed", "no table", "headings only", "no accounts", "too large"],
)
async def test_a_broken_file_is_told_beside_its_field(engine: Engine, given: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await ValueMapFiles(engine.mappings).read(engine.actor, given)
    assert list(refused.value.fields) == ["value_map_file"]


async def test_a_file_that_unpacks_to_far_too_much_is_cut_off(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="too large"):
        await ValueMapFiles(engine.mappings).read(engine.actor, packed("a" * 50_000_000))


async def test_who_may_only_look_reads_no_file_in(engine: Engine) -> None:
    viewer = Actor(engine.actor.organisation_id, "Bob", Role.VIEWER)
    with pytest.raises(NotPermitted):
        await ValueMapFiles(engine.mappings).read(viewer, packed("Category;Account\nmeals;6800"))
