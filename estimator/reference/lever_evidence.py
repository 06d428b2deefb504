"""
What the table of levers says about its evidence, marked for the translation files.

Pages show the texts of `levers.csv` in the reader's language; a test holds these to those of the table.
"""

from typing import Final

from estimator.core.footprint import gettext_noop

LEVER_EVIDENCE_TEXTS: Final = frozenset(
    {
        gettext_noop("8-bit floating point loses little: 99 % and more of the score of most tasks."),
        gettext_noop("99.75 % of the score is kept at 8 bits, large models above all."),
        gettext_noop("A grown or continued model reaches the quality in fewer operations."),
        gettext_noop("A model that would have got better late is lost."),
        gettext_noop("Against training the same model from nothing."),
        gettext_noop("Against training the same model from nothing; a third of the memory of fine-tuning."),
        gettext_noop("Against training the same model from nothing; least memory, slower steps."),
        gettext_noop("Aggregation takes 1 to 2 % of the energy of clients and network."),
        gettext_noop("At 0.6 of the limit; other caps in proportion."),
        gettext_noop(
            "At 0.6 of the limit; other caps in proportion. Deep caps may cost more time than they save draw."
        ),
        gettext_noop(
            "At equal active size a mixture takes more energy to serve than a dense model: all experts lie in memory."
        ),
        gettext_noop("At equal quality, by publications whose models differ in more than this."),
        gettext_noop(
            "Below about 3 to 5 billion parameters four bits often cost energy: widening weights takes longer "
            "than reading them."
        ),
        gettext_noop(
            "Below about 3 to 5 billion parameters four bits often cost energy: widening weights takes longer "
            "than reading them. What kernels lose of what fewer bytes promise; measured on few models, so the "
            "range is wide."
        ),
        gettext_noop(
            "Beside the exchange between accelerators that the formula counts: small models on many of them "
            "waste energy."
        ),
        gettext_noop(
            "Beside what bandwidth, peak rate and limit tell: software for new accelerators takes time to ripen."
        ),
        gettext_noop("Beside what peak rate, limit and the utilisation of its family tell."),
        gettext_noop(
            "By the ratio of peak rates and limits; software may get more of it, or less. The making of new "
            "hardware is counted."
        ),
        gettext_noop("By the tokens of the new training over those of the run as it is."),
        gettext_noop("Cached answers may be stale."),
        gettext_noop("Data stay with the clients; models often need more rounds."),
        gettext_noop("Dense hardware multiplies zeros like any other number."),
        gettext_noop(
            "Depends on how many runs are worth stopping: most in searches, hardly any in a final run. "
            "Evidence is thin and the range wide."
        ),
        gettext_noop("DistilBERT keeps 97 % of BERT's quality with 40 % fewer parameters; deeper cuts lose more."),
        gettext_noop("Each answer takes longer."),
        gettext_noop(
            "Energy follows the tokens by the formula; how far the cache of long answers weighs depends on the model."
        ),
        gettext_noop("Exactly the ratio of the two figures; the facility must take the run."),
        gettext_noop(
            "Exactly the ratio of the two grids. Latency, data law and water must allow it; marginal "
            "intensities may rank regions differently."
        ),
        gettext_noop(
            "FP8 may raise the energy of small batches. What kernels lose of what fewer bytes promise; "
            "measured on few models, so the range is wide."
        ),
        gettext_noop("Fewer bytes also need fewer accelerators."),
        gettext_noop(
            "Fewer bytes also need fewer accelerators. What kernels lose of what fewer bytes promise; measured "
            "on few models, so the range is wide."
        ),
        gettext_noop(
            "Fewer bytes also need fewer accelerators; large batches are bound by products, which stay at 16 "
            "bits. What kernels lose of what fewer bytes promise; measured on few models, so the range is "
            "wide."
        ),
        gettext_noop(
            "For each doubling of the accelerators, with data parallelism on a fast network; slower networks lose more."
        ),
        gettext_noop("Formats differ in rounding; none was measured for this setting."),
        gettext_noop("Four bits in activations too: no measurement of energy was found, so the range is wide."),
        gettext_noop("Four bits save where reading weights takes most of the time."),
        gettext_noop("From 32 to 16 bits on accelerators with units for it."),
        gettext_noop("From 32 to 16 bits, half the bytes."),
        gettext_noop("Half of the weights of large models can go almost without loss; small models lose more."),
        gettext_noop("Heads, channels or layers are gone, so any hardware gains."),
        gettext_noop(
            "Heads, channels or layers are gone, so any hardware gains. Evidence is of models distilled as well."
        ),
        gettext_noop("Larger batches may need other learning rates."),
        gettext_noop(
            "Location-based emissions are untouched; only contracts that are matched hour by hour follow the "
            "consumption."
        ),
        gettext_noop("Losses follow those of 16 bits in the published trainings; stability must be watched."),
        gettext_noop(
            "May favour either: published comparisons go from 0.65 to 100 times the central run. Slow clients "
            "and many rounds make it costly."
        ),
        gettext_noop("More bits than now."),
        gettext_noop("More bits than now: costs what the kernels of the narrow format had really saved."),
        gettext_noop("More requests at once share the reading of weights, where memory and patience allow."),
        gettext_noop("Needs integer units for weights and activations."),
        gettext_noop(
            "Needs integer units for weights and activations. What kernels lose of what fewer bytes promise; "
            "measured on few models, so the range is wide."
        ),
        gettext_noop("Needs more parameters for the same quality."),
        gettext_noop(
            "Needs software that skips single zeros: some CPU runtimes do, common GPU libraries do not. "
            "Evidence is thin and the range wide."
        ),
        gettext_noop("Needs sparse tensor cores (Ampere and later) and kernels that use them."),
        gettext_noop(
            "Needs sparse tensor cores (Ampere and later) and kernels that use them; launching steps gets no faster."
        ),
        gettext_noop("Needs units for FP8 and software that uses them; small models gain less."),
        gettext_noop("Network energy of a gigabyte: within a cloud, a fixed line of today, a whole system."),
        gettext_noop("None that is measured."),
        gettext_noop("None with a loss scale."),
        gettext_noop("None."),
        gettext_noop("None: the same operations elsewhere."),
        gettext_noop("None: the same operations later."),
        gettext_noop("None: the same operations on other machines."),
        gettext_noop("None: the same operations, later."),
        gettext_noop("None: the same operations, shared."),
        gettext_noop(
            "Operations follow from the active parameters; experts wait for each other. Holds at equal quality "
            "only if the model is larger in all."
        ),
        gettext_noop(
            "Paused accelerators still draw idle power, which is not subtracted. Needs a grid that changes and "
            "a forecast."
        ),
        gettext_noop("Perplexity 8.37 against 8.34 for OPT-175B; small models lose several points."),
        gettext_noop(
            "Perplexity doubles without retraining in LLaMA-7B (5.68 to 11.53); retraining recovers most of it."
        ),
        gettext_noop("Perplexity rises by 0.3 %."),
        gettext_noop("Quality falls more than with weights alone."),
        gettext_noop("Quality falls unless parts stay wider."),
        gettext_noop("Quality returns to that of the wider format."),
        gettext_noop("Runs of several days see clean and dirty hours alike. Needs a grid that changes and a forecast."),
        gettext_noop("Runs of up to a day. Needs a grid that changes and a forecast."),
        gettext_noop("Runs of up to half an hour. Needs a grid that changes and a forecast."),
        gettext_noop("Shorter answers may leave out steps of reasoning."),
        gettext_noop("Student and teacher both run; the student is smaller."),
        gettext_noop("Suits tasks near to what the base model knows."),
        gettext_noop("The accelerator is not known, and only some have units for FP8. Name it for less doubt."),
        gettext_noop(
            "The batch is not known from hours alone, and decides whether FP8 saves: choose the method "
            "inference_tokens for less doubt."
        ),
        gettext_noop("The dense model is trained first, and the pruned one again after it."),
        gettext_noop("The published recipe trains the dense model, prunes, and trains again."),
        gettext_noop("The share is the user's own."),
        gettext_noop("The size of the model decides whether four bits save. Give it for less doubt."),
        gettext_noop(
            "This accelerator has no units for FP8: training in 8 bits saves no time, and converting costs some."
        ),
        gettext_noop("Training in 4 bits is research; no measurement of energy was found, so the range is wide."),
        gettext_noop(
            "Training the pruned model again is added: from a few million tokens to tens of billions, by how "
            "much quality must return."
        ),
        gettext_noop("Weights alone are widened in each step: memory is saved, time is not."),
        gettext_noop(
            "Weights are widened before each product: 8 bits in weights alone save memory, and cost energy in "
            "common software."
        ),
        gettext_noop("Weights are widened before each product: what is saved is memory, and with it accelerators."),
        gettext_noop("What comes from the cache is taken to cost nothing."),
        gettext_noop("What kernels lose of what fewer bytes promise; measured on few models, so the range is wide."),
    }
)
