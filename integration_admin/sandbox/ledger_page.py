"""The page a person sees on a sandbox: what has been booked, as one table in Norwegian bokmål."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

SHOWN = 200
"""How many vouchers the page has room for, newest first."""

_PAGE = """<!doctype html>
<html lang="nb">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.125rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem;
  color: #1b2733; background: #fff; }}
.rull {{ overflow-x: auto; }}
.rull:focus-visible {{ outline: 3px solid #0b5bd3; outline-offset: 2px; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: start; padding-block: .5rem; font-weight: 600; }}
th, td {{ text-align: start; vertical-align: top; padding: .5rem .75rem; border-bottom: 1px solid #6b7785; }}
.tall {{ text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; }}
ul {{ margin: 0; padding-inline-start: 1.25rem; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>Dette er et simulert system for demonstrasjon og test. Ingenting her er ekte regnskap.</p>
<p>{summary}</p>
{table}
</main>
</body>
</html>
"""

_TABLE = """<div class="rull" role="region" aria-labelledby="bokfort" tabindex="0">
<table>
<caption id="bokfort">Bokførte bilag, nyeste først</caption>
<thead><tr><th scope="col">Referanse</th><th scope="col">Dato</th><th scope="col" class="tall">Beløp</th>
<th scope="col">Linjer</th><th scope="col">Merknad</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""

_ROW = """<tr><th scope="row">{reference}</th><td>{date}</td><td class="tall">{amount}</td>
<td><ul>{lines}</ul></td><td>{remark}</td></tr>"""


def render(
    title: str, entries: Iterable[dict[str, Any]], *, vouchers: int, waiting: int, doubles: int
) -> str:
    """Return the page; `entries` are ledger entries as `/_sandbox/ledger` lists them."""
    summary = (
        f"{vouchers} bilag er bokført, {waiting} venter på å bli bokført, "
        f"og {doubles} er bokført mer enn én gang."
    )
    if vouchers > SHOWN:
        summary += f" De {SHOWN} nyeste vises."
    rows = "\n".join(_row(entry) for entry in entries)
    table = _TABLE.format(rows=rows) if rows else "<p>Ingen bilag er bokført ennå.</p>"
    return _PAGE.format(title=escape(title), summary=summary, table=table)


def _row(entry: dict[str, Any]) -> str:
    remarks = []
    if entry["count"] > 1:
        remarks.append(f"Dobbelt: referansen er bokført {entry['count']} ganger.")
    if not entry["balanced"]:
        remarks.append("Linjene går ikke i null.")
    return _ROW.format(
        reference=escape(entry["reference"] or "Uten referanse"),
        date=format_date(date.fromisoformat(entry["posted_date"]), "long", locale="nb"),
        amount=f"{_amount(entry['amount'])} {escape(entry['currency'])}",
        lines="".join(_line(line) for line in entry["lines"]),
        remark=" ".join(remarks),
    )


def _line(line: dict[str, Any]) -> str:
    words = [f"Konto {line['account']}", _amount(line["amount"])]
    if line["cost_centre"]:
        words.append(f"kostnadssted {line['cost_centre']}")
    if line["project"]:
        words.append(f"prosjekt {line['project']}")
    if line["tax_rule"]:
        words.append(f"avgiftsregel {line['tax_rule']}")
    if line["text"]:
        words.append(line["text"])
    return f"<li>{escape(', '.join(words))}</li>"


def _amount(decimal: str) -> str:
    return format_decimal(Decimal(decimal), format="#,##0.00", locale="nb")
