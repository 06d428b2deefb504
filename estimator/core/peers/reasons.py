"""Why tools differ, in words: English templates by code, marked for the translation files."""

from typing import Final

from estimator.core.footprint import gettext_noop

#: What each tool computes, in one line.
FORMULAS: Final = {
    "strubell": gettext_noop("1.58 × hours × mean draw of CPUs, memory and GPUs × 0.954 lb/kWh"),
    "lacoste": gettext_noop("accelerators × hours × limit of the board × grid"),
    "green_algorithms": gettext_noop("hours × (cores × limit × usage + GB × 0.3725 W) × PUE × repeats × grid"),
    "llmcarbon": gettext_noop("6 × parameters × tokens ÷ (peak × efficiency) × draw × PUE × grid, and chips by area"),
    "codecarbon": gettext_noop("(metered CPUs and GPUs + memory by module) × time × grid"),
    "ecologits": gettext_noop("output tokens × regression on H100 × PUE × grid, and servers by time"),
}

#: Why the emissions differ.
REASONS: Final = {
    "no_pue": gettext_noop(
        "It leaves out cooling and losses of the data centre; here they count with a PUE of %(pue)s."
    ),
    "fixed_pue": gettext_noop("It takes a PUE of %(peer_pue)s for every data centre; here it is %(pue)s."),
    "default_pue": gettext_noop("Where no PUE is given it takes %(peer_pue)s; here it is %(pue)s."),
    "limit_for_draw": gettext_noop(
        "It takes the board's limit of %(tdp_w)s W for the mean draw; here an accelerator draws %(draw_w)s W."
    ),
    "limit_for_servers": gettext_noop(
        "It takes the board's limit of %(tdp_w)s W; here the draw is that of whole servers, %(draw_w)s W for each "
        "accelerator."
    ),
    "no_host": gettext_noop("It counts accelerators alone: CPUs, memory and network are left out."),
    "memory_by_gb": gettext_noop(
        "Around the accelerators it counts memory, %(memory_power_w_per_gb)s W for each of %(memory_gb)s GB, and no "
        "more."
    ),
    "memory_by_gb_assumed": gettext_noop(
        "Around the accelerators it counts memory, %(memory_power_w_per_gb)s W for each of the %(memory_gb)s GB that "
        "its form begins with, as none is given."
    ),
    "memory_by_module": gettext_noop(
        "Around the accelerators it counts CPUs, and memory by the number of its modules, 5 W each."
    ),
    "fixed_grid": gettext_noop(
        "It takes the United States of 2018, %(peer_intensity)s gCO₂e/kWh, for every place; here it is %(intensity)s."
    ),
    "no_embodied": gettext_noop("It leaves out the making of the hardware."),
    "chips_by_area": gettext_noop(
        "It counts the making of chips by their area, not of whole boards, and an eighth of a server over five years."
    ),
    "servers_of_three_years": gettext_noop(
        "It spreads servers of eight accelerators over three years that are busy throughout."
    ),
    "final_run_only": gettext_noop("It has no place for development runs and repeats, which are ×%(multiplier)s here."),
    "other_hours": gettext_noop(
        "It works the hours out from the operations at %(efficiency_percent)s %% of the peak: %(peer_hours)s "
        "accelerator hours; here there are %(hours)s."
    ),
    "other_hours_of_servers": gettext_noop("The same hours for the servers around the accelerators."),
    "regression_of_tokens": gettext_noop(
        "It takes the energy of an output token from a regression on H100 at %(batch_size)s requests at once, times "
        "%(peer_accelerators)s accelerators, for any hardware and batch."
    ),
    "fixed_server": gettext_noop("It adds 1.2 kW for each server of eight accelerators."),
    # What is to be known beside
    "same_grid": gettext_noop(
        "Its own table of grids has other years: it was given the intensity of this run, to compare the formulas alone."
    ),
    "same_pue": gettext_noop("Its own table has a PUE for each provider: it was given the PUE of this run."),
    "draws_of_this_run": gettext_noop("It asks for sampled draws: it was given those of this run."),
    "meter": gettext_noop("It is a meter: it would read the draw that is assumed here."),
    "output_tokens_only": gettext_noop("It does not count the tokens of the question."),
}

#: Why a tool has nothing to say.
CANNOT_SAY: Final = {
    "needs_accelerator_hours": gettext_noop("It needs an accelerator and its hours."),
    "needs_operations": gettext_noop("It needs parameters, tokens and the peak rate of the accelerator."),
    "needs_requests": gettext_noop("It needs the size of the model, the requests and their output tokens."),
    "needs_energy": gettext_noop("It needs a draw."),
    "inference_only": gettext_noop("It is made for running models, not for training them."),
}
