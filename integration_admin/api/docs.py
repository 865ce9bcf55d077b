"""The API's documentation as one plain page without scripts, written from the OpenAPI document itself."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

_Document = dict[str, Any]


def docs_page(document: _Document) -> str:
    """Return the page as HTML."""
    info = document["info"]
    operations = [
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [
        f"<h3 id='{escape(name)}'>{escape(name)}</h3><p>{escape(schema.get('description', ''))}</p>"
        f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"
        for name, schema in sorted(document["components"]["schemas"].items())
    ]
    title = escape(info["title"])
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<link rel='stylesheet' href='/app.css'></head>"
        f"<body><main class='app-main'><h1>{title}</h1><p>{escape(info['description'])}</p>"
        "<p>The same as a machine reads it: <a href='/api/openapi.json'>OpenAPI 3.1</a></p>"
        f"{''.join(operations)}<h2>Shapes</h2>{''.join(schemas)}</main></body></html>"
    )


def _operation(method: str, path: str, operation: _Document) -> str:
    return (
        f"<section><h2>{escape(operation['summary'])}</h2><p><code>{method.upper()} {escape(path)}</code></p>"
        f"<p>{escape(operation.get('description', ''))}</p>"
        f"<dl>{''.join(_parameters(operation))}{''.join(_responses(operation))}</dl></section>"
    )


def _parameters(operation: _Document) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        about = parameter.get("description", "")
        place = f"{parameter['in']}{'' if parameter.get('required') else ', optional'}"
        yield f"<dt><code>{escape(parameter['name'])}</code> ({escape(place)})</dt><dd>{escape(about)}</dd>"
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<dt>Body, {escape(kind)}</dt><dd>{_names(body['schema'])}</dd>"


def _responses(operation: _Document) -> Iterator[str]:
    for status, response in operation["responses"].items():
        shapes = [_names(body["schema"]) for body in response.get("content", {}).values() if body]
        yield f"<dt>{escape(status)} {escape(response['description'])}</dt><dd>{', '.join(shapes)}</dd>"


def _names(schema: Any) -> str:
    """Link to every shape a schema mentions."""
    names = sorted(set(_references(schema)))
    return ", ".join(f"<a href='#{escape(name)}'>{escape(name)}</a>" for name in names)


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)
    elif isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for part in schema.values():
            yield from _references(part)
