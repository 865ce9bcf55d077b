"""The few things only the browser can do: follow the language, move the focus, open dialogs."""

from typing import Any

import reflex as rx

from integration_admin.states.language import LanguageState


class FollowLanguage(rx.Fragment):
    """Keeps the document's `lang` the language its texts are in, for screen readers and hyphenation."""

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[rx.Var]:
        """Set the attribute whenever the language changes."""
        language = LanguageState.language
        code = f"useEffect(() => {{ document.documentElement.lang = {language} }}, [{language}])"
        return [rx.Var(code, _var_data=language._get_all_var_data())]  # noqa: SLF001  # Reflex's own way


class FocusOnNavigation(rx.Fragment):
    """Moves the focus to the new page's content, as a full page load would; otherwise it is lost silently."""

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect", "useRef"], "react-router": ["useLocation"]}

    def add_hooks(self) -> list[str]:
        """Focus `main` on every change of address but the first; the wizard's steps differ in the query."""
        return [
            "const { pathname, search } = useLocation()",
            "const lastAddress = useRef(pathname + search)",
            """useEffect(() => {
              if (lastAddress.current === pathname + search) return;
              lastAddress.current = pathname + search;
              document.getElementById("main")?.focus();
            }, [pathname, search])""",
        ]


class DialogButtons(rx.Fragment):
    """Opens and closes dialogs in browsers that do not know `command` and `commandfor` yet."""

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[str]:
        """Listen on the whole document, and only where the browser needs it."""
        return [
            """useEffect(() => {
              if ("command" in HTMLButtonElement.prototype) return;
              const act = (event) => {
                const button = event.target.closest?.("button[commandfor]");
                const dialog = button && document.getElementById(button.getAttribute("commandfor"));
                if (!dialog) return;
                if (button.getAttribute("command") === "show-modal") dialog.showModal(); else dialog.close();
              };
              document.addEventListener("click", act);
              return () => document.removeEventListener("click", act);
            }, [])"""
        ]


class FocusWhen(rx.Fragment):
    """Moves the focus to an element each time the var is set to something that is not empty."""

    element: rx.Var[str]
    when: rx.Var[list[Any]]

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[rx.Var]:
        """Compare by identity: a form refused twice for the same reason takes the focus twice."""
        code = (
            f"useEffect(() => {{ if ({self.when}?.length) document.getElementById({self.element})?.focus() }},"
            f" [{self.when}])"
        )
        return [rx.Var(code, _var_data=self.when._get_all_var_data())]  # noqa: SLF001  # Reflex's own way

    def _exclude_props(self) -> list[str]:
        """Keep both from the fragment, which takes no properties."""
        return ["element", "when"]
