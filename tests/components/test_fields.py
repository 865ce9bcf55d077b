import re

import reflex as rx

from integration_admin import components as ui

WRONG = rx.Var("wrong").to(str)


def props_of(component: rx.Component, tag: str) -> str:
    """Return the properties of the first element with this tag, as they are compiled."""
    found = re.search(rf'jsx\("{tag}",\{{(.*?)\}}', str(component))
    assert found, f"no {tag} in {component}"
    return found[1]


def test_a_field_is_named_by_its_label_and_described_by_its_help_and_error() -> None:
    field = ui.text_field("name", "Name", help="As in the list.", error=WRONG, required=True)
    assert 'htmlFor:"name"' in props_of(field, "label")
    box = props_of(field, "input")
    assert 'id:"name"' in box
    assert '"aria-describedby":"name-help name-error"' in box
    assert '"aria-required":"true"' in box
    assert 'id:"name-help"' in str(field)
    assert 'id:"name-error"' in str(field)


def test_a_field_that_is_wrong_says_so_to_screen_readers() -> None:
    box = props_of(ui.text_field("name", "Name", error=WRONG), "input")
    assert '"aria-invalid":(isTrue(wrong) ? "true" : "false")' in box


def test_a_field_that_may_be_left_empty_says_so_in_its_label() -> None:
    assert "(valgfritt)" in str(ui.text_field("name", "Name"))
    assert "(valgfritt)" not in str(ui.text_field("name", "Name", required=True))


def test_a_field_only_the_server_knows_whether_to_demand_follows_what_it_says() -> None:
    field = ui.text_field("name", "Name", required=rx.Var("demanded").to(bool))
    assert '"aria-required":(demanded ? "true" : "false")' in props_of(field, "input")
    label = str(field).split('"Name"')[1].split('jsx("input"')[0]
    assert re.search(r"demanded\?.*\(valgfritt\)", label.replace(" ", ""), re.DOTALL)


def test_a_field_without_help_and_error_is_described_by_nothing() -> None:
    assert "aria-describedby" not in str(ui.text_field("name", "Name"))


def test_a_secret_is_never_drawn_with_a_value() -> None:
    box = props_of(ui.password_field("key", "Key"), "input")
    assert 'type:"password"' in box
    assert 'autoComplete:"off"' in box
    assert "value" not in box.lower().replace("password", "")


def test_radio_buttons_stand_under_one_legend_and_share_a_name() -> None:
    group = ui.radio_group(
        "when", "When", [("daily", "Every day"), ("hourly", "Every hour")], default_value="daily"
    )
    code = str(group)
    assert 'jsx("fieldset"' in code
    assert 'jsx("legend"' in code
    assert code.count('name:"when"') == 2
    assert 'id:"when-daily"' in code
    assert 'htmlFor:"when-daily"' in code
    assert "defaultChecked:true" in code
    assert "defaultChecked:false" in code


def test_a_native_form_is_posted_by_the_browser_itself() -> None:
    form = ui.native_form(ui.button("Go", submit=True), action="/auth/sign-out")
    code = str(form)
    assert 'action:"/auth/sign-out"' in code
    assert 'method:"post"' in code
    assert "onSubmit" not in code


def test_a_status_has_an_icon_and_a_word() -> None:
    code = str(ui.delivery_tag(rx.Var("state").to(str)))
    assert "Levert" in code
    assert 'jsx("svg"' in code


def test_bad_news_interrupts_and_good_news_waits() -> None:
    assert 'role:"alert"' in str(ui.alert("danger", "No."))
    assert 'role:"alert"' in str(ui.alert("warning", "Careful."))
    assert 'role:"status"' in str(ui.alert("success", "Yes."))


def test_a_busy_button_says_so() -> None:
    box = props_of(ui.button("Test", busy=rx.Var("busy").to(bool)), "button")
    assert '"aria-busy":busy' in box
    assert '"aria-disabled":busy' in box


def test_a_table_names_its_columns_and_rows() -> None:
    columns = ["When", "Amount"]
    row = ui.table_row(columns, "Today", "1.00", numeric=[1])
    code = str(ui.table("Runs", columns, row, numeric=[1]))
    assert code.count('scope:"col"') == 2
    assert code.count('scope:"row"') == 1
    assert 'jsx("caption"' in code


def test_each_cell_of_a_table_knows_its_column_for_where_rows_are_drawn_as_cards() -> None:
    columns = ["When", "Amount"]
    code = str(ui.table("Runs", columns, ui.table_row(columns, "Today", "1.00")))
    assert '"data-name":"When"' in code
    assert '"data-name":"Amount"' in code
    roles = ("table", "rowgroup", "row", "columnheader", "rowheader", "cell")
    assert [role for role in roles if f'role:"{role}"' not in code] == []


def test_a_file_is_sent_by_a_hidden_field_and_never_by_an_upload() -> None:
    news = ui.FileNews(ready="Ready", large="Too large", unreadable="Unreadable")
    field = ui.file_field(
        "description", "File", help="JSON", error=WRONG, news=news, accept=".json", most=(10, 20)
    )
    chosen, sent = re.findall(r'jsx\("input",\{(.*?)\}', str(field))
    assert 'type:"file"' in chosen
    assert "name:" not in chosen
    assert '"aria-describedby":"description-help description-news description-error"' in chosen
    assert 'id:"description"' in chosen
    assert '"data-packed":"description-packed"' in chosen
    assert 'type:"hidden"' in sent
    assert 'name:"description"' in sent
    assert 'id:"description-packed"' in sent
    assert str(field).count("hidden:true") == len(news.by_kind())
