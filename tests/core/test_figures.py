"""Days, amounts, counts and other systems' words inside sentences, as each language has them."""

from datetime import UTC, date, datetime

import pytest

from integration_admin.core.messages import Message, amount, msg


@pytest.mark.parametrize(
    ("language", "day", "number"),
    [
        ("nb", "21. november 2026", "1\N{NO-BREAK SPACE}412,50"),
        ("nn", "21. november 2026", "1\N{NO-BREAK SPACE}412,50"),
        ("en", "21 November 2026", "1,412.50"),
        ("fr", "21. november 2026", "1\N{NO-BREAK SPACE}412,50"),
    ],
)
def test_each_reader_sees_figures_written_their_own_way(language: str, day: str, number: str) -> None:
    sentence = msg("zzz {day} zzz {sum}", day=date(2026, 11, 21), sum=amount("1412.50"))
    assert sentence.translate(language) == f"zzz {day} zzz {number}"
    assert str(sentence) == "zzz 2026-11-21 zzz 1412.50"


def test_a_count_is_grouped_and_other_numbers_are_not() -> None:
    sentence = msg("zzz {count} {number}", count=12345, number=12345)
    assert sentence.translate("en") == "zzz 12,345 12345"
    assert msg("zzz {count}", count="about 12").translate("en") == "zzz about 12"


def test_an_amount_keeps_its_decimals() -> None:
    assert msg("zzz {sum}", sum=amount("5000")).translate("en") == "zzz 5,000"
    assert msg("zzz {sum}", sum=amount("-0.125")).translate("en") == "zzz -0.125"


def test_figures_are_stored_and_restored() -> None:
    inner = msg("{day}", day=date(2026, 11, 21))
    sentence = msg("zzz {inner} {sum}", inner=inner, sum=amount("1.00"))
    assert Message.from_json(sentence.to_json()) == sentence


def test_a_moment_is_kept_as_text_since_its_day_depends_on_the_reader() -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    assert msg("zzz {at}", at=moment).translate("nb") == f"zzz {moment}"


def test_another_systems_words_are_told_apart_from_ours() -> None:
    inner = msg("zzz “{words}”", words="Value {code} is bad.")
    pieces = msg("{inner} zzz {name}", inner=inner, name="P-12").pieces("nb")
    assert pieces == [("zzz “", False), ("Value {code} is bad.", True), ("” zzz P-12", False)]
    assert msg("zzz").pieces("nb") == [("zzz", False)]
