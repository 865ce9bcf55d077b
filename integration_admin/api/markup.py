"""HTML that cannot be broken by what is put into it: text is escaped unless it was made here."""

from html import escape


class Markup(str):
    """HTML that is finished; any other text is escaped when it is put inside."""

    __slots__ = ()


Content = str | Markup | None
_VOID = frozenset({"br", "input", "link", "meta"})


def tag(name: str, /, *children: Content, **attributes: str | bool | None) -> Markup:
    """Return an element. A trailing underscore of an attribute's name goes, the others become dashes.

    True writes a bare attribute, False and None leave it out; children that are None are left out too.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*parts: Content) -> Markup:
    """Put pieces after each other, each escaped unless it is finished."""
    return Markup("".join(_safe(part) for part in parts if part is not None))


def _safe(part: str | Markup) -> str:
    return part if isinstance(part, Markup) else escape(part)


def _attribute(key: str, value: str | bool | None) -> str:  # noqa: FBT001, an attribute may be bare
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value)}"'
