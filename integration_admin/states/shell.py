"""What the page shell shows on every page. The sign-in sets it; nothing is decided here."""

import reflex as rx


class ShellState(rx.State):
    """Who is signed in, for which organisation, and the one notice or problem shown above the page."""

    organisation: str = ""
    person: str = ""
    administers: bool = False
    """Whether the person administers the organisation; only then the menu leads to what is theirs alone."""
    notice: str = ""
    """Good news, translated: shown, and announced politely."""
    problem: str = ""
    """Bad news, translated: shown, and announced at once."""
