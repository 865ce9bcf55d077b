"""Small drawings beside words. They are decoration: the word next to one says the same."""

import reflex as rx

_PATHS = {
    "info": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM12 11v6M12 7v.5",
    "success": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM7.5 12.5l3 3 6-7",
    "warning": "M12 3 2 21h20L12 3ZM12 10v5M12 18v.5",
    "danger": "M8 2h8l6 6v8l-6 6H8l-6-6V8l6-6ZM9 9l6 6M15 9l-6 6",
    "waiting": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM12 6v6l4 2",
    "question": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM9 9.5a3 3 0 1 1 4 2.8c-.7.3-1 .7-1 1.7M12 17v.5",
    "pause": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM9.5 8v8M14.5 8v8",
    "stop": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20ZM9 9h6v6H9V9Z",
    "running": "M21 12a9 9 0 1 1-3-6.7M21 3v5h-5",
    "person": "M12 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4 21c0-4 3.5-7 8-7s8 3 8 7",
}


def icon(name: str) -> rx.Component:
    """Draw one of the named icons at the size of the text, hidden from screen readers."""
    return rx.el.svg(
        rx.el.path(d=_PATHS[name]),
        class_name="app-icon",
        view_box="0 0 24 24",
        custom_attrs={"aria-hidden": "true", "focusable": "false"},
    )
