"""The demo organisation's dimensions, tax rules, currencies and people, in our own words.

The two entities put their dimensions into different glObject slots on purpose.
"""

from typing import NamedTuple

TAX_RULE = 14
COST_CENTRE = 30
PROJECT = 31
ACTIVITY = 1042

OBJECT_KINDS: tuple[tuple[int, str, str], ...] = (
    (TAX_RULE, "TAX_RULE", "Avgiftsregel"),
    (COST_CENTRE, "COST_CENTRE", "Kostnadssted"),
    (PROJECT, "PROJECT", "Prosjekt"),
    (ACTIVITY, "ACTIVITY", "Aktivitet"),
)
"""dbId, name, description. 14, 30 and 31 are seen in public code (facts S7, S8, S11); only the name
TAX_RULE is."""

SLOTS: dict[str, tuple[int, ...]] = {
    "main": (COST_CENTRE, PROJECT, ACTIVITY),
    "branch": (PROJECT, COST_CENTRE),
}
"""What glObject1, glObject2 and so on mean in each entity."""


class Value(NamedTuple):
    """One code of a dimension; an empty date is an open end."""

    code: str
    description: str
    date_from: str = "2020-01-01"
    date_to: str = ""
    posting: bool = True
    open: bool = True
    entity: str = "main"


COST_CENTRES = (
    Value("10", "Sum felles", posting=False),
    Value("100", "Sekretariat"),
    Value("110", "Økonomi og personal"),
    Value("120", "Kommunikasjon"),
    Value("130", "Styret"),
    Value("200", "Interessepolitikk"),
    Value("210", "Likepersoner"),
    Value("220", "Rehabilitering"),
    Value("230", "Ungdom"),
    Value("240", "Kurs og opplæring"),
    Value("250", "Universell utforming"),
    Value("260", "Rådgivning om assistanse"),
    Value("270", "Hjelpemidler"),
    Value("280", "Medlemsblad", date_to="2025-12-31"),
    Value("290", "Gammel avdeling", open=False),
    Value("310", "Fylkeslag Oslo", entity="branch"),
)

PROJECTS = (
    Value("P-10", "Drift"),
    Value("P-11", "Likepersonskurs"),
    Value("P-12", "Likepersonsamling"),
    Value("P-13", "Rehabiliteringsuke"),
    Value("P-14", "Ungdomsleir"),
    Value("P-15", "Tilgjengelige nettsider"),
    Value("P-16", "Digital hjelp til eldre"),
    Value("P-17", "Politisk konferanse"),
    Value("P-20", "Bedre bad", date_to="2024-12-31"),
    Value("P-21", "Avsluttet prosjekt", open=False),
    Value("P-30", "Sum prosjekter", posting=False),
    Value("F-01", "Medlemskvelder", entity="branch"),
)

ACTIVITIES = (
    Value("KURS", "Kurs"),
    Value("LIKE", "Likepersonsarbeid"),
    Value("REHAB", "Rehabilitering"),
    Value("ADM", "Administrasjon"),
)


class TaxRule(NamedTuple):
    """One of Xledger's own tax rules (not a SAF-T code), its rate in percent and its account."""

    code: str
    description: str
    percent: str
    account: str = ""
    open: bool = True


TAX_RULES = (
    TaxRule("1", "Uten mva", "0.00"),
    TaxRule("2", "Mva på kjøp 25 %", "25.00", "2710"),
    TaxRule("21", "Mva på kjøp 15 %", "15.00", "2711"),
    TaxRule("22", "Mva på kjøp 12 %", "12.00", "2713"),
    TaxRule("208", "Tjenester fra utlandet, fradrag", "25.00", "2710"),
    TaxRule("209", "Tjenester fra utlandet, uten fradrag", "25.00"),
    TaxRule("23", "Mva på kjøp, gammel sats", "10.00", "2713", open=False),
)

CURRENCIES = (
    ("NOK", "Norske kroner"),
    ("EUR", "Euro"),
    ("SEK", "Svenske kroner"),
    ("DKK", "Danske kroner"),
    ("USD", "Amerikanske dollar"),
)

PEOPLE = (
    ("V-101", "Kari Nordmann"),
    ("V-102", "Ola Nordmann"),
    ("V-103", "Ingrid Eksempel"),
    ("V-104", "Jonas Eksempel"),
    ("V-105", "Amina Prøvesen"),
    ("V-106", "Lars Prøvesen"),
    ("V-107", "Sunniva Testdal"),
    ("V-108", "Mikkel Testdal"),
    ("V-118", "Kari Nordmann"),
)
"""Employees and volunteers; each has a subledger with the same code."""

JOB_LEVELS = ((14501, 0, "Kladd"), (14502, 1, "Klar"))
"""dbId, dbSubId, name. dbSubId 1 is seen in Xledger's example (facts S2); what it means is not public."""

TRANSACTION_SOURCES = (
    (790, "GL", "Bilag"),
    (795, "AP", "Leverandører"),
    (797, "AR", "Kunder"),
)
"""dbId, code, description; 797 is seen in public code (facts S5), the other numbers are made up."""
