"""Files of records are read line by line and imported whole or not at all."""

import codecs
import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput, NotPermitted
from integration_admin.core.json_objects import TWICE
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import record_files
from integration_admin.services.record_files import ImportReport, RecordFiles, read_records
from integration_admin.services.record_lines import Line
from integration_admin.services.records import RecordIntake
from tests.builders import make_activity, make_claim, make_line, make_reimbursement, save_organisation
from tests.fakes import FakeClock

PAGE = Path(__file__).resolve().parents[2] / "docs" / "records.md"
HEADER = "id,revision,status,approved_on,currency,claimant_id,claimant_name,purpose,line,date,category,amount"
ROW = "EC-1,1,approved,2026-11-05,NOK,V-1,Kari,Samling,1,2026-11-01,travel,412.00"


def lines_of(name: str, content: str | bytes) -> list[Line]:
    return list(read_records(name, stream(content)))


def stream(content: str | bytes) -> BinaryIO:
    return io.BytesIO(content.encode() if isinstance(content, str) else content)


def faults(name: str, content: str | bytes) -> list[tuple[int, str]]:
    return [(line.number, str(line.fault)) for line in lines_of(name, content) if line.fault is not None]


def csv_of(*rows: str) -> str:
    return "\r\n".join([HEADER, *rows]) + "\r\n"


def test_a_json_file_holds_one_record_or_a_list() -> None:
    claims = [make_claim(), make_claim()]
    assert [line.record for line in lines_of("a.json", json.dumps(claims[0]))] == claims[:1]
    assert [line.record for line in lines_of("a.JSON", json.dumps(claims, indent=1))] == claims
    assert lines_of("a.json", " [ ] ") == []


def test_records_of_a_json_list_carry_the_line_they_begin_on() -> None:
    content = '[\n  {"a":\n 1},\n\n  {"b": 2}, {"c": 3}\n]\n'
    assert [line.number for line in lines_of("a.json", content)] == [2, 5, 5]


def test_a_json_list_is_read_across_the_pieces_it_comes_in() -> None:
    claims = [make_claim(purpose="ø" * 200) for _ in range(500)]
    content = json.dumps(claims, ensure_ascii=False, indent=2)
    read = lines_of("a.json", content)
    assert [line.record for line in read] == claims
    assert read[-1].number == content[: content.rindex('{\n    "kind"')].count("\n") + 1


@pytest.mark.parametrize(
    ("content", "number", "sentence"),
    [
        ("", 1, "This is not JSON."),
        ("\n\nhello", 3, "This is not JSON."),
        ('[{"a": 1},\n{"a" 1}]', 2, "This is not JSON."),
        ('[{"a": 1}\n{"a": 1}]', 2, "This is not JSON."),
        ('[{"a": 1},\n]', 2, "This is not JSON."),
        ('[{"a": 1}', 1, "This is not JSON."),
        ('[{"a":\n\n"b}]', 3, "This is not JSON."),
        ('{"a": 1}\n{"a": 2}', 2, "There is more text after the end of the JSON."),
        ("[1]", 1, "Each record must be an object in braces."),
        ('[{"a": 1},\n"b"]', 2, "Each record must be an object in braces."),
        ('[{"amount": NaN}]', 1, "NaN and Infinity are not numbers a record may hold."),
        ('[{"amount": -Infinity}]', 1, "NaN and Infinity are not numbers a record may hold."),
    ],
)
def test_what_is_wrong_with_a_json_file_is_said_with_its_line(
    content: str, number: int, sentence: str
) -> None:
    assert faults("a.json", content)[-1] == (number, sentence)


def test_records_before_a_fault_are_still_read() -> None:
    read = lines_of("a.json", '[{"a": 1}, {"b": 2},\n oops]')
    assert [line.record for line in read] == [{"a": 1}, {"b": 2}, None]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_a_name_that_is_there_twice_has_neither_value(name: str) -> None:
    (line,) = lines_of(name, '{"a": 1, "a": 2, "b": {"c": 3}}')
    assert line.record == {"a": TWICE, "b": {"c": 3}}


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_deep_nesting_is_refused(name: str) -> None:
    shallow = '{"a": ' + "[" * 7 + "]" * 7 + "}"
    assert faults(name, shallow) == []
    sentence = "This is nested too deeply to be a record."
    assert faults(name, '{"a": ' + "[" * 8 + "[]" + "]" * 8 + "}") == [(1, sentence)]
    assert faults(name, '{"a": ' + "[" * 500_000 + "]" * 500_000 + "}")[0] == (1, sentence)


def test_a_number_of_very_many_digits_is_refused() -> None:
    assert faults("a.json", '{"revision": ' + "9" * 10_000 + "}") == [(1, "This is not JSON.")]
    assert faults("a.ndjson", '{"revision": ' + "9" * 10_000 + "}") == [(1, "This is not JSON.")]


def test_a_byte_order_mark_is_passed_over() -> None:
    for name, content in [("a.json", '[{"a": 1}]'), ("a.ndjson", '{"a": 1}\n'), ("a.csv", csv_of(ROW))]:
        read = lines_of(name, codecs.BOM_UTF8 + content.encode())
        assert [line.fault for line in read] == [None]


def test_text_in_another_encoding_is_refused_at_its_line() -> None:
    sentence = "This is not UTF-8 text. Save the file as UTF-8 and try again."
    latin = "\nKjøp".encode("latin-1")
    assert faults("a.ndjson", b'{"a": 1}' + latin + b"\n{}") == [(2, sentence)]
    assert faults("a.csv", csv_of(ROW).rstrip().encode() + latin) == [(3, sentence)]
    assert faults("a.json", b'[{"a":\n 1},' + latin)[-1] == (3, sentence)


def test_a_json_file_that_ends_inside_a_letter_is_refused() -> None:
    assert faults("a.json", '{"a": "ø'.encode()[:-1]) == [
        (1, "This is not UTF-8 text. Save the file as UTF-8 and try again.")
    ]


def test_each_line_of_ndjson_is_read_by_itself() -> None:
    content = '{"a": 1}\n\n{"b": \n{"c": NaN}\r\n{"d": 4}'
    read = lines_of("a.ndjson", content)
    assert [(line.number, line.record) for line in read] == [
        (1, {"a": 1}),
        (3, None),
        (4, None),
        (5, {"d": 4}),
    ]
    assert faults("a.jsonl", content) == [
        (3, "This is not JSON."),
        (4, "NaN and Infinity are not numbers a record may hold."),
    ]


def test_a_line_over_a_mebibyte_is_refused_and_the_next_is_read() -> None:
    long = '{"a": "' + "x" * 3_000_000 + '"}\n'
    read = lines_of("a.ndjson", long + '{"b": 2}\n')
    assert [(line.number, line.record) for line in read] == [(1, None), (2, {"b": 2})]
    assert faults("a.ndjson", long) == [(1, "This is longer than 1 MiB, which no record is.")]
    assert faults("a.csv", csv_of(ROW, long)) == [(3, "This is longer than 1 MiB, which no record is.")]


@pytest.mark.parametrize("end", ['"}', ""])
def test_a_json_record_over_a_mebibyte_is_refused(end: str) -> None:
    [(number, sentence)] = faults("a.json", '\n{"a": "' + "x" * 3_000_000 + end)
    assert number == 2
    assert "longer than 1 MiB" in sentence


class Endless(io.RawIOBase):
    """A JSON list that is far larger than memory should ever hold, and notes how much was read of it."""

    def __init__(self, size: int) -> None:
        self.record = json.dumps(make_claim()).encode() + b",\n"
        self._rest = self._pieces(size)
        self._left = b""

    def _pieces(self, size: int) -> Iterator[bytes]:
        yield b"["
        for _ in range(size // len(self.record)):
            yield self.record
        yield b"{}]"

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size and (piece := next(self._rest, b"")):
            self._left += piece
        taken, self._left = self._left[:size], self._left[size:]
        return taken


def test_ten_megabytes_of_json_are_read_in_little_memory() -> None:
    source = Endless(10_000_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_records("a.json", cast("BinaryIO", source)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 10_000_000 // len(source.record) + 1
    assert peak < 3_000_000


@pytest.mark.parametrize("name", ["claims.xlsx", "claims", ".json", "claims.json.exe"])
def test_another_kind_of_file_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"Choose a file whose name ends in"):
        read_records(name, stream("{}"))


@pytest.fixture
async def actor(database: Database) -> Actor:
    organisation = await save_organisation(database)
    return Actor(organisation.id, "Alice", Role.COORDINATOR)


@pytest.fixture
def files(database: Database, clock: FakeClock) -> RecordFiles:
    return RecordFiles(database, RecordIntake(database, clock))


async def stored(database: Database, actor: Actor) -> list[str]:
    async with database.read(actor.organisation_id) as unit:
        return [row.external_id for row in await unit.records.page(None, 0, 100_000)]


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.created, report.updated, report.unchanged


def sentences(report: ImportReport) -> list[str]:
    return [str(error.message) for error in report.errors]


def ndjson(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


async def test_a_file_without_faults_is_stored_and_storing_it_again_changes_nothing(
    files: RecordFiles, database: Database, actor: Actor
) -> None:
    records = [make_claim(), make_reimbursement(), make_activity()]
    for name, content in [("a.json", json.dumps(records)), ("a.ndjson", ndjson(*records))]:
        report = await files.import_file(actor, name, stream(content))
        assert counts(report) == ((3, 0, 0) if name == "a.json" else (0, 0, 3))
        assert report.errors == ()
    assert await stored(database, actor) == [record["id"] for record in records]
    newer = records[0] | {"revision": 2}
    assert counts(await files.import_file(actor, "a.json", stream(json.dumps(newer)))) == (0, 1, 0)


async def test_a_csv_file_is_stored_as_claims(files: RecordFiles, database: Database, actor: Actor) -> None:
    report = await files.import_file(actor, "claims.csv", stream(csv_of(ROW, ROW.replace("EC-1", "EC-2"))))
    assert counts(report) == (2, 0, 0)
    assert await stored(database, actor) == ["EC-1", "EC-2"]


async def test_one_fault_keeps_the_whole_file_out(
    files: RecordFiles, database: Database, actor: Actor
) -> None:
    content = ndjson(make_claim(), make_claim(lines=[make_line(amount=412.1)]), make_claim()) + "{oops\n"
    report = await files.import_file(actor, "a.ndjson", stream(content))
    assert counts(report) == (0, 0, 0)
    assert sentences(report) == [
        "Line 2, lines.1.amount: Write it in quotation marks, as in “412.00”; a bare number may lose decimals.",
        "Line 4: This is not JSON.",
    ]
    assert report.to_json()["errors"][1] == {"line": 4, "field": "", "reason": "This is not JSON."}
    assert report.to_json()["stored"] is False
    assert await stored(database, actor) == []


async def test_a_record_refused_against_what_is_stored_keeps_the_whole_file_out(
    files: RecordFiles, database: Database, actor: Actor
) -> None:
    old = make_claim(revision=2)
    await files.import_file(actor, "a.json", stream(json.dumps(old)))
    fresh = [make_claim() for _ in range(1_500)]
    content = ndjson(*fresh, old | {"revision": 1}, old | {"purpose": "Other"})
    report = await files.import_file(actor, "a.ndjson", stream(content))
    assert counts(report) == (0, 0, 0)
    assert sentences(report) == [
        "Line 1501, revision: A newer revision, 2, is already stored.",
        "Line 1502, revision: Revision 2 is already stored with other content.",
    ]
    assert await stored(database, actor) == [old["id"]]


async def test_a_fault_of_a_claim_line_points_at_its_row(files: RecordFiles, actor: Actor) -> None:
    row = ROW.replace("Samling,1,", "Samling,,")
    content = csv_of(row, row, row.replace("412.00", '"412,00"'))
    report = await files.import_file(actor, "a.csv", stream(content))
    assert sentences(report) == [
        "Line 4, lines.3.amount: Write the amount as 412.00, with no more decimals than NOK has."
    ]


async def test_very_many_faults_are_counted_and_the_first_thousand_listed(
    files: RecordFiles, actor: Actor
) -> None:
    report = await files.import_file(actor, "a.ndjson", stream("{oops\n" * 2_500))
    assert report.error_count == 2_500
    assert [error.number for error in report.errors] == list(range(1, 1_001))


@pytest.mark.parametrize(("name", "content"), [("a.json", "[]"), ("a.ndjson", "\n\n"), ("a.csv", HEADER)])
async def test_a_file_without_records_is_refused(
    files: RecordFiles, actor: Actor, name: str, content: str
) -> None:
    with pytest.raises(InvalidInput, match="The file holds no records"):
        await files.import_file(actor, name, stream(content))


async def test_every_example_of_the_page_about_records_can_be_imported_one_after_the_other(
    files: RecordFiles, actor: Actor
) -> None:
    examples = re.findall(r"```(json|csv)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    reports = [
        await files.import_file(actor, f"example.{kind}", stream(content)) for kind, content in examples
    ]
    assert [(report.created, report.errors) for report in reports] == [(1, ())] * 4


async def test_a_file_that_is_too_large_is_refused(
    files: RecordFiles, database: Database, actor: Actor
) -> None:
    source = Endless(record_files.LARGEST_FILE + 1_000_000)
    with pytest.raises(InvalidInput, match="The file is larger than"):
        await files.import_file(actor, "a.json", cast("BinaryIO", source))
    assert await stored(database, actor) == []


async def test_a_file_that_is_known_to_be_too_large_is_refused_before_it_is_read(
    files: RecordFiles, actor: Actor
) -> None:
    source = io.BytesIO(b"[]")
    with pytest.raises(InvalidInput, match="The file is larger than"):
        await files.import_file(actor, "a.json", source, size=record_files.LARGEST_FILE + 1)
    assert source.tell() == 0


async def test_who_may_only_look_cannot_import(files: RecordFiles, actor: Actor) -> None:
    with pytest.raises(NotPermitted):
        await files.import_file(Actor(actor.organisation_id, "Bob", Role.VIEWER), "a.json", stream("{}"))
