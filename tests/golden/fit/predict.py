"""
Predictions of what was published, each by a fit that has not seen it, as tables of the reference data.

Run `python -m tests.golden.fit.predict` from the top of the repository; it is deterministic and rewrites both tables.
The page of the validation turns them into device-hours and energies; nothing else reads them.

A training run is predicted by the fit without its publication; one that was never fitted, by the fit of all that were.
The energy of a token is predicted by the fit without its model. The range is that of the errors on unseen publications
or models among those that the fit has seen, so that it owes nothing to the case either.
"""

import csv
import io
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.golden.fit import fit_mfu, fit_serving

DATA: Final = fit_mfu.TABLE.parent
TRAINING: Final = DATA / "predicted_training.csv"
SERVING: Final = DATA / "predicted_serving.csv"

Row = dict[str, str]

#: What people call the runs that their id does not name well enough.
NAMES: Final = {
    **{f"llama1-{size.lower()}": f"LLaMA {size}" for size in ("7B", "13B", "33B", "65B")},
    **{f"llama2-{size.lower()}": f"Llama 2 {size}" for size in ("7B", "13B", "34B", "70B")},
    **{f"llama3-{size.lower()}": f"Llama 3 {size}" for size in ("8B", "70B")},
    **{f"llama31-{size.lower()}": f"Llama 3.1 {size}" for size in ("8B", "70B", "405B")},
    **{f"llama32-{size.lower()}": f"Llama 3.2 {size}" for size in ("1B", "3B")},
    **{f"pythia-{size.lower()}": f"Pythia {size}" for size in ("12B", "6.9B", "2.8B", "1.4B", "410M")},
    "llama4-scout": "Llama 4 Scout",
    "llama4-maverick": "Llama 4 Maverick",
    "gpt-3": "GPT-3 175B",
    "opt-175b": "OPT-175B",
    "bloom": "BLOOM 176B",
    "glm-130b": "GLM-130B",
    "gopher": "Gopher 280B",
    "palm": "PaLM 540B",
    "starcoder": "StarCoder 15.5B",
    "tinyllama": "TinyLlama 1.1B",
    "gpt-neox": "GPT-NeoX 20B",
    "t5-11b": "T5 11B",
    "gshard": "GShard 600B",
    "switch": "Switch 1.5T",
    "mt-nlg": "MT-NLG 530B",
    "deepseek-v3": "DeepSeek-V3",
    "phi-3-mini": "Phi-3 mini",
    "phi-3-medium": "Phi-3 medium",
    "jetmoe": "JetMoE 8B",
    "olmoe": "OLMoE 1B-7B",
    "phi-4": "Phi-4",
    "falcon-mamba": "Falcon Mamba 7B",
    "falcon-180b": "Falcon 180B",
    "mpt-7b": "MPT-7B",
}


def training_rows() -> list[Row]:
    """One row a run, in the order of the runs."""
    fitted, others = fit_mfu.read_runs("fit"), fit_mfu.read_runs("holdout")
    with fit_mfu.RUNS.open(encoding="utf-8", newline="") as file:
        accelerators = {row["id"]: row["accelerator"] for row in csv.DictReader(file)}
    rows = []
    for run in (*fitted, *others):
        rest = [other for other in fitted if other.publication != run.publication]
        coefficients, half = fit_mfu.fit(rest), fit_mfu.spread(rest)
        # The error is the logarithm of the published utilisation over the predicted one.
        central = run.mfu / math.exp(float(fit_mfu.errors([run], coefficients)[0]))
        rows.append(
            {
                "id": _slug(run.id),
                "name": NAMES[run.id],
                "publication": run.publication,
                "accelerator": accelerators[run.id],
                "use": run.use,
                "total_flop": f"{run.total_flop:.6g}",
                "peak_flops": f"{run.peak_flops:.6g}",
                "published_accelerator_hours": f"{run.accelerator_hours:.10g}",
                **_spread(central, half),
                "unit": "1",
                "source_ids": ";".join(run.source_ids),
            }
        )
    return rows


def serving_rows() -> list[Row]:
    """One row a measurement, in the order of the measurements."""
    measured = fit_serving.read(fit_serving.RUNS)
    unseen = {}
    for model in dict.fromkeys(row["model"] for row in measured):
        rest = [row for row in measured if row["model"] != model]
        unseen[model] = (fit_serving.fit(fit_serving.Runs(rest)), fit_serving.spread(fit_serving.held_out_errors(rest)))
    rows = []
    for row in measured:
        fitted, half = unseen[row["model"]]
        central = float(fit_serving.energy_j_per_output_token(fit_serving.Runs([row]), *fitted)[0])
        rows.append(
            {
                "id": _slug(row["id"]),
                "name": row["model"],
                "task": row["task"],
                "accelerator": row["accelerator"],
                "accelerator_count": row["accelerator_count"],
                "measured_j": row["energy_j_per_output_token"],
                **_spread(central, half),
                "unit": "J",
                "source_ids": row["source_ids"],
            }
        )
    return rows


def _spread(central: float, half: float) -> Row:
    return {
        "low": f"{central * math.exp(-half):.4g}",
        "central": f"{central:.4g}",
        "high": f"{central * math.exp(half):.4g}",
    }


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def table_text(rows: Sequence[Row]) -> str:
    """A table as it is committed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def tables() -> dict[Path, str]:
    """Both tables, by where they lie."""
    return {TRAINING: table_text(training_rows()), SERVING: table_text(serving_rows())}


if __name__ == "__main__":
    for path, text in tables().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.name}: {text.count(chr(10)) - 1} rows\n")
