"""Every sentence for people is in both catalogues, translated, and compiled."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from integration_admin.core.messages import LANGUAGES, Message, msg

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "integration_admin"
KEYWORDS = ("t", "msg")
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")

SAME_IN_ENGLISH = {
    "nb": {
        "Administrator",
        "Demo (demo.xledger.net)",
        "Finance & Operations",
        "Line {number}: {reason}",
        "Microsoft Dynamics 365 Business Central",
        "Microsoft Dynamics 365 Finance & Operations",
        "POST",
        "PUT",
        "Status",
        "Tilde (~)",
        "Type",
        "Webhook",
        "Xledger",
        "{announcement} {summary}",
        "{name}: {reason}.",
        "{setting}: {value}",
    },
}
SAME_IN_ENGLISH["nn"] = SAME_IN_ENGLISH["nb"]

# What stands on another program's English screen or in a file is quoted as it stands there.
QUOTED = re.compile(
    r"\bToken configuration\b|\(client credentials\)|\b(BEGIN|END) PRIVATE KEY\b|\bkolonnen Value\b|\(Value\)|General ledger( > [A-Z][a-z ]+?)+(?= og |[.,]|$)"
)


def words(sentence: str) -> set[str]:
    """Return the words people read: no placeholders, addresses, shell commands or names with signs in them."""
    read = re.sub(
        r"\{+[^{}]*\}+|\S*[./_@]\w\S*|(?<=: )(chmod|chown|integration-admin) .*",
        " ",
        QUOTED.sub(" ", sentence),
    )
    return set(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", read.lower()))


# Words that are common in English and none in Norwegian ("to", "for", "by", "be" and "no" are both).
ENGLISH = words(
    "again and any are because been before can cannot check choose claim claims could credentials did does enter"
    " failed field fields from has have here how if is it its key mapping must name not of on only or outcome"
    " password please record records run schedule sign that the their them there these they this token try"
    " until value voucher was were what when where which who why will with without yet you your"
)
ONLY_IN_THE_OTHER = {
    "nb": words("berre då eg frå gjere heile ikkje korleis kva kvar kvifor meir nokon noko nokre vere"),
    "nn": words("bare ble dere fra gjøre hele hva hver hvis hvor hvordan hvorfor ikke jeg mer noe noen være"),
}


# Nynorsk allows these too; the texts hold to one form of each word.
NOT_THE_CHOSEN_FORM = words(
    "da gje gjev hemmelegheit hemmelegheita hemmelegheitene klientløyndommen korkje løyndommen medlemen medlemer"
    " også vart viss"
)


@cache
def sentences() -> dict[str, str]:
    """Return every sentence Babel finds in the source, and where it stands."""
    found = extract_from_dir(PACKAGE, [("**.py", "python")], keywords=dict.fromkeys(KEYWORDS))
    return {str(sentence): f"{path}:{line}" for path, line, sentence, *_ in found}


def folder(language: str) -> Path:
    return PACKAGE / "locale" / language / "LC_MESSAGES"


@cache
def catalogue(language: str) -> Catalog:
    with (folder(language) / "messages.po").open("rb") as written:
        return read_po(written, locale=language)


def translated(language: str) -> dict[str, str]:
    """Return the catalogue's sentences and their translations."""
    return {str(entry.id): str(entry.string) for entry in catalogue(language) if entry.id}


def placeholders(sentence: str) -> list[str]:
    return sorted(
        f"{name}!{conversion}:{form}"
        for _, name, form, conversion in Formatter().parse(sentence)
        if name is not None
    )


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Return the calls of `msg` and `t`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) in KEYWORDS
        ):
            yield node


def templates(node: ast.AST) -> list[str]:
    """Return the sentences written out within a piece of code."""
    return [
        str(call.args[0].value)
        for call in calls(node)
        if call.args and isinstance(call.args[0], ast.Constant)
    ]


def shown_and_said() -> Iterator[tuple[str, str]]:
    """Return what a button or link shows, with what a screen reader says in its place where that is more."""
    for path in sorted((PACKAGE / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                shown = templates(node.args[0])
                for said in (templates(given.value) for given in node.keywords if given.arg == "aria_label"):
                    yield from zip(shown, said, strict=False) if len(shown) == len(said) else ()


def test_every_sentence_is_written_out_where_babel_can_find_it() -> None:
    hidden = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            template = call.args[0] if call.args else None
            text = template.value if isinstance(template, ast.Constant) else None
            if text not in sentences():
                hidden.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert hidden == []


def test_there_are_sentences() -> None:
    assert len(sentences()) > 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_button_shows_is_in_what_a_screen_reader_says(language: str) -> None:
    # Whoever steers by voice says the words they see (WCAG 2.5.3).
    words_of = translated(language) if language in TRANSLATED else {}
    pairs = [(words_of.get(shown, shown), words_of.get(said, said)) for shown, said in shown_and_said()]
    assert pairs != []
    assert [(shown, said) for shown, said in pairs if shown not in said] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    known = translated(language)
    missing = {sentence: place for sentence, place in sentences().items() if not known.get(sentence)}
    assert missing == {}, "Run `make texts`, then write the translations."


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_a_guess(language: str) -> None:
    assert [entry.id for entry in catalogue(language) if entry.id and entry.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_the_english_sentence(language: str) -> None:
    same = {sentence for sentence, translation in translated(language).items() if sentence == translation}
    assert same - SAME_IN_ENGLISH[language] == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_english_word_is_left_in_a_translation(language: str) -> None:
    left = {
        translation: found
        for translation in translated(language).values()
        if (found := words(translation) & ENGLISH)
    }
    assert left == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_two_forms_of_norwegian_are_not_mixed(language: str) -> None:
    mixed = {
        translation: found
        for translation in translated(language).values()
        if (found := words(translation) & ONLY_IN_THE_OTHER[language])
    }
    assert mixed == {}


def test_a_status_points_to_nothing_below_it() -> None:
    # The dashboard, e-mails and the command line have the sentence too, and the answer is on none of them.
    statuses = [
        sentence
        for sentence, place in sentences().items()
        if place.startswith(("services/health_status.py", "services/after_import.py"))
    ]
    assert statuses != []
    assert [sentence for sentence in statuses if "below" in sentence] == []


def test_nynorsk_holds_to_one_form_of_a_word() -> None:
    wavering = {
        translation: found
        for translation in translated("nn").values()
        if (found := words(translation) & NOT_THE_CHOSEN_FORM)
    }
    assert wavering == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_large_number_is_not_broken_over_two_lines(language: str) -> None:
    assert [one for one in translated(language).values() if re.search(r"\d \d{3}\b", one)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_placeholders_of_their_sentence(language: str) -> None:
    wrong = {
        sentence: translation
        for sentence, translation in translated(language).items()
        if translation and placeholders(sentence) != placeholders(translation)
    }
    assert wrong == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_use_norwegian_quotation_marks(language: str) -> None:
    foreign = [
        translation for translation in translated(language).values() if re.search('[“”„"]', translation)
    ]
    assert foreign == []
    unpaired = [one for one in translated(language).values() if one.count("«") != one.count("»")]
    assert unpaired == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_end_like_their_sentence(language: str) -> None:
    ends = re.compile(r"[.?:…]?$")
    wrong = {
        sentence: translation
        for sentence, translation in translated(language).items()
        if translation and ends.findall(sentence)[0] != ends.findall(translation)[0]
    }
    assert wrong == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_the_written_one(language: str) -> None:
    fresh = BytesIO()
    write_mo(fresh, catalogue(language))
    fresh.seek(0)
    with (folder(language) / "messages.mo").open("rb") as compiled:
        stored = {entry.id: entry.string for entry in read_mo(compiled) if entry.id}
    assert stored == {entry.id: entry.string for entry in read_mo(fresh) if entry.id}, "Run `make texts`."


@pytest.mark.parametrize(
    ("message", "bokmaal", "nynorsk"),
    [
        (msg("Field mapping"), "Feltkobling", "Feltkopling"),
        (
            msg("Account {code} does not exist in Xledger.", code="7140"),
            "Konto 7140 finnes ikke i Xledger.",
            "Konto 7140 finst ikkje i Xledger.",
        ),
        (
            msg("“{field}” cannot be empty.", field=msg("Tax rule")),
            "«Avgiftsregel» kan ikke stå tomt.",
            "«Avgiftsregel» kan ikkje stå tomt.",
        ),
        (
            msg("Put fields in braces, such as {{id}} {{line.description}} or {{claimant.name}}."),
            "Sett feltene i krøllparenteser, for eksempel {id} {line.description} eller {claimant.name}.",
            "Set felta i krøllparentesar, til dømes {id} {line.description} eller {claimant.name}.",
        ),
    ],
)
def test_people_read_sentences_in_their_own_language(message: Message, bokmaal: str, nynorsk: str) -> None:
    assert (message.translate("nb"), message.translate("nn")) == (bokmaal, nynorsk)
