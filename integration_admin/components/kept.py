"""What going back or a reload finds again: what is typed and not saved yet, and what a list was narrowed down to."""

import reflex as rx
from reflex.vars import VarData

from integration_admin.components.effects import data_of


class KeepTyped(rx.Fragment):
    """Keeps what is typed at a place, and types it again when the same field is drawn there with the same value.

    A field that has another value by then has been saved or changed meanwhile, and what was typed before gives way.
    Passwords, files and addresses are never kept: secrets are stored nowhere, see CarrySecrets. Nor are boxes to tick,
    where they confirm something: that is done anew.
    """

    place: rx.Var[str]
    """What the words belong to; empty for nothing."""
    boxes: rx.Var[bool] = rx.Var.create(False)  # noqa: FBT003, a property
    """Whether boxes to tick are kept too: here they confirm nothing."""
    until_left: rx.Var[bool] = rx.Var.create(False)  # noqa: FBT003, a property
    """Whether going elsewhere throws away what was typed, and so does what draws a form anew on purpose."""

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[rx.Var]:
        """Watch the page's main part: fields come when they have been read, or when another one has been chosen.

        React takes what is typed again for somebody's own only when the browser's setter is called past its own.
        What is drawn anew after a press of one's own, without having been read anew, is meant to be as it is drawn.
        """
        code = f"""useEffect(() => {{
{self._keeping()}
{self._watching()}
        }}, [{self.place}])"""
        return [rx.Var(code, _var_data=data_of(self.place))]

    def _keeping(self) -> str:
        """Return what reads and writes the fields, and what is kept of them."""
        return f"""          const main = document.getElementById("main");
          if (!main || !{self.place}) return;
          const place = `typed:${{{self.place}}}`;
          const typing = "form :is(input[type=text], input[type=email], select, textarea)[name]:not([readonly])";
          const fields = {self.boxes} ? `${{typing}}, form input[type=checkbox][name]` : typing;
          const kept = JSON.parse(sessionStorage.getItem(place) ?? "{{}}");
          const shown = new WeakMap();
          let isRead = true;
          const store = () => sessionStorage.setItem(place, JSON.stringify(kept));
          const valueOf = (field) => field.type === "checkbox" ? String(field.checked) : field.value;
          const type = (field, value) => {{
            if (field.type === "checkbox") return field.click();
            Reflect.set(Object.getPrototypeOf(field), "value", value, field);
            for (const type of ["input", "change", "focusout"]) field.dispatchEvent(new Event(type, {{ bubbles: true }}));
          }};
          const retype = (field) => {{
            if (shown.has(field)) return;
            const value = valueOf(field);
            const [before, typed] = kept[field.name] ?? [[]];
            shown.set(field, [value]);
            if (typed === undefined) return;
            if ({self.until_left} && !isRead) {{
              delete kept[field.name];
              store();
            }} else if (before.includes(value)) {{
              shown.set(field, before);
              if (typed !== value) type(field, typed);
            }}
          }};
          const keep = ({{ target }}) => {{
            if (!target.matches(fields) || target.value.length > 2000) return;
            kept[target.name] = [shown.get(target) ?? [], valueOf(target)];
            store();
          }};
          const send = ({{ target }}) => target.querySelectorAll(fields).forEach((field) => {{
            shown.get(field)?.push(valueOf(field));
          }});
          const act = ({{ isTrusted }}) => {{
            // What is pressed while the connection is lost is answered by what the page is read anew with.
            if (isTrusted && !document.querySelector(".app-connection .ds-alert")) isRead = false;
          }};
          const look = () => {{
            if (main.querySelector("[aria-busy=true]")) isRead = true;
            main.querySelectorAll(fields).forEach(retype);
          }};"""

    def _watching(self) -> str:
        """Return what calls it as the page changes, until it is left."""
        return f"""          const watch = new MutationObserver(look);
          watch.observe(main, {{ attributeFilter: ["aria-busy"], childList: true, subtree: true }});
          main.addEventListener("input", keep);
          main.addEventListener("submit", send, true);
          main.addEventListener("click", act, true);
          look();
          return () => {{
            watch.disconnect();
            main.removeEventListener("input", keep);
            main.removeEventListener("submit", send, true);
            main.removeEventListener("click", act, true);
            if ({self.until_left}) sessionStorage.removeItem(place);
          }};"""

    def _exclude_props(self) -> list[str]:
        """Keep them from the fragment, which takes no properties."""
        return ["place", "boxes", "until_left"]


def keep_typed_here(*, boxes: bool = False) -> rx.Component:
    """Keep what is typed on a page through a restart of the server and a reload, until the page is left."""
    place = VarData(
        hooks="const { pathname: shownPath, search: shownQuery } = useLocation()",
        imports={"react-router": ["useLocation"]},
    )
    return KeepTyped.create(place=rx.Var("shownPath", _var_data=place).to(str), boxes=boxes, until_left=True)


class CarrySecrets(rx.Fragment):
    """Types a secret again where its field is drawn anew before it was sent, as it is once the server is back.

    Only the open page remembers it, as its field does, until it is sent or the address changes; it is stored nowhere.
    """

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[str]:
        """Watch the page's main part for as long as it is shown."""
        return [_CARRYING]


_CARRYING = """useEffect(() => {
  const main = document.getElementById("main");
  if (!main) return;
  const secrets = "form input[type=password][id]";
  const typed = new Map();
  const note = ({ target }) => {
    if (target.matches(secrets)) typed.set(target.id, { field: target, place: location.href });
  };
  const send = ({ target }) => {
    // Nothing is sent while the connection is lost.
    if (document.querySelector(".app-connection .ds-alert")) return;
    target.querySelectorAll(secrets).forEach(({ id }) => typed.delete(id));
  };
  const carry = (drawn) => {
    const { field, place } = typed.get(drawn.id) ?? {};
    if (!field || field.isConnected) return;
    typed.delete(drawn.id);
    if (place !== location.href || !field.value) return;
    Reflect.set(Object.getPrototypeOf(drawn), "value", field.value, drawn);
    drawn.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const watch = new MutationObserver(() => main.querySelectorAll(secrets).forEach(carry));
  watch.observe(main, { childList: true, subtree: true });
  main.addEventListener("input", note);
  main.addEventListener("submit", send, true);
  return () => {
    watch.disconnect();
    main.removeEventListener("input", note);
    main.removeEventListener("submit", send, true);
  };
}, [])"""


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
