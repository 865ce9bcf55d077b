"""What pages are drawn with: Designsystemet on semantic HTML, the page shell, texts.

Pages write `from integration_admin import components as ui` and take everything from here.
"""

from integration_admin.components.content import (
    breadcrumbs,
    button,
    card,
    close_dialog,
    details,
    dialog,
    facts,
    heading,
    link,
    link_button,
    open_dialog,
    paragraph,
    row,
    section,
    stack,
    step_indicator,
    table,
    table_row,
)
from integration_admin.components.feedback import (
    alert,
    error_for,
    error_summary,
    live_region,
    loading,
    spinner,
)
from integration_admin.components.fields import (
    checkbox,
    drawn,
    fieldset,
    form,
    native_form,
    password_field,
    radio_group,
    select_field,
    text_area,
    text_field,
)
from integration_admin.components.file_field import FileNews, file_field
from integration_admin.components.icons import icon
from integration_admin.components.shell import page, shell
from integration_admin.components.tags import delivery_tag, integration_tag, run_tag, tag
from integration_admin.components.texts import Text, t

__all__ = [
    "FileNews",
    "Text",
    "alert",
    "breadcrumbs",
    "button",
    "card",
    "checkbox",
    "close_dialog",
    "delivery_tag",
    "details",
    "dialog",
    "drawn",
    "error_for",
    "error_summary",
    "facts",
    "fieldset",
    "file_field",
    "form",
    "heading",
    "icon",
    "integration_tag",
    "link",
    "link_button",
    "live_region",
    "loading",
    "native_form",
    "open_dialog",
    "page",
    "paragraph",
    "password_field",
    "radio_group",
    "row",
    "run_tag",
    "section",
    "select_field",
    "shell",
    "spinner",
    "stack",
    "step_indicator",
    "t",
    "table",
    "table_row",
    "tag",
    "text_area",
    "text_field",
]
