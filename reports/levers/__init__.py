"""
A page for each lever: what it is, when it helps and hurts, what was found about it, and one example.

No web here: texts are English templates that the page translates, and the examples are computed by the core.
"""

from reports.levers.evidence import EvidenceRow, EvidenceTable, evidence_tables
from reports.levers.examples import EXAMPLES, Example, example_of
from reports.levers.texts import TEXTS, LeverText

__all__ = [
    "EXAMPLES",
    "TEXTS",
    "EvidenceRow",
    "EvidenceTable",
    "Example",
    "LeverText",
    "evidence_tables",
    "example_of",
]
