"""What the build does so that pages are seen before their scripts have arrived."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from integration_admin.commands.first_paint import PrerenderEveryPage, StylesFirst


@dataclass
class Page:
    route: str


def prepared(*routes: str) -> tuple[PrerenderEveryPage, Callable[[str], str]]:
    plugin = PrerenderEveryPage()
    tasks: dict[str, Callable[[str], str]] = {}
    pages = [Page(route) for route in routes]
    plugin.pre_compile(unevaluated_pages=pages, add_modify_task=tasks.__setitem__)
    return plugin, tasks["react-router.config.js"]


def test_pages_with_an_id_in_their_address_are_prerendered_too() -> None:
    _, configured = prepared("a", "a/[id]", "a/[id]/runs/[run]")
    assert configured('{"prerender": true, "ssr": false}') == (
        '{"prerender": ({ getStaticPaths }) => [...getStaticPaths(), "/a/_", "/a/_/runs/_"], "ssr": false}'
    )
    assert configured('{"ssr": false}') == '{"ssr": false}'


def test_a_page_that_was_not_prerendered_stops_the_build(tmp_path: Path) -> None:
    plugin, _ = prepared("a/[id]")
    with pytest.raises(RuntimeError, match="Not prerendered: /a/_"):
        plugin.post_build(static_dir=tmp_path)
    (tmp_path / "a" / "_").mkdir(parents=True)
    (tmp_path / "a" / "_" / "index.html").touch()
    plugin.post_build(static_dir=tmp_path)


def test_scripts_wait_for_the_style_sheet(tmp_path: Path) -> None:
    page = tmp_path / "a" / "index.html"
    page.parent.mkdir()
    page.write_text('<link rel="modulepreload" href="/a.js"/><link rel="stylesheet" href="/a.css"/>')
    StylesFirst().post_build(static_dir=tmp_path)
    assert page.read_text() == (
        '<link rel="modulepreload" fetchpriority="low" href="/a.js"/><link rel="stylesheet" href="/a.css"/>'
    )


def test_a_page_without_the_known_links_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>Another React Router</p>")
    with pytest.raises(RuntimeError, match="names no scripts"):
        StylesFirst().post_build(static_dir=tmp_path)
