"""The documents of four runs, as they were read beside their rules."""

import pytest

from reports.disclosures import FORMATS, disclose
from tests.reports.disclosures.golden_runs import RUNS, golden_file, run


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", RUNS)
def test_documents_are_those_that_were_reviewed(name: str, format_name: str) -> None:
    one = run(name)
    made = disclose(format_name, workload=one.workload, footprint=one.footprint, details=one.details)
    assert made.content == golden_file(name, format_name).read_bytes().decode()


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_same_run_gives_the_same_document(format_name: str) -> None:
    one = run("training_70b")
    made = [disclose(format_name, workload=one.workload, footprint=one.footprint, details=one.details) for _ in "12"]
    assert made[0] == made[1]


def test_what_is_complete_lacks_nothing_but_a_direct_factor() -> None:
    """The 70B run answers every question; only the grid's factor is not one of generation alone."""
    one = run("training_70b")
    lacks = {
        (name, missing.field)
        for name in FORMATS
        for missing in disclose(name, workload=one.workload, footprint=one.footprint, details=one.details).missing
    }
    assert lacks == {("ghg-protocol", "grid_intensity_gco2e_per_kwh")}
