"""Cloud instances as hardware: the accelerators in them, their count, and what is said about it."""

from typing import Any

import pytest

from estimator.core.factors import Factors
from estimator.core.inputs import Hardware, InputProblem, InputProblems, Location, Workload
from estimator.reference import catalogue
from estimator.reference.hardware import expanded, split_multiple
from estimator.reference.resolve import factors_for

A100_40, A100_80 = "nvidia-a100-sxm4-40gb", "nvidia-a100-sxm4-80gb"
H100, V100 = "nvidia-h100-sxm5-80gb", "nvidia-v100-sxm2-16gb"


@pytest.mark.parametrize(
    ("text", "accelerator", "count"),
    [
        ("p4d.24xlarge", A100_40, 8),
        ("P4D.24XLARGE", A100_40, 8),
        ("2 x p4d.24xlarge", A100_40, 16),
        ("2x p4d.24xlarge", A100_40, 16),
        ("3×p4de.24xlarge", A100_80, 24),
        ("p4d.24xlarge x 4", A100_40, 32),
        ("p4d.24xlarge * 4", A100_40, 32),
        ("4 p3.16xlarge", V100, 32),
        ("ml.p3.2xlarge", V100, 1),
        ("AWS p5.48xlarge", H100, 8),
        ("amazon p5en.48xlarge", "nvidia-h200-sxm-141gb", 8),
        ("p6-b200.48xlarge", "nvidia-b200-180gb", 8),
        ("g4dn.12xlarge", "nvidia-t4", 4),
        ("g5.48xlarge", "nvidia-a10g", 8),
        ("g6e.xlarge", "nvidia-l40s", 1),
        ("trn1.32xlarge", "aws-trainium", 16),
        ("inf2.48xlarge", "aws-inferentia2", 12),
        ("dl1.24xlarge", "intel-gaudi", 8),
        ("p2.xlarge", "nvidia-k80", 0.5),
        ("p2.16xlarge", "nvidia-k80", 8),
        ("g3.16xlarge", "nvidia-m60", 2),
        ("Standard_ND96asr_v4", A100_40, 8),
        ("ND96asr_v4", A100_40, 8),
        ("standard nd96asr v4", A100_40, 8),
        ("Azure Standard_ND96amsr_A100_v4", A100_80, 8),
        ("2 x Standard_ND96isr_H100_v5", H100, 16),
        ("Standard_ND96isr_MI300X_v5", "amd-instinct-mi300x", 8),
        ("Standard_NC24", "nvidia-k80", 2),
        ("Standard_NC24ads_A100_v4", "nvidia-a100-pcie-80gb", 1),
        ("a3-highgpu-8g", H100, 8),
        ("gcp a2-ultragpu-4g", A100_80, 4),
        ("Google Cloud a2-megagpu-16g", A100_40, 16),
        ("g2-standard-48", "nvidia-l4", 4),
        ("v4-8", "google-tpu-v4", 4),
        ("TPU v3-32", "google-tpu-v3", 16),
        ("tpu-v2-512", "google-tpu-v2", 256),
        ("v5litepod-8", "google-tpu-v5e", 8),
        ("TPU v5e-16", "google-tpu-v5e", 16),
        ("v5p-128", "google-tpu-v5p", 64),
        ("v6e-256", "google-tpu-v6e", 256),
        ("ct5lp-hightpu-4t", "google-tpu-v5e", 4),
    ],
)
def test_spellings_of_instances(text: str, accelerator: str, count: float) -> None:
    found = catalogue.find_hardware(text)
    assert (found.accelerator.id, found.accelerator_count) == (accelerator, count)
    for same in (found.text, found.label):
        assert catalogue.find_hardware(same) == found or catalogue.find_hardware(same).text == found.text


@pytest.mark.parametrize(
    ("text", "id_", "count"),
    [
        ("V100", V100, None),
        ("64 x V100", V100, 64),
        ("8x NVIDIA A100-SXM4-80GB", A100_80, 8),
        ("8 V100", V100, 8),
        ("RTX 4090", "nvidia-geforce-rtx-4090", None),
        ("3080 10GB", "nvidia-geforce-rtx-3080-10gb", None),  # no 3,080 of anything
        ("GTX 1080", "nvidia-geforce-gtx-1080", None),
        ("p2 GPU x2", "nvidia-k80", None),
        ("nvidia-tesla-t4", "nvidia-t4", None),
        ("nvidia-h100-80gb", H100, None),
        ("trn1", "aws-trainium", None),
    ],
)
def test_accelerators_stay_accelerators(text: str, id_: str, count: int | None) -> None:
    found = catalogue.find_hardware(text)
    assert (found.accelerator.id, found.instance, found.accelerator_count) == (id_, None, count)


def refused(text: str) -> InputProblem:
    with pytest.raises(InputProblems) as caught:
        catalogue.find_hardware(text)
    (problem,) = caught.value.problems
    assert problem.path == "hardware.accelerator"
    return problem


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("a3-highgpu", "gcp-a3-highgpu-8g"),  # four sizes
        ("p4d.24xlage", "aws-p4d-24xlarge"),
        ("Standard_ND96isr_H100_v6", "azure-nd96isr-h100-v5"),
        ("a2-highgpu-3g", "gcp-a2-highgpu-1g"),
        ("8 x RTX 6000", "nvidia-rtx-6000-ada"),  # three boards
        ("H1000", H100),
    ],
)
def test_what_is_unknown_or_several_is_asked(text: str, suggestion: str) -> None:
    assert suggestion in refused(text).suggestions
    assert all(catalogue.find_hardware(id_) for id_ in refused(text).suggestions)


def test_numbers_are_taken_off_names() -> None:
    assert split_multiple("2 x p4d.24xlarge") == (2, "p4d.24xlarge")
    assert split_multiple("p4d.24xlarge x2") == (2, "p4d.24xlarge")
    assert split_multiple("RTX 4090") == (None, "RTX 4090")
    assert split_multiple("0 x V100") == (None, "0 x V100")


def test_every_instance_is_found_by_all_its_names() -> None:
    shelf = catalogue.shelf()
    for row in shelf.cloud_instances:
        for text in (row.id, row.name, *row.aliases, f"{row.provider} {row.name}"):
            assert catalogue.find_hardware(text).instance is row, text
        board = catalogue.find_accelerator(row.accelerator).row
        assert row.accelerator_count * 2 == int(row.accelerator_count * 2)
        assert row.accelerator_count >= 1 or board.id in ("nvidia-k80", "nvidia-m60")
        if row.memory_gb and row.vcpu_count:
            assert 1 <= row.memory_gb / row.vcpu_count <= 40, row.id


def test_sizes_of_tpu_slices_count_chips() -> None:
    for row in catalogue.shelf().cloud_instances:
        if row.family.endswith("slice"):
            number = int(row.name.rpartition("-")[2])
            cores_count = 1 if row.accelerator in ("google-tpu-v5e", "google-tpu-v6e") else 2
            assert row.accelerator_count == number / cores_count, row.name


# --- what an instance does to a run -----------------------------------------------------------------------------------


def factors(location: Location | None = None, **hardware: Any) -> Factors:
    return factors_for(Workload(hardware=Hardware(**hardware), duration_h=10.0, location=location or Location()))


def test_an_instance_alone_fills_the_count_and_says_so() -> None:
    found = factors(accelerator="2 x p4d.24xlarge")
    count = found.assumptions["accelerator_count"]
    assert (count.value, count.status, count.match) == (16.0, "looked_up", "exact")
    assert count.note % count.text_params == "2 × p4d.24xlarge, with 8 × NVIDIA A100 SXM4 40GB in each."
    assert count.source_ids == ("aws-ec2-instance-types",) and "aws-ec2-instance-types" in found.sources
    assert found.assumptions["mean_accelerator_power_w"].value == 400.0
    assert not {"no_whole_instances", "accelerator_counts_differ"} & {warning.code for warning in found.warnings}


def test_half_a_board_is_half_a_board() -> None:
    assert factors(accelerator="p2.xlarge").assumptions["accelerator_count"].value == 0.5
    assert factors(accelerator="2 x p2.xlarge").assumptions["accelerator_count"].value == 1.0


def test_a_count_stays_a_count_of_accelerators() -> None:
    found = factors(accelerator="p4d.24xlarge", accelerator_count=16)
    assert found.assumptions["accelerator_count"].value == 16.0
    assert found.assumptions["accelerator_count"].status == "given"
    assert "no_whole_instances" not in {warning.code for warning in found.warnings}


def test_a_count_that_is_no_whole_number_of_instances_is_pointed_at() -> None:
    found = factors(accelerator="p4d.24xlarge", accelerator_count=2)
    assert found.assumptions["accelerator_count"].value == 2.0
    (warning,) = [warning for warning in found.warnings if warning.code == "no_whole_instances"]
    text = warning.message % warning.text_params
    assert warning.field == "hardware.accelerator_count"
    assert "give 16" in text and "“2 x p4d.24xlarge”" in text


def test_two_counts_that_differ_are_pointed_at() -> None:
    for name in ("4 x p4d.24xlarge", "32 x A100"):
        found = factors(accelerator=name, accelerator_count=8)
        assert found.assumptions["accelerator_count"].value == 8.0
        (warning,) = [warning for warning in found.warnings if warning.code == "accelerator_counts_differ"]
        assert "means 32 accelerators, but 8 are given" in warning.message % warning.text_params


def test_a_number_before_an_accelerator_fills_the_count() -> None:
    count = factors(accelerator="64 x V100").assumptions["accelerator_count"]
    assert (count.value, count.status) == (64.0, "given")
    assert "“64 x V100”" in count.note % count.text_params


def test_an_instance_tells_its_provider() -> None:
    pue = factors(accelerator="p4d.24xlarge").assumptions["pue"]
    assert pue.value == catalogue.shelf().fleet_pue["aws"].pue
    given = factors(Location(country="DE"), accelerator="p4d.24xlarge").assumptions
    assert given["grid_intensity_gco2e_per_kwh"].text_params["place"] == "Germany"
    assert given["pue"].value == pue.value


@pytest.mark.parametrize("location", [Location(provider="gcp"), Location(region="gcp us-central1")])
def test_an_instance_elsewhere_is_pointed_at(location: Location) -> None:
    (warning,) = [
        warning for warning in factors(location, accelerator="p4d.24xlarge").warnings
        if warning.code == "instance_elsewhere"
    ]  # fmt: skip
    assert "AWS" in warning.message % warning.text_params and "Google Cloud" in warning.message % warning.text_params


def test_accelerator_hours_are_left_alone() -> None:
    workload = Workload(hardware=Hardware(accelerator="p4d.24xlarge"), accelerator_hours=100.0)
    expansion = expanded(workload, catalogue.shelf())
    assert expansion.workload.hardware.accelerator_count is None and not expansion.count_note
    assert factors_for(workload).assumptions["accelerator_hours"].value == 100.0


def test_a_run_without_hardware_and_one_with_an_unknown_name_stay_as_they_are() -> None:
    for workload in (Workload(), Workload(hardware=Hardware(accelerator="nonsense"))):
        assert expanded(workload, catalogue.shelf()).workload is workload


def test_search_finds_instances() -> None:
    assert [row.name for row in catalogue.search_instances("p4d")] == ["p4d.24xlarge", "p4de.24xlarge"]
    assert "a3-highgpu-8g" in [row.name for row in catalogue.search_instances("a3-high")]
    assert catalogue.rows("cloud-instances", q="nd96asr")[0]["id"] == "azure-nd96asr-v4"
