"""What the page shell shows on every page. The sign-in sets it; nothing is decided here."""

import reflex as rx


class ShellState(rx.State):
    """Who is signed in, for which organisation, and the one notice or problem shown above the page."""

    organisation: str = ""
    person: str = ""
    notice: str = ""
    """Good news, translated: shown, and announced politely."""
    problem: str = ""
    """Bad news, translated: shown, and announced at once."""
