"""The few things only the browser can do: draw in slices, follow the language, move the focus, open dialogs, read files."""

from typing import Any
from zlib import crc32

import reflex as rx
from reflex.vars import VarData

from integration_admin.states.language import LanguageState


def in_slices(when: rx.Var[bool]) -> rx.Var[bool]:
    """Return `when` for a large part of a page: what is drawn once it is true is drawn a few milliseconds at a time.

    Drawn at once it would keep a phone from answering until all of it is there. Use it for everything that
    appears together, or what stands below comes first and is pushed down.
    """
    name = f"sliced_{crc32(str(when).encode()):x}"
    hook = VarData(
        hooks=f"const {name} = useDeferredValue({when!s})", imports={"react": ["useDeferredValue"]}
    )
    data = VarData.merge(data_of(when), hook)
    return rx.Var(name, _var_data=data).to(bool)


def ready_here(state: Any) -> rx.Var[bool]:
    """Return whether a state has read what the address is about, by the id of its integration.

    Until then it has what the tab showed last, which may be another integration's.
    """
    place = VarData(
        hooks="const { pathname: shownPath, search: shownQuery } = useLocation()",
        imports={"react-router": ["useLocation"]},
    )
    about = (state.ready, state.integration_id)
    data = VarData.merge(data_of(*about), place)
    code = f"({state.ready!s} && (shownPath + shownQuery).includes({state.integration_id!s}))"
    return rx.Var(code, _var_data=data).to(bool)


def data_of(*vars_: rx.Var[Any]) -> VarData | None:
    """Return what a hook that uses these vars needs."""
    return VarData.merge(*(var._get_all_var_data() for var in vars_))  # noqa: SLF001  # Reflex's own way


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


class SayNewVersion(rx.Fragment):
    """Puts what Reflex says of a new version of the program, in English and past the state, into the reader's words.

    It says so where loading the page again has brought the old one once more, out of some cache.
    """

    words: rx.Var[str]
    again: rx.Var[str]

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[rx.Var]:
        """Watch for the banner, which stands beside everything that is drawn here."""
        code = f"""useEffect(() => {{
          const say = () => {{
            const banner = document.getElementById("reflex-new-version-banner");
            if (!banner) return;
            banner.firstChild.textContent = {self.words};
            banner.querySelector("button").textContent = {self.again};
          }};
          const watch = new MutationObserver(say);
          watch.observe(document.body, {{ childList: true }});
          say();
          return () => watch.disconnect();
        }}, [{self.words}, {self.again}])"""
        return [rx.Var(code, _var_data=data_of(self.words, self.again))]

    def _exclude_props(self) -> list[str]:
        """Keep both from the fragment, which takes no properties."""
        return ["words", "again"]


class FocusOnNavigation(rx.Fragment):
    """Moves the focus to the new page's heading, so that it is read out; otherwise it is lost silently."""

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect", "useRef"], "react-router": ["useLocation"]}

    def add_hooks(self) -> list[str]:
        """Act on every change of address but the first; the wizard's steps differ in the query.

        A heading that is still empty, because it shows a name the server knows, takes the focus once
        it has its words, unless somebody has moved on by then.
        """
        return [
            "const { pathname, search } = useLocation()",
            "const lastAddress = useRef(pathname + search)",
            """useEffect(() => {
              if (lastAddress.current === pathname + search) return;
              lastAddress.current = pathname + search;
              const main = document.getElementById("main");
              const heading = () => main?.querySelector("h1");
              if (heading()?.textContent) return heading().focus();
              main?.focus();
              const watch = new MutationObserver(() => {
                if (document.activeElement !== main) return watch.disconnect();
                if (!heading()?.textContent) return;
                watch.disconnect();
                heading().focus();
              });
              if (main) watch.observe(main, { childList: true, characterData: true, subtree: true });
              return () => watch.disconnect();
            }, [pathname, search])""",
        ]


class FindLostFocus(rx.Fragment):
    """Moves the focus to the nearest heading when what had it is gone, such as the row of what was just removed.

    Where it was the button that shows more of a list, and all of it is shown now, the first entry that came takes it.
    Browsers put it at the top of the page, where the keyboard begins anew and nothing is read out.
    """

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[str]:
        """Look after the page is painted: by then whatever moves the focus on purpose has done so."""
        return [
            """useEffect(() => {
              let way = [];
              let address = "";
              const note = ({ target }) => {
                way = [];
                address = location.href;
                for (let at = target; at && at !== document.body; at = at.parentElement) way.push(at);
              };
              let more = {};
              const listed = (button) => [...document.querySelectorAll(`main ${button.dataset.more}`)];
              const press = ({ target }) => {
                const button = target.closest?.("[data-more]");
                if (!button) return;
                const above = (one) => one.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING;
                const all = listed(button);
                more = { button, shown: all.filter(above).length, all: all.length };
              };
              const came = () => {
                const all = more.button === way[0] ? listed(more.button) : [];
                const first = all.length > more.all ? all[more.shown] : null;
                return first ? (first.querySelector("h3, a") ?? first.firstElementChild) : null;
              };
              const isLost = () => way.length > 0 && !way[0].isConnected && document.activeElement === document.body;
              const find = () => {
                if (!isLost() || location.href !== address) return;
                const left = [...way.filter((one) => one.isConnected), document.getElementById("main")];
                const headings = left.flatMap((one) => [...(one?.querySelectorAll("h1, h2, h3") ?? [])]);
                const nearest = came() ?? headings.find((one) => one.checkVisibility());
                if (!nearest?.matches("a")) {
                  nearest?.classList.add("ds-focus");
                  nearest?.setAttribute("tabindex", "-1");
                }
                nearest?.focus();
              };
              const watch = new MutationObserver(() => {
                if (isLost()) requestAnimationFrame(() => setTimeout(find));
              });
              document.addEventListener("focusin", note);
              document.addEventListener("click", press, true);
              watch.observe(document.body, { childList: true, subtree: true });
              return () => {
                watch.disconnect();
                document.removeEventListener("focusin", note);
                document.removeEventListener("click", press, true);
              };
            }, [])"""
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


class RefuseUnfinishedDates(rx.Fragment):
    """Sends a date that was begun and not finished as what it is, no date, so that it is refused.

    Browsers send nothing for it, as for a field that was left empty on purpose.
    """

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[str]:
        """Listen on the whole document, for whenever a form's values are gathered."""
        return [
            """useEffect(() => {
              const refuse = ({ target, formData }) => target.querySelectorAll("input[type=date]").forEach((field) => {
                if (field.validity.badInput) formData.set(field.name, "?");
              });
              document.addEventListener("formdata", refuse);
              return () => document.removeEventListener("formdata", refuse);
            }, [])"""
        ]


class PackFiles(rx.Fragment):
    """Reads what is chosen in a file field, and puts it packed into the hidden field that `data-packed` names.

    Packed is gzip written as base64: what a form sends must stay small. Of the sentences beside the field, the
    one about what happened is shown.
    """

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[str]:
        """Listen on the whole document; several file fields of a page share it."""
        return [
            """useEffect(() => {
              const pack = async (file) => {
                const stream = file.stream().pipeThrough(new CompressionStream("gzip"));
                const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
                let text = "";
                for (let at = 0; at < bytes.length; at += 8192) {
                  text += String.fromCharCode(...bytes.subarray(at, at + 8192));
                }
                return btoa(text);
              };
              const read = async ({ target }) => {
                const packed = document.getElementById(target.dataset?.packed);
                if (!packed) return;
                const say = (what) => target.closest(".ds-field").querySelectorAll("[data-news]")
                  .forEach((news) => { news.hidden = news.dataset.news !== what; });
                const { mostBytes, mostPacked } = target.dataset;
                const file = target.files[0];
                packed.value = "";
                say("");
                if (!file) return;
                if (file.size > mostBytes) return say("large");
                try {
                  const text = await pack(file);
                  if (target.files[0] !== file) return;
                  if (text.length > mostPacked) return say("large");
                  packed.value = text;
                  say("ready");
                } catch {
                  say("unreadable");
                }
              };
              document.addEventListener("change", read);
              return () => document.removeEventListener("change", read);
            }, [])"""
        ]


class FocusFirstWrong(rx.Fragment):
    """Moves the focus to the first wrong field of a refused form, or to the summary where no field is wrong.

    `times` grows with each refusal: of errors that stay the same the browser is told nothing.
    """

    errors: rx.Var[list[dict[str, str]]]
    times: rx.Var[int]

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[rx.Var]:
        """Take the fields in the page's order, and unfold what the first one is folded away in."""
        code = f"""useEffect(() => {{
          if (!{self.errors}?.length) return;
          const [first] = {self.errors}.map(({{ field }}) => document.getElementById(field)).filter(Boolean)
            .sort((one, other) => one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);
          for (let at = first; at; at = at.parentElement) if (at.localName === "details") at.open = true;
          (first ?? document.getElementById("error-summary"))?.focus();
        }}, [{self.errors}, {self.times}])"""
        return [rx.Var(code, _var_data=data_of(self.errors, self.times))]

    def _exclude_props(self) -> list[str]:
        """Keep both from the fragment, which takes no properties."""
        return ["errors", "times"]


class FocusWhen(rx.Fragment):
    """Moves the focus to an element each time the var becomes something else that is not empty.

    Where it may be set to the same once more, `times` grows with each time: of what stays the same the browser is
    told nothing.
    """

    element: rx.Var[str]
    when: rx.Var[list[Any]]
    times: rx.Var[int]

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[rx.Var]:
        """Act on what has changed and is not empty."""
        news = [self.when] if self.times is None else [self.when, self.times]
        code = (
            f"useEffect(() => {{ if ({self.when}?.length) document.getElementById({self.element})?.focus() }},"
            f" [{', '.join(map(str, news))}])"
        )
        return [rx.Var(code, _var_data=data_of(*news))]

    def _exclude_props(self) -> list[str]:
        """Keep them from the fragment, which takes no properties."""
        return ["element", "when", "times"]


class ShowWhen(rx.Fragment):
    """Brings an element into sight each time the var changes; the focus stays where it is."""

    element: rx.Var[str]
    when: rx.Var[int]

    def add_imports(self) -> dict[str, list[str]]:
        """Import what the hook uses."""
        return {"react": ["useEffect"]}

    def add_hooks(self) -> list[rx.Var]:
        """Scroll no further than needed: what is in sight stays where it is."""
        code = (
            f"useEffect(() => {{ document.getElementById({self.element})?.scrollIntoView({{ block: 'nearest' }}) }},"
            f" [{self.when}])"
        )
        return [rx.Var(code, _var_data=self.when._get_all_var_data())]  # noqa: SLF001  # Reflex's own way

    def _exclude_props(self) -> list[str]:
        """Keep both from the fragment, which takes no properties."""
        return ["element", "when"]
