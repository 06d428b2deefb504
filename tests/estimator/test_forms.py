"""The form of one run: nothing lost on the way to the workload and back, every bound said at its field."""

from collections.abc import Iterator
from typing import Any, get_args

import annotated_types
import pytest
from django.http import QueryDict
from django.utils import translation
from pydantic import BaseModel

from estimator import services
from estimator.core.inputs import (
    AVAILABLE_METHODS,
    Activity,
    Embodied,
    FunctionalUnit,
    Hardware,
    HourlyProfile,
    Inference,
    InputProblems,
    Location,
    MarketBased,
    Model,
    Precision,
    Task,
    TrainingKind,
    Uncertainty,
    Workload,
)
from estimator.forms import lookups
from estimator.forms.choices import CHOICES
from estimator.forms.examples import EXAMPLES, is_untouched, left_behind
from estimator.forms.fields import BY_NAME, ENTRIES, GROUPS, NOT_ON_THE_FORM
from estimator.forms.workload import WorkloadForm, entry_at, initial_of
from estimator.reference import catalogue

FULL = Workload(
    title="A run of ours",
    method="strubell_2019",
    activity="inference",
    model=Model(
        parameters_count=1_300_000_000,
        active_parameters_count=400_000_000,
        training_tokens=2_500_000_000,
        training_kind="lora",
        training_precision="tf32",
    ),
    hardware=Hardware(
        accelerator="nvidia-a100-sxm4-80gb",
        accelerator_count=16,
        mean_accelerator_power_w=310.5,
        utilisation=0.955,
        mean_cpu_power_w=400.0,
        mean_memory_power_w=0.0,
        mean_system_power_w=7_250.25,
        mfu=0.31,
        cpu="amd-epyc-7742",
        cpu_count=4,
        cpu_core_count=100,
        memory_gb=512.5,
        host_overhead_share=0.34,
        idle_share=0.07,
    ),
    duration_h=79.25,
    accelerator_hours=1_268.0,
    it_energy_kwh=574.582_312_5,
    location=Location(provider="aws", region="eu-west-3"),
    grid_intensity_gco2e_per_kwh=41.44,
    year=2024,
    hourly_profile=HourlyProfile(hourly_intensity_gco2e_per_kwh=(420.5, *[38.0] * 22, 1_204.25), start_hour=7),
    pue=1.15,
    market_based=MarketBased(
        contracted_share=0.57,
        contract_intensity_gco2e_per_kwh=0.0,
        residual_intensity_gco2e_per_kwh=55.5,
        certificates_share=0.07,
    ),
    inference=Inference(
        task="summarisation",
        requests_count=1_250_000,
        input_tokens=0,
        output_tokens=12_345,
        batch_size=96,
        precision="fp8",
    ),
    development_factor=1.5,
    repeat_count=3,
    embodied=Embodied(include=False, lifetime_years=4.5, lifetime_utilisation=0.7),
    functional_unit=FunctionalUnit(name="1,000 requests", count=2.5e6),
    electricity_price_usd_per_kwh=0.12,
    uncertainty=Uncertainty(draws_count=2_000, seed=7),
)


def sent(workload: Workload, **changes: str) -> QueryDict:
    """What a browser sends for a form that was filled with a workload and then changed."""
    data = QueryDict(mutable=True)
    for name, value in (initial_of(workload) | changes).items():
        if value is True:
            data[name] = "on"
        elif value is not False:
            data[name] = str(value)
    return data


def leaves(model: type[BaseModel] = Workload, prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from leaves(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_field_of_the_workload_is_on_the_form_or_left_out_for_a_reason() -> None:
    for path in leaves():
        on_form = entry_at(path) is not None and path != "model.preset"
        left_out = any(path == kept or path.startswith(kept + ".") for kept in NOT_ON_THE_FORM)
        assert on_form != left_out, path
    paths = [entry.path for entry in ENTRIES]
    assert len(set(paths)) == len(paths)
    assert {entry.group for entry in ENTRIES} == {"", *GROUPS}


@pytest.mark.parametrize("language", ["en", "es", "fr"])
@pytest.mark.parametrize("workload", [FULL, Workload(), *(example.workload for example in EXAMPLES.values())])
def test_a_workload_comes_back_from_its_form_as_it_was(workload: Workload, language: str) -> None:
    with translation.override(language):
        form = WorkloadForm(sent(workload))
        assert form.is_valid(), form.errors
        assert form.workload is not None
        expected = workload.model_dump() | {"model": form.workload.model.model_dump()}
        assert form.workload.model_dump() == expected
        assert form.workload.model.parameters_count == workload.model.parameters_count


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=lambda example: example.key)
def test_every_example_can_be_computed_and_knows_itself(example: Any) -> None:
    assert services.calculate(workload=example.workload).result.total_kgco2e.central > 0
    form = WorkloadForm(sent(example.workload))
    form.is_valid()
    assert is_untouched(form, example)
    assert left_behind(form, example) == ()


def test_what_the_form_does_not_show_is_kept() -> None:
    base = Workload(
        title="ours",
        model=Model(preset="gpt-2-xl-1-5b", training_tokens=10**10),
        location=Location(country="US", provider="aws", region="us-east-2"),
        hardware=Hardware(accelerator="v100", accelerator_count=8),
        duration_h=1.0,
    )
    form = WorkloadForm(sent(base, duration_h="2"), base=base)
    assert form.is_valid(), form.errors
    assert form.workload == base.model_copy(update={"duration_h": 2.0})


def test_everything_that_can_be_chosen_is_offered() -> None:
    assert set(CHOICES["method"]) == {"auto", *AVAILABLE_METHODS}
    assert set(CHOICES["activity"]) == set(get_args(Activity))
    assert set(CHOICES["training_kind"]) == set(get_args(TrainingKind))
    assert set(CHOICES["training_precision"]) == set(CHOICES["serving_precision"]) == {"", *get_args(Precision)}
    assert set(CHOICES["task"]) == {"", *get_args(Task)}
    assert set(CHOICES) == {entry.name for entry in ENTRIES if entry.kind == "choice"}


def test_a_service_is_computed_from_its_three_numbers() -> None:
    form = WorkloadForm(
        sent(Workload(), activity="inference", title="Llama 3.1 8B", requests_count="1M", output_tokens="300")
    )
    assert form.is_valid() and form.workload is not None
    found = services.calculate(workload=form.workload)
    assert found.method == "inference_tokens"
    assert found.result.functional_unit is not None and found.result.functional_unit.count == 1e6


def test_a_processor_by_its_name() -> None:
    form = WorkloadForm(sent(Workload(), cpu="epyc 7742", cpu_count="2", memory_gb="256", duration_h="10"))
    assert form.is_valid() and form.workload is not None
    assert form.workload.hardware.cpu == "amd-epyc-7742"
    assert services.calculate(workload=form.workload).method == "cores_and_memory"
    unknown = WorkloadForm(sent(Workload(), cpu="abacus"))
    assert not unknown.is_valid() and set(unknown.errors) == {"cpu"}


def test_sections_of_one_activity_are_marked() -> None:
    marked = {section.key: section.activity for section in WorkloadForm().sections if section.activity}
    assert marked == {"operations": "training", "serving": "inference"}
    assert {entry.activity for entry in ENTRIES if entry.path.startswith("inference.") and not entry.group} == {
        "inference"
    }


def test_the_name_of_a_published_model_is_its_preset_and_a_mere_title_is_none() -> None:
    known = WorkloadForm(sent(Workload(), title="gpt-j 6b"))
    known.is_valid()
    assert known.workload is not None
    assert known.workload.model.preset == "gpt-j-6b"
    own = WorkloadForm(sent(Workload(), title="Our GPT"))
    own.is_valid()
    assert own.workload is not None
    assert own.workload.model.preset is None


@pytest.mark.parametrize(
    ("language", "text", "power_w"),
    [
        ("en", "12,041.51", 12041.51),
        ("es", "12.041,51", 12041.51),
        ("fr", "12\u202f041,51", 12041.51),
        ("es", "0.5", 0.5),
    ],
)
def test_reads_decimals_of_the_language(language: str, text: str, power_w: float) -> None:
    with translation.override(language):
        form = WorkloadForm(sent(Workload(), mean_system_power_w=text))
        assert form.is_valid(), form.errors
        assert form.workload is not None
        assert form.workload.hardware.mean_system_power_w == power_w


def test_asks_where_a_number_reads_in_two_ways() -> None:
    with translation.override("fr"):
        form = WorkloadForm(sent(Workload(), mean_system_power_w="12.041"))
        assert not form.is_valid()
        assert "12041" in form.errors["mean_system_power_w"][0]
        assert "12,041" in form.errors["mean_system_power_w"][0]


# --- bounds -----------------------------------------------------------------------------------------------------------


def bounds() -> Iterator[tuple[str, str, float]]:
    """Every numeric bound of the workload, and a value just beyond it, as the field would show it."""
    for entry in ENTRIES:
        if entry.path == "location":
            continue
        model: Any = Workload
        *parents, leaf = entry.path.split(".")
        for parent in parents:
            model = model.model_fields[parent].annotation
        field = model.model_fields[leaf]
        metadata = [
            *field.metadata,
            *(m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ())),
        ]
        flat = [m for one in metadata for m in (getattr(one, "metadata", None) or [one])]
        for bound in flat:
            step = 1 if entry.kind in {"whole", "count"} else 1e-6
            if isinstance(bound, annotated_types.Gt):
                yield entry.name, "gt", float(bound.gt)  # type: ignore[arg-type]
            elif isinstance(bound, annotated_types.Ge):
                yield entry.name, "ge", float(bound.ge) - step  # type: ignore[arg-type]
            elif isinstance(bound, annotated_types.Le):
                yield entry.name, "le", float(bound.le) * 2 + step  # type: ignore[arg-type]


BOUNDS = list(bounds())


def test_the_bounds_were_found() -> None:
    numeric = {entry.name for entry in ENTRIES if entry.kind not in {"text", "choice", "flag", "list"}}
    assert {name for name, _, _ in BOUNDS} == numeric


@pytest.mark.parametrize(("name", "kind", "beyond"), BOUNDS)
def test_each_bound_is_said_at_its_field(name: str, kind: str, beyond: float) -> None:
    entry = BY_NAME[name]
    shown = beyond * 100 if entry.kind == "percent" else beyond
    form = WorkloadForm(sent(Workload(), **{name: format(shown, ".8f").rstrip("0").rstrip(".")}))
    assert not form.is_valid()
    assert set(form.errors) == {name}
    assert form.workload is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("420 415", "24"),
        ("420 many 3", "420 415 398"),
        (" ".join(["9000"] * 24), "5000"),
    ],
)
def test_hours_of_the_grid_are_a_list(typed: str, said: str) -> None:
    form = WorkloadForm(sent(Workload(), hourly_intensity_gco2e_per_kwh=typed))
    assert not form.is_valid()
    assert said in form.errors["hourly_intensity_gco2e_per_kwh"][0]


@pytest.mark.parametrize("between", [" ", "\r\n", "; ", ", "])
def test_a_list_may_be_typed_in_several_ways(between: str) -> None:
    form = WorkloadForm(sent(Workload(), hourly_intensity_gco2e_per_kwh=between.join(["41.5"] * 24)))
    assert form.is_valid() and form.workload is not None
    assert form.workload.hourly_profile.hourly_intensity_gco2e_per_kwh == (41.5,) * 24


def test_the_live_grid_is_offered_where_the_operator_has_a_key(settings: Any) -> None:
    base = Workload(grid_signal="live")
    settings.ELECTRICITY_MAPS_KEY = ""
    assert "grid_signal" not in WorkloadForm().fields
    kept = WorkloadForm(sent(Workload()), base=base)
    assert kept.is_valid() and kept.workload is not None and kept.workload.grid_signal == "live"
    settings.ELECTRICITY_MAPS_KEY = "a key"
    chosen = WorkloadForm(sent(base))
    assert chosen.is_valid() and chosen.workload is not None and chosen.workload.grid_signal == "live"
    assert "grid_signal" in {row.entry.name for section in chosen.sections for row in section.rows}


def test_processors_are_suggested_by_name() -> None:
    options = lookups.SEARCHES["cpu"]("epyc 7742", 5)
    assert options[0].text == "AMD EPYC 7742" and "64" in options[0].detail and "225 W" in options[0].detail
    assert WorkloadForm(base=FULL)["cpu"].value() == "AMD EPYC 7742"
    wrong = WorkloadForm(sent(Workload(), cpu="EPYC 7743"))
    assert not wrong.is_valid()
    assert any(name.startswith("AMD EPYC") for name in wrong.row("cpu").suggestions)


def test_bounds_are_said_in_the_unit_of_the_field() -> None:
    form = WorkloadForm(sent(Workload(), contracted_share="101", parameters_count="2000000T", utilisation="300"))
    form.is_valid()
    assert "100;" in form.errors["contracted_share"][0]
    assert "1000T" in form.errors["parameters_count"][0]
    assert "200;" in form.errors["utilisation"][0]


def test_all_problems_are_said_at_once() -> None:
    form = WorkloadForm(
        sent(
            Workload(),
            accelerator="quantum 9000x",
            accelerator_count="eight",
            duration_h="-1",
            place="Atlantis",
            pue="x",
        )
    )
    assert not form.is_valid()
    assert set(form.errors) == {"accelerator", "accelerator_count", "duration_h", "place", "pue"}


def test_an_unknown_name_comes_with_names_to_choose() -> None:
    form = WorkloadForm(sent(Workload(), accelerator="A100 SXM4 80G"))
    form.is_valid()
    suggestions = form.row("accelerator").suggestions
    assert "NVIDIA A100 SXM4 80GB" in suggestions
    assert all(catalogue.find_accelerator(name) for name in suggestions)
    # The names are buttons; the sentence does not list them a second time.
    assert form.errors["accelerator"] == [
        "The catalogue has no accelerator “A100 SXM4 80G”. Did you mean one of these?"
    ]


def test_what_a_method_lacks_is_said_at_a_field() -> None:
    form = WorkloadForm(sent(Workload(), accelerator="v100", accelerator_count="8"))
    assert form.is_valid()
    assert form.workload is not None
    with pytest.raises(InputProblems) as missing:
        services.calculate(workload=form.workload)
    form.add_problems(missing.value.problems)
    assert "duration_h" in form.errors
    assert form.workload is None


def test_a_doubt_is_said_at_the_field_that_causes_it_in_its_own_unit() -> None:
    workload = Workload(
        hardware=Hardware(accelerator="v100", accelerator_count=8, utilisation=1.2), duration_h=5.0, pue=0.9
    )
    form = WorkloadForm(sent(workload))
    assert form.is_valid()
    form.add_warnings(services.calculate(workload=workload))
    assert "100 %" in form.row("utilisation").warnings[0]
    assert form.row("pue").warnings
    assert form.expert_open


# --- examples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"accelerator": "A100 80GB"}, {"accelerator_count": "8"}, {"place": "France"}, {"place": ""}],
    ids=["hardware", "count", "place", "no place"],
)
def test_measured_values_of_the_example_stay_behind_when_the_machine_changes(change: dict[str, str]) -> None:
    example = EXAMPLES["bert-base"]
    form = WorkloadForm(sent(example.workload, **change))
    form.is_valid()
    assert set(left_behind(form, example)) == {"mean_system_power_w", "pue", "grid_intensity_gco2e_per_kwh"}


@pytest.mark.parametrize(
    "change",
    [
        {"duration_h": "80"},
        {"title": "Ours"},
        {"accelerator": "NVIDIA"},
        {"accelerator": ""},
        {"accelerator_count": ""},
    ],
    ids=["hours", "name", "half typed", "emptied", "count emptied"],
)
def test_measured_values_of_the_example_stay_while_the_machine_is_the_same(change: dict[str, str]) -> None:
    example = EXAMPLES["bert-base"]
    form = WorkloadForm(sent(example.workload, **change))
    form.is_valid()
    assert left_behind(form, example) == ()


def test_a_draw_of_ones_own_stays() -> None:
    example = EXAMPLES["bert-base"]
    form = WorkloadForm(sent(example.workload, accelerator_count="8", mean_system_power_w="3000"))
    form.is_valid()
    assert set(left_behind(form, example)) == {"pue", "grid_intensity_gco2e_per_kwh"}


def test_what_the_expert_part_says_can_be_seen_while_it_is_closed() -> None:
    said = {label: (value, unit) for label, value, unit in WorkloadForm(base=services.EXAMPLE).expert_values}
    assert said == {
        "All servers together": ("12041.51", "W"),
        "PUE": ("1.58", ""),
        "Grid intensity": ("432.7", "gCO₂e/kWh"),
    }
    assert WorkloadForm().expert_values == ()
