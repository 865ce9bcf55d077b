"""What going back or a reload finds again: what is typed in the wizard and not saved yet, and what a list was narrowed down to."""

import reflex as rx

from integration_admin.components.effects import data_of


class KeepTyped(rx.Fragment):
    """Keeps what is typed at a place, and types it again when the same field is drawn there with the same value.

    A field that has another value by then has been saved or changed meanwhile, and what was typed before gives way.
    Passwords, files and boxes to tick are never kept: secrets stay nowhere, and a confirmation is given anew.
    """

    place: rx.Var[str]
    """What the words belong to; empty for nothing."""

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[rx.Var]:
        """Watch the page's main part: fields come when they have been read, or when another one has been chosen.

        React takes what is typed again for somebody's own only when the browser's setter is called past its own.
        """
        code = f"""useEffect(() => {{
          const main = document.getElementById("main");
          if (!main || !{self.place}) return;
          const place = `typed:${{{self.place}}}`;
          const fields = "form :is(input[type=text], select, textarea)[name]";
          const kept = JSON.parse(sessionStorage.getItem(place) ?? "{{}}");
          const found = new WeakMap();
          const retype = (field) => {{
            if (found.has(field)) return;
            found.set(field, field.value);
            const [before, typed] = kept[field.name] ?? [];
            if (typed === undefined || before !== field.value) return;
            Reflect.set(Object.getPrototypeOf(field), "value", typed, field);
            for (const type of ["input", "change", "focusout"]) field.dispatchEvent(new Event(type, {{ bubbles: true }}));
          }};
          const keep = ({{ target }}) => {{
            if (!target.matches(fields) || target.value.length > 2000) return;
            kept[target.name] = [found.get(target) ?? target.value, target.value];
            sessionStorage.setItem(place, JSON.stringify(kept));
          }};
          const look = () => main.querySelectorAll(fields).forEach(retype);
          const watch = new MutationObserver(look);
          watch.observe(main, {{ childList: true, subtree: true }});
          main.addEventListener("input", keep);
          look();
          return () => {{
            watch.disconnect();
            main.removeEventListener("input", keep);
          }};
        }}, [{self.place}])"""
        return [rx.Var(code, _var_data=self.place._get_all_var_data())]  # noqa: SLF001  # Reflex's own way

    def _exclude_props(self) -> list[str]:
        """Keep it from the fragment, which takes no properties."""
        return ["place"]


class KeepInAddress(rx.Fragment):
    """Keeps in the address what a list was narrowed down to, so that going back, or reading it again, finds it so.

    It stays the same entry of the browser's history: going back leaves the page.
    """

    query: rx.Var[str]
    """What stands after the question mark; empty for nothing."""

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect", "useRef"]}

    def add_hooks(self) -> list[rx.Var]:
        """Write each change but the first drawing, which may show what the tab held before the page was read."""
        code = f"""const isDrawn = useRef(false)
        useEffect(() => {{
          if (isDrawn.current) {{
            const query = {self.query} ? `?${{{self.query}}}` : "";
            if (location.search !== query) history.replaceState(history.state, "", location.pathname + query);
          }}
          isDrawn.current = true;
        }}, [{self.query}])"""
        return [rx.Var(code, _var_data=data_of(self.query))]

    def _exclude_props(self) -> list[str]:
        """Keep it from the fragment, which takes no properties."""
        return ["query"]
