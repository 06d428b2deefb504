"""What people type finds the row that they mean, or is refused with what they may have meant."""

import pytest

from estimator.core.inputs import InputProblem, InputProblems
from estimator.reference import catalogue


def refused(text: str, find: str = "find_accelerator") -> InputProblem:
    with pytest.raises(InputProblems) as caught:
        getattr(catalogue, find)(text)
    (problem,) = caught.value.problems
    assert text in str(problem)
    return problem


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("v100", "nvidia-v100-sxm2-16gb"),
        ("V100-SXM2-16GB", "nvidia-v100-sxm2-16gb"),
        ("Tesla V100-SXM2-16GB", "nvidia-v100-sxm2-16gb"),
        ("NVIDIA Tesla V100 SXM2 16GB", "nvidia-v100-sxm2-16gb"),
        ("nvidia_v100_sxm2_16gb", "nvidia-v100-sxm2-16gb"),
        ("Tesla V100", "nvidia-v100-sxm2-16gb"),
        ("V100 32GB", "nvidia-v100-sxm2-32gb"),
        ("A100", "nvidia-a100-sxm4-40gb"),
        ("a100 80gb", "nvidia-a100-sxm4-80gb"),
        ("8 x NVIDIA A100-SXM4-80GB", "nvidia-a100-sxm4-80gb"),
        ("64x V100", "nvidia-v100-sxm2-16gb"),
        ("NVIDIA A100-PCIE-40GB", "nvidia-a100-pcie-40gb"),
        ("h100", "nvidia-h100-sxm5-80gb"),
        ("h100 sxm", "nvidia-h100-sxm5-80gb"),
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-sxm5-80gb"),
        ("NVIDIA H100 PCIe", "nvidia-h100-pcie-80gb"),
        ("H100 GPUs", "nvidia-h100-sxm5-80gb"),
        ("h200", "nvidia-h200-sxm-141gb"),
        ("B200", "nvidia-b200-180gb"),
        ("p100", "nvidia-p100-pcie-16gb"),
        ("k80", "nvidia-k80"),
        ("T4", "nvidia-t4"),
        ("tpuv3", "google-tpu-v3"),
        ("TPU v3", "google-tpu-v3"),
        ("google tpu-v2", "google-tpu-v2"),
        ("Trillium", "google-tpu-v6e"),
        ("rtx4090", "nvidia-geforce-rtx-4090"),
        ("RTX-4090", "nvidia-geforce-rtx-4090"),
        ("4090", "nvidia-geforce-rtx-4090"),
        ("GeForce RTX 2080 Ti", "nvidia-geforce-rtx-2080-ti"),
        ("1080ti", "nvidia-geforce-gtx-1080-ti"),
        ("RTX A6000", "nvidia-rtx-a6000"),
        ("mi250x", "amd-instinct-mi250x"),
        ("AMD MI300X", "amd-instinct-mi300x"),
        ("Gaudi 2", "intel-gaudi-2"),
        ("Apple M1 Max", "apple-m1-max"),
        ("trn1", "aws-trainium"),
    ],
)
def test_spellings_of_hardware(text: str, id_: str) -> None:
    assert catalogue.find_accelerator(text).row.id == id_


def test_every_id_and_name_finds_its_own_row() -> None:
    for row in catalogue.shelf().accelerators:
        assert catalogue.find_accelerator(row.id).row is row
        assert catalogue.find_accelerator(row.name).row is row
        for alias in row.aliases:
            assert catalogue.find_accelerator(alias).row is row
    for cpu in catalogue.shelf().cpus:
        assert catalogue.find_cpu(cpu.name).row is cpu


def test_how_a_name_matched_is_told() -> None:
    assert catalogue.find_accelerator("nvidia-t4").named_by == "id"
    assert catalogue.find_accelerator("NVIDIA T4").named_by == "id"  # the same once punctuation is gone
    assert catalogue.find_accelerator("H100").named_by == "alias"
    assert catalogue.find_accelerator("NVIDIA Tesla V100 SXM2 16GB").named_by == "name"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("RTX 6000", {"nvidia-quadro-rtx-6000", "nvidia-rtx-6000-ada", "nvidia-rtx-pro-6000-blackwell-server"}),
        ("Titan X", {"nvidia-geforce-gtx-titan-x-maxwell", "nvidia-titan-x-pascal"}),
        ("A100 SXM", {"nvidia-a100-sxm4-40gb", "nvidia-a100-sxm4-80gb"}),
        ("NVIDIA A100 PCIe", {"nvidia-a100-pcie-40gb", "nvidia-a100-pcie-80gb"}),
    ],
)
def test_what_may_be_several_boards_is_asked(text: str, ids: set[str]) -> None:
    problem = refused(text)
    assert problem.path == "hardware.accelerator"
    assert set(problem.suggestions) == ids


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("H1000", "nvidia-h100-sxm5-80gb"),
        ("A100 120GB", "nvidia-a100-sxm4-80gb"),
        ("nvidia-v100-sxm2-16g", "nvidia-v100-sxm2-16gb"),
        ("RTX 4900", "nvidia-geforce-rtx-4090"),
        ("googel tpu v3", "google-tpu-v3"),
        ("MI250XX", "amd-instinct-mi250x"),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest(text: str, near: str) -> None:
    problem = refused(text)
    assert near in problem.suggestions
    assert near in str(problem)
    assert len(problem.suggestions) <= 5


@pytest.mark.parametrize("text", ["zzz", "?", "", "  ", "x" * 120, "💥"])
def test_what_is_near_nothing_is_refused_with_a_remedy(text: str) -> None:
    problem = refused(text)
    assert "mean draw" in problem.message or problem.suggestions


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("EPYC 7742", "amd-epyc-7742"),
        ("AMD EPYC 7742 64-Core Processor", None),
        ("Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz", "intel-xeon-platinum-8380"),
        ("xeon e5-2698 v4", "intel-xeon-e5-2698-v4"),
        ("8480+", "intel-xeon-platinum-8480-plus"),
        ("Apple M2", "apple-m2"),
    ],
)
def test_spellings_of_cpus(text: str, id_: str | None) -> None:
    if id_ is None:
        assert "amd-epyc-7742" in refused(text, "find_cpu").suggestions
    else:
        assert catalogue.find_cpu(text).row.id == id_


@pytest.mark.parametrize(
    ("text", "id_"),
    [("gpt-3", "gpt-3-175b"), ("BLOOM", "bloom-176b"), ("llama 3.1 405b", "llama-3-1-405b"), ("T5", "t5-11b")],
)
def test_spellings_of_models(text: str, id_: str) -> None:
    assert catalogue.find_model(text).row.id == id_


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("h100", "nvidia-h100-sxm5-80gb"),
        ("v100", "nvidia-v100-sxm2-16gb"),
        ("4090", "nvidia-geforce-rtx-4090"),
        ("tpu v4", "google-tpu-v4"),
        ("mi300", "amd-instinct-mi300a"),
        ("rtx pro", "nvidia-rtx-pro-6000-blackwell-server"),
    ],
)
def test_search_puts_what_is_meant_first(q: str, first: str) -> None:
    assert catalogue.search_accelerators(q, limit=5)[0].id == first


def test_search_ranks_beginnings_before_words_before_parts() -> None:
    ids = [row.id for row in catalogue.search_accelerators("100", limit=50)]
    assert "nvidia-a100-sxm4-40gb" in ids and "microsoft-maia-100" in ids
    assert ids.index("microsoft-maia-100") < ids.index("nvidia-a100-sxm4-40gb")


def test_search_keeps_its_limit_and_finds_nothing_for_nonsense() -> None:
    assert len(catalogue.search_accelerators("nvidia", limit=3)) == 3
    assert catalogue.search_accelerators("zzzz") == ()
    assert catalogue.search_accelerators("...") == ()
    assert len(catalogue.search_accelerators("", limit=1000)) == 172
