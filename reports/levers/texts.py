"""What each lever is, for somebody who has never heard of it."""

from dataclasses import dataclass
from typing import Final

from estimator.core.footprint import gettext_noop


@dataclass(frozen=True, slots=True)
class LeverText:
    """One lever in words; all of them English templates."""

    what: str
    helps: tuple[str, ...]  #: it saves where …
    hurts: tuple[str, ...]  #: it saves nothing, or costs, where …
    quality: str  #: what it costs in the answers of the model


TEXTS: Final[dict[str, LeverText]] = {
    "pruning": LeverText(
        what=gettext_noop(
            "A trained network holds many weights that hardly matter. Pruning leaves them out: single weights here and "
            "there, two of every four, or whole parts such as attention heads, channels and layers."
        ),
        helps=(
            gettext_noop("Whole heads, channels or layers are removed: the model is smaller, and any hardware gains."),
            gettext_noop("Two of every four weights are removed, and the accelerator has units that skip them."),
            gettext_noop("The software skips single zeros, as some runtimes for CPUs do."),
        ),
        hurts=(
            gettext_noop("Single weights are set to zero on a GPU: it multiplies zeros like any other number."),
            gettext_noop("The pruned model must be trained again for long, and then answers few requests."),
        ),
        quality=gettext_noop(
            "A little is lost at first and more with every further cut. Training again brings most of it back, and "
            "that training is counted here."
        ),
    ),
    "quantisation": LeverText(
        what=gettext_noop(
            "A model is a long list of numbers. Quantisation writes each of them with fewer bits, 8 or 4 instead of "
            "16. Less has to be read from memory for each word, and fewer accelerators may hold the model."
        ),
        helps=(
            gettext_noop("The model is large, so that reading its weights takes most of the time."),
            gettext_noop("The smaller model fits on fewer accelerators than before."),
            gettext_noop("The accelerator multiplies in the narrow format itself, such as FP8 or INT8."),
        ),
        hurts=(
            gettext_noop("The model is small: widening 4-bit weights again takes longer than reading them took."),
            gettext_noop("Only weights are narrow and the software widens them before each product."),
            gettext_noop("FP8 serves few requests at once: measured energy rose in that case."),
        ),
        quality=gettext_noop(
            "Eight bits lose hardly anything that tests can see. Four bits are nearly as good in large models, and "
            "cost small ones several points."
        ),
    ),
    "hardware": LeverText(
        what=gettext_noop(
            "The same arithmetic on another accelerator: a newer GPU, a TPU, or a chip made for serving. What counts "
            "is how many operations and bytes it moves for each joule, and whether the model fits into its memory."
        ),
        helps=(
            gettext_noop("The present accelerators are several generations old."),
            gettext_noop("The new one has more memory, so that fewer of them are needed."),
            gettext_noop("The hardware is rented or already there, and would otherwise wait."),
        ),
        hurts=(
            gettext_noop("New machines are bought for a short run: their making is counted, too."),
            gettext_noop("The software for the new accelerator is young and gets little of its speed."),
            gettext_noop("The work is too small to keep a large accelerator busy."),
        ),
        quality=gettext_noop("None: the same operations are done on other machines."),
    ),
    "distributed": LeverText(
        what=gettext_noop(
            "A run can be spread over more accelerators to end sooner, or gathered on fewer. Spread out, they have to "
            "exchange results after each step and wait for the slowest, which takes energy and gives nothing."
        ),
        helps=(
            gettext_noop("A run is gathered on fewer accelerators and there is time to wait."),
            gettext_noop("The machines would otherwise stand idle beside the run."),
        ),
        hurts=(
            gettext_noop("More accelerators are used to be faster: each doubling usually costs a few per cent."),
            gettext_noop("The network between the machines is slow."),
            gettext_noop("A model that fits on one accelerator is served from several."),
        ),
        quality=gettext_noop("None as such; larger batches may ask for another learning rate."),
    ),
    "federated": LeverText(
        what=gettext_noop(
            "The data stay where they are, on phones or in hospitals. Each of these clients trains a little on its own "
            "device and sends only the changes, which a server adds up, round after round."
        ),
        helps=(
            gettext_noop("Clients are few, their devices draw little, and they sit on clean grids."),
            gettext_noop("Few rounds are enough, and the changes that are sent are small."),
            gettext_noop("The central run would stand on a dirty grid, or the data would have to travel far."),
        ),
        hurts=(
            gettext_noop("Many rounds with large models: phones are slow, and the network takes energy as well."),
            gettext_noop("The central run has efficient accelerators on a clean grid."),
        ),
        quality=gettext_noop(
            "The same quality often needs more rounds, because the data of the clients differ. What is gained is "
            "privacy, which this tool does not count."
        ),
    ),
    "reuse": LeverText(
        what=gettext_noop(
            "Most of what a model knows has been learnt before by another one. Instead of training from nothing, one "
            "starts from a trained model and adapts all of it, or a small part, to the new task."
        ),
        helps=(
            gettext_noop("A trained model for a related task, language or kind of picture can be had."),
            gettext_noop("Only small added matrices are trained, as with LoRA, so that less memory is needed."),
            gettext_noop("Many people reuse the same base model, and share what its training caused."),
        ),
        hurts=(
            gettext_noop("The run is a fine-tuning already: there is little left to save."),
            gettext_noop(
                "The base model is far larger than the task needs, so that each answer costs more ever after."
            ),
            gettext_noop("A student learns from a large teacher that has to run along all the time."),
        ),
        quality=gettext_noop(
            "Good for tasks near to what the base model knows, and worse the further away they are. The student of a "
            "distillation stays a little behind its teacher."
        ),
    ),
    "region": LeverText(
        what=gettext_noop(
            "A kilowatt-hour causes twenty times more in one country than in another, by what its power plants burn. "
            "The same run in another data centre therefore causes as much less as the grid there is cleaner."
        ),
        helps=(
            gettext_noop("The run is a training, or a service whose users do not mind some milliseconds."),
            gettext_noop("The present grid burns much coal or gas."),
        ),
        hurts=(
            gettext_noop("The law or a contract keeps the data where they are."),
            gettext_noop("The clean grid lies where water is scarce, and its data centres are cooled with it."),
            gettext_noop("All the clean power of that place was in use already: what is added may come from gas."),
        ),
        quality=gettext_noop("None: the same operations are done elsewhere."),
    ),
    "time_shift": LeverText(
        what=gettext_noop(
            "A grid is cleaner when the sun shines or the wind blows. A run that can wait starts at such an hour, and "
            "one that may pause stops while the grid is dirty."
        ),
        helps=(
            gettext_noop("The run takes an hour or less, and can wait for the best hour of the day."),
            gettext_noop("The grid changes much between day and night, as those with much sun do."),
        ),
        hurts=(
            gettext_noop("The run takes days: it sees clean and dirty hours alike."),
            gettext_noop("The grid is the same all day, as with hydropower or coal alone."),
            gettext_noop("Accelerators that wait are switched on and draw power meanwhile."),
        ),
        quality=gettext_noop("None: the same operations are done later."),
    ),
    "renewable_contract": LeverText(
        what=gettext_noop(
            "A company can buy electricity, or certificates, from wind and solar plants. On paper its own use is then "
            "clean. The plug still delivers what the grid delivers, so the total shown here does not change; the "
            "market-based figure beside it does."
        ),
        helps=(
            gettext_noop("A report asks for the market-based figure beside the one by the grid."),
            gettext_noop("The contract makes somebody build a plant that would not be there without it."),
        ),
        hurts=(
            gettext_noop("It is taken as a reason not to save: the grid sees no difference."),
            gettext_noop("Certificates of another country or of another hour are counted."),
        ),
        quality=gettext_noop("None."),
    ),
    "pue": LeverText(
        what=gettext_noop(
            "A data centre needs more electricity than its servers: for cooling, for conversion, for light. The PUE "
            "says how much: with 1.5, half of the servers’ energy comes on top. A better facility comes near to 1.1."
        ),
        helps=(
            gettext_noop("The run stands in an office or an old server room, and could move to a large data centre."),
            gettext_noop("The climate there lets outside air do most of the cooling."),
        ),
        hurts=(
            gettext_noop("The facility is efficient already: from 1.12 to 1.10 saves hardly anything."),
            gettext_noop("A low PUE is bought with evaporated water where water is scarce."),
        ),
        quality=gettext_noop("None: the same operations are done elsewhere."),
    ),
    "batch_size": LeverText(
        what=gettext_noop(
            "To answer one request, an accelerator reads all weights of the model. If it answers many at once it reads "
            "them once for all, so each of them costs less."
        ),
        helps=(
            gettext_noop("Few requests are served at once today, and many wait."),
            gettext_noop("Answers may take longer, as in work done over night."),
            gettext_noop("Memory is left for the notes that the model keeps about each request."),
        ),
        hurts=(
            gettext_noop("Requests come too seldom to fill a batch."),
            gettext_noop("The batch is large already: then products take the time, and no longer the reading."),
        ),
        quality=gettext_noop("None in the answers; each of them takes longer."),
    ),
    "power_cap": LeverText(
        what=gettext_noop(
            "The last few per cent of an accelerator’s speed take the most power. A cap keeps it below its limit: it "
            "draws clearly less and becomes a little slower."
        ),
        helps=(
            gettext_noop("The run waits for memory or for the network much of the time."),
            gettext_noop("Nobody minds that it ends some per cent later."),
        ),
        hurts=(
            gettext_noop("The cap is deep: the time grows faster than the draw falls."),
            gettext_noop("The rest of the server draws as before, and for longer."),
        ),
        quality=gettext_noop("None: the same operations, a little later."),
    ),
    "early_stopping": LeverText(
        what=gettext_noop(
            "Many trainings run on after they have stopped getting better, and most of the runs of a search are bad "
            "from the start. Watching a test score and stopping them leaves that energy unused."
        ),
        helps=(
            gettext_noop("Many variants are tried, and only the best is kept."),
            gettext_noop("The score on test data is looked at while the training runs."),
        ),
        hurts=(
            gettext_noop("It is the final run, whose length was chosen well: there is nothing to stop."),
            gettext_noop("Runs are stopped by a score that says little of the end, and have to be done again."),
        ),
        quality=gettext_noop("A model that would have become better late is lost."),
    ),
    "output_length": LeverText(
        what=gettext_noop(
            "A language model computes once for each piece of a word that it writes. A shorter answer, less hidden "
            "reasoning, or an answer that is kept and given again, takes less."
        ),
        helps=(
            gettext_noop("Answers are long and their readers need the first lines."),
            gettext_noop("The model reasons at length about simple questions."),
            gettext_noop("The same questions come again and again, so that answers can be kept."),
        ),
        hurts=(
            gettext_noop("A short answer makes people ask again."),
            gettext_noop("Most of the work is the reading of a long question."),
        ),
        quality=gettext_noop("Short answers may leave out steps of reasoning, and kept ones may be out of date."),
    ),
    "mixture_of_experts": LeverText(
        what=gettext_noop(
            "The model is built of many parts, the experts, and only a few of them work on each word. It knows as much "
            "as a large model and computes like a smaller one."
        ),
        helps=(
            gettext_noop("A large model is trained: operations fall with the share that is active."),
            gettext_noop("Many requests are served at once, so that every expert has work."),
        ),
        hurts=(
            gettext_noop("Few requests are served: all experts lie in memory, and accelerators wait."),
            gettext_noop("It is set against a dense model of its active size: it takes more energy than that one."),
        ),
        quality=gettext_noop("For the same quality it needs more parameters in all, and thus more memory."),
    ),
}
