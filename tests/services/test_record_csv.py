"""Claims are read from CSV, one row a claim line, and what is wrong is said with the file's line."""

import io

import pytest

from integration_admin.core.records import parse_record
from integration_admin.services.record_csv import COLUMNS
from integration_admin.services.record_files import read_records
from integration_admin.services.record_lines import Line
from tests.builders import make_claim, make_line

HEADER = "id,revision,status,approved_on,currency,claimant_id,claimant_name,purpose,line,date,category,amount"
ROW = "EC-1,1,approved,2026-11-05,NOK,V-1,Kari,Samling,1,2026-11-01,travel,412.00"


def lines_of(content: str) -> list[Line]:
    return list(read_records("a.csv", io.BytesIO(content.encode())))


def faults(content: str) -> list[tuple[int, str]]:
    return [(line.number, str(line.fault)) for line in lines_of(content) if line.fault is not None]


def csv_of(*rows: str) -> str:
    return "\r\n".join([HEADER, *rows]) + "\r\n"


def test_the_rows_of_a_claim_become_its_lines() -> None:
    second = ROW.replace(",1,2026-11-01,travel,412.00", ",2,2026-11-02,food,-9.50")
    [line] = lines_of(csv_of(ROW, second))
    assert line.record == {
        "kind": "expense_claim",
        "id": "EC-1",
        "revision": 1,
        "status": "approved",
        "approved_on": "2026-11-05",
        "currency": "NOK",
        "purpose": "Samling",
        "claimant": {"id": "V-1", "name": "Kari"},
        "lines": [
            {"line": 1, "date": "2026-11-01", "category": "travel", "amount": "412.00"},
            {"line": 2, "date": "2026-11-02", "category": "food", "amount": "-9.50"},
        ],
    }
    assert (line.number, line.numbers) == (2, (2, 3))


def test_every_documented_column_reaches_the_record() -> None:
    columns = (
        "id,revision,status,submitted_on,approved_on,currency,claimant_id,claimant_name,claimant_email,"
        "claimant_bank_account,department,project,purpose,line,date,category,description,amount,vat_code,"
        "cost_centre,line_project"
    )
    row = (
        "EC-2,3,paid,2026-11-02,2026-11-05,NOK,V-118,Kari Nordmann,kari@example.org,86011117947,210,P-12,"
        "Likepersonsamling,1,2026-11-01,travel.public_transport,Tog Oslo-Hamar,412.00,13,210,P-13"
    )
    assert set(columns.split(",")) == COLUMNS
    [line] = lines_of(f"{columns}\n{row}\n")
    expected = make_claim(id="EC-2", revision=3, status="paid", lines=[make_line(project="P-13")])
    assert parse_record(line.record) == parse_record(expected)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate_cells(mark: str) -> None:
    [line] = lines_of(csv_of(ROW).replace(",", mark))
    assert parse_record(line.record).id == "EC-1"


def test_column_names_may_be_capital_and_unused_cells_are_left_out() -> None:
    [line] = lines_of(
        csv_of(ROW.replace("Samling", "  ").replace(",1,app", ",,app")).replace("id,", "ID ,", 1)
    )
    assert "purpose" not in line.record
    assert line.record["revision"] == 1


def test_lines_without_a_number_are_counted() -> None:
    row = ROW.replace("Samling,1,", "Samling,,")
    [line] = lines_of(csv_of(row, row, row))
    assert [item["line"] for item in line.record["lines"]] == [1, 2, 3]


@pytest.mark.parametrize("text", ["1.0", "true", "-1", "two", "²", "9" * 5_000])
def test_a_cell_that_holds_no_whole_number_is_handed_on_as_it_is(text: str) -> None:
    [line] = lines_of(
        csv_of(ROW.replace("EC-1,1,", f"EC-1,{text},").replace("Samling,1,", f"Samling,{text},"))
    )
    assert (line.record["revision"], line.record["lines"][0]["line"]) == (text, text)


def test_each_claim_of_a_csv_file_stands_alone_and_empty_rows_are_passed_over() -> None:
    read = lines_of(csv_of(ROW, "," * 11, "", ROW.replace("EC-1", "EC-2"), ROW.replace("EC-1,1", "EC-2,2")))
    assert [(line.record["id"], line.record["revision"]) for line in read] == [
        ("EC-1", 1),
        ("EC-2", 1),
        ("EC-2", 2),
    ]
    assert [line.number for line in read] == [2, 5, 6]


def test_quoted_cells_may_hold_commas_quotes_and_line_breaks() -> None:
    read = lines_of(csv_of(ROW.replace("Samling", '"a, ""b""\r\nc"'), ROW.replace("EC-1", "EC-2")))
    assert read[0].record["purpose"] == 'a, "b"\r\nc'
    assert [line.number for line in read] == [3, 4]


@pytest.mark.parametrize(
    ("content", "number", "sentence"),
    [
        (HEADER + ",shoe_size\n", 1, "There is no column called “shoe_size”."),
        (HEADER + ",id\n", 1, "Two columns have the same name."),
        (
            "id,status,currency,claimant_id,claimant_name,date\n",
            1,
            "These columns are missing: amount, category.",
        ),
        (csv_of(ROW, "EC-2,1"), 3, "This row has 2 cells where the first row has 12."),
        (
            csv_of(ROW, ROW.replace("EC-1", '"EC-2')),
            3,
            "This row cannot be read as CSV. Look for a quotation mark that is not closed.",
        ),
        (
            csv_of(ROW, ROW.replace("Samling", "Annet")),
            3,
            "“purpose” differs from the first row of the same claim.",
        ),
        (
            csv_of(ROW, ROW.replace("EC-1", "EC-2"), ROW),
            4,
            "The rows of one claim must follow each other.",
        ),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_said_with_its_line(
    content: str, number: int, sentence: str
) -> None:
    assert faults(content) == [(number, sentence)]


def test_a_csv_file_without_rows_holds_no_records() -> None:
    assert lines_of(HEADER) == []
    assert lines_of("") == []
