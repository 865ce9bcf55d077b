import reflex as rx

from integration_admin.components.texts import t


def test_a_translated_sentence_carries_every_language_and_chooses_in_the_browser() -> None:
    drawn = t("Sign out")
    assert isinstance(drawn, rx.Var)
    code = str(drawn)
    assert all(word in code for word in ("Logg ut", "Sign out"))
    assert "language_state" in code


def test_a_sentence_that_is_the_same_in_every_language_stays_plain() -> None:
    assert t("Xledger {version}", version="4") == "Xledger 4"


def test_values_that_are_vars_are_put_in_by_the_browser() -> None:
    code = str(t("Step {step} of {total}: {name}", step=rx.Var("current"), total=5, name="Xledger"))
    assert '("Steg "+current+" av 5: Xledger")' in code
    assert '("Step "+current+" of 5: Xledger")' in code


def test_a_translated_value_is_translated_inside_its_sentence() -> None:
    code = str(t("Step {step} of {total}: {name}", step=1, total=2, name=t("Sign out")))
    assert code.count("Logg ut") > 1


def test_vars_in_a_sentence_without_translations_still_count() -> None:
    drawn = t("{first}/{second}", first=rx.Var("one"), second="two")
    assert isinstance(drawn, rx.Var)
    assert str(drawn) == '(one+"/two")'
