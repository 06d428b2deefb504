"""
The four runs of the golden files, and how those are written anew.

The footprints are kept with the documents, so that neither new tables nor a new engine change what is compared here.
After a wanted change: `python -m tests.reports.disclosures.golden_runs`, then read the difference beside the rules.
"""

import json
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from estimator.core.footprint import Footprint
from estimator.core.inputs import Workload
from reports.disclosures import FORMATS, DisclosureDetails, details_from, disclose

GOLDEN: Final = Path(__file__).parent / "golden"
RUNS: Final = ("bert_base", "training_70b", "fine_tune", "service")


class Run(NamedTuple):
    workload: Workload
    footprint: Footprint
    details: DisclosureDetails


@cache
def run(name: str) -> Run:
    """One of the four, as it was computed; read once, as nothing in it can be changed."""
    kept = json.loads((GOLDEN / name / "run.json").read_text())
    details, problems = details_from(kept["details"], **kept["known"])
    assert not problems
    return Run(Workload.model_validate(kept["inputs"]), Footprint.model_validate(kept["footprint"]), details)


def golden_file(name: str, format_name: str) -> Path:
    return GOLDEN / name / f"{format_name}.{FORMATS[format_name].extension}"


def write_documents() -> None:
    for name in RUNS:
        one = run(name)
        for format_name in FORMATS:
            made = disclose(format_name, workload=one.workload, footprint=one.footprint, details=one.details)
            golden_file(name, format_name).write_bytes(made.content.encode())


if __name__ == "__main__":
    write_documents()
