"""The page of the benchmark: what came of the networks, how sure it is, and the published figures beside it."""

from __future__ import annotations

from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.claims import FEWEST_SEEDS, Finding, claims, summary
from spectune.papers.schuetzke2023.figures import accuracy_picture, curves_picture, pairs_picture
from spectune.papers.schuetzke2023.mapping import map_picture
from spectune.papers.schuetzke2023.plan import Plan
from spectune.papers.schuetzke2023.protocol import AS_PRINTED, AS_RUN
from spectune.papers.schuetzke2023.questions import ASKED
from spectune.papers.schuetzke2023.reported import SOURCE
from spectune.papers.schuetzke2023.scores import LIKELY, Contest, by_name, contests
from spectune.papers.schuetzke2023.tables import (
    MODE_WORDS,
    MOST_CONTESTS,
    contests_grid,
    modes_grid,
    percent,
    standings,
    standings_grid,
    training_grid,
)
from spectune.report.sections import Code, Head, Part, Picture, Points, Section, Table, Words, page
from spectune.report.tables.grid import Grid
from spectune.report.wording import counted, plain, simulated_warning
from spectune.synthesis.making import labels_of
from spectune.synthesis.patterns import Split

SPLIT_WORDS: dict[Split, str] = {"train": "for training", "val": "for validation", "test": "for the test"}


def benchmark_page(found: Benchmark, command: str) -> str:
    """The page; ``command`` repeats the benchmark."""
    plan, fought = found.plan, contests(by_name(found.runs), found.truth)
    classes = counted(len(plan.config.spectra), "class", "classes")
    head = Head(
        kind=f"spectune bench schuetzke2023 · {plan.dataset} · {classes} · {plan.config.datapoints} points",
        title=ASKED[plan.question] if plan.question else "Neural networks for synthetic spectra, trained alike",
        say=answer(found, fought),
        reasons=reasons(found, fought),
        warning=limits(plan),
    )
    sections = [
        Section("Networks", _networks(found)),
        *_claims(claims(found)),
        *_modes(found),
        Section("Which networks differ", _contests(fought), "Differences"),
        Section("Classes taken for each other", _pairs(found), "Confused classes"),
        *_maps(found),
        Section("How the trainings went", _training(found), "Trainings"),
        Section("How it was done", _method(found, command), "Method"),
    ]
    return page(
        head,
        sections,
        f"{counted(len(found.runs), 'training')} of {counted(found.truth.size, 'test spectrum', 'test spectra')}.",
    )


def answer(found: Benchmark, fought: tuple[Contest, ...]) -> str:
    """The network with the highest median, and which others cannot be told from it."""
    name, runs, counts = standings(found)[0]
    right = f"{counts.median} of {counts.rows} test spectra right"
    say = f"{name} has {right} ({percent(counts.median / counts.rows)} %, median of {counted(len(runs), 'seed')})"
    near = [
        one.other if one.one == name else one.one for one in fought if name in (one.one, one.other) and not one.clear
    ]
    if len(standings(found)) == 1:
        return f"{say}."
    if not near:
        return f"{say}, the most of {counted(len(standings(found)), 'network')}; all others are behind beyond chance."
    return f"{say}, the most of {counted(len(standings(found)), 'network')}; not to be told from it: {', '.join(near)}."


def reasons(found: Benchmark, fought: tuple[Contest, ...]) -> tuple[str, ...]:
    """What stands behind the answer."""
    made = []
    if found.reference is not None:
        told = found.reference
        made.append(
            f"Of {counted(told.rows, 'test spectrum', 'test spectra')}, training settles {told.clear}; {told.ties} are "
            f"ties between classes that are exactly as likely. Guessing there gives {percent(told.guessed)} %."
        )
    clear = sum(one.clear for one in fought)
    if fought:
        made.append(f"{clear} of {counted(len(fought), 'pair')} of networks can be told apart.")
    return tuple(made)


def limits(plan: Plan) -> str:
    """What a reader must know first: what the spectra are, and what makes this less than the published experiment."""
    few = counted(plan.protocol.epochs, "epoch")
    look = f" A look, not a result: trainings end after {few} at most, not 500." if plan.protocol.epochs < 500 else ""
    return f"{simulated_warning('simulated')}{look}"


def _networks(found: Benchmark) -> tuple[Part, ...]:
    beside = f" Hollow, below: the runs of {SOURCE}." if any(found.reported(run) for run in found.runs) else ""
    return (
        Picture(
            accuracy_picture(found),
            "One dot a seed: test spectra that are right by the weights of the epoch with the lowest validation loss."
            f"{beside} Dashed: what a classifier has that knows the law of training and guesses ties; dotted: one "
            "that is right in every tie.",
        ),
        Table(
            standings_grid(found),
            "The median seed on the test spectra with its 95 % score interval (Wilson), and mean and deviation over "
            "seeds. Validation: accuracy on the spectra that chose the epoch. Published figures are another program's.",
        ),
        Words(
            "The interval says how far the share could lie from that of more spectra of this kind; the deviation says "
            "how far another seed lies. Test spectra of one class are alike, so the interval is rather too narrow."
        ),
    )


def _claims(judged: tuple[Finding, ...]) -> list[Section]:
    if not judged:
        return []
    rows = tuple((one.claim, one.published, one.here, one.judgement) for one in judged)
    parts: tuple[Part, ...] = (
        Words(summary(judged)),
        Table(
            Grid(("the paper found", "published", "here", "judgement"), rows, words=4),
            f"Networks with at least {FEWEST_SEEDS} seeds; medians with 95 % intervals, differences of means in "
            "points. Confirmed and contradicted go beyond chance, with all comparisons of this table looked at (Holm).",
        ),
    )
    return [Section("What the paper said, and what is here", parts, "Claims")]


def _modes(found: Benchmark) -> list[Section]:
    if not found.modes:
        return []
    words = ", ".join(f"{MODE_WORDS[mode]} {labels.size}" for mode, labels in found.modes.items())
    parts: tuple[Part, ...] = (
        Table(modes_grid(found), "The median seed by what parts the classes of a triplet, with 95 % intervals."),
        Words(
            f"Classes: {words}. Positions and intensities of neighbours overlap in training, and the test spectra of "
            "these modes lie where both are exactly as likely: what is above guessing there is the network's own "
            "inclination to put the boundary in the middle, which training does not teach."
        ),
    )
    return [Section("Failure modes", parts)]


def _contests(fought: tuple[Contest, ...]) -> tuple[Part, ...]:
    if not fought:
        return (Words("There is one network only."),)
    left = f" The clearest {MOST_CONTESTS} of {len(fought)}." if len(fought) > MOST_CONTESTS else ""
    return (
        Table(
            contests_grid(fought),
            "Mean accuracy of the first minus that of the second over the seeds both have; classes of which the first "
            "has more, or fewer, spectra right; how often chance would bring them as far apart, alone and with all "
            f"pairs of this page looked at (Holm); marked at most {LIKELY:g}.{left}",
        ),
        Words(
            "Chance turns whole classes round: the test spectra of a class come from one pattern on one grid, and are "
            "no independent trials. McNemar's exact test, which takes them as such, stands beside it. Flipping the "
            "differences of five seeds could never give less than 1/16, however large they are."
        ),
    )


def _pairs(found: Benchmark) -> tuple[Part, ...]:
    if all((run.answers == found.truth).all() for run in found.runs):
        return (Words("No network took a class for another."),)
    beside = " Right: the best published run of each network." if found.published == "benchmark" else ""
    return (Picture(pairs_picture(found), f"Test spectra taken for the other class, either way, a seed.{beside}"),)


def _maps(found: Benchmark) -> list[Section]:
    if not found.maps:
        return []
    parts = tuple(
        Picture(
            map_picture(found, number),
            f"Of the classes that differ in {MODE_WORDS[sweep.parted_by]} most, the two that are hardest to part. One "
            "peak goes over position and height, the others stand half-way between the two; colour: what the network "
            "says. Boxes: where training has the peak, by class; dots: where the test has it.",
        )
        for number, sweep in enumerate(found.sweeps)
    )
    words = Words("Each network by the weights of the seed with the lowest validation loss.")
    return [Section("Decisions over position and height", (words, *parts), "Decisions")]


def _training(found: Benchmark) -> tuple[Part, ...]:
    return (
        Picture(
            curves_picture(found), "Mean validation loss by epoch, a line a seed; the dot is the epoch that is used."
        ),
        Table(training_grid(found), "Medians over seeds. Seeds of a network share one fit, and its time."),
    )


def _method(found: Benchmark, command: str) -> tuple[Part, ...]:
    plan, told = found.plan, found.plan.protocol
    sizes = ", ".join(f"{labels_of(plan.config, split).size} {word}" for split, word in SPLIT_WORDS.items())
    return (
        Points(
            (
                f"Spectra: {sizes}; each divided by its maximum, nothing else.",
                f"Adam at {plain(told.rate)}, batches of {told.batch}, weights of Glorot. The rate falls to "
                f"{told.factor:g} of itself after {told.plateau_patience} epochs in which the validation loss has not "
                f"fallen by more than {told.min_delta:g}; the end is after {told.patience} such epochs, or after "
                f"{told.epochs}. The published runs were made with {AS_RUN:g}; the paper's text says {AS_PRINTED:g}.",
                "The validation spectra lower the rate, end the training and choose the epoch. The test spectra were "
                "looked at once for each seed, after that.",
                "All networks of a seed see the rows in the same order. Weights, order and dropout of a seed do not "
                "depend on the seeds beside it.",
                "Running means of batch normalisation have momentum 0.99 unless a network says otherwise.",
            )
        ),
        Code(command),
    )
