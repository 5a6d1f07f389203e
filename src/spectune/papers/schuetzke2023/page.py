"""The page of the benchmark: what came of the networks, how sure it is, and the published figures beside it."""

from __future__ import annotations

from spectune.papers.schuetzke2023.answering import compared, left, reply
from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.claims import FEWEST_SEEDS, Finding, claims, summary
from spectune.papers.schuetzke2023.figures import accuracy_picture, curves_picture, pairs_picture
from spectune.papers.schuetzke2023.mapping import map_picture
from spectune.papers.schuetzke2023.plan import Plan
from spectune.papers.schuetzke2023.protocol import AS_PRINTED, AS_RUN
from spectune.papers.schuetzke2023.questions import ASKED, QUESTIONS, Question
from spectune.papers.schuetzke2023.reported import MODIFIED, SOURCE, logged
from spectune.papers.schuetzke2023.scores import LIKELY, Contest, by_name, contests
from spectune.papers.schuetzke2023.tables import (
    MODE_WORDS,
    MOST_CONTESTS,
    contests_grid,
    modes_grid,
    question_grid,
    standings_grid,
    training_grid,
)
from spectune.papers.schuetzke2023.verdict import answer, inclined, legend, reasons
from spectune.report.sections import Code, Head, Part, Picture, Points, Section, Table, Words, page
from spectune.report.tables.grid import Grid
from spectune.report.wording import counted, plain, simulated_warning
from spectune.synthesis.making import labels_of
from spectune.synthesis.patterns import Split

QUESTION_WORDS = (
    "Mean accuracy of the first network minus that of the second, over the seeds that both have. From, to: 95 % "
    "interval of this mean over seeds (Student's t on the differences seed by seed; all networks of a seed see the "
    f"rows in one order), from {FEWEST_SEEDS} seeds on: where other seeds would lead on these test spectra. Chance: "
    "how often the difference would be as large if every class could as well go the other way, alone and with all "
    f"comparisons of this table looked at (Holm). More often, less often: that is at most {LIKELY:g}, and the interval "
    "leaves out zero. Small print: everything that is changed; a row with several changes tells of none of them alone."
)

SPLIT_WORDS: dict[Split, str] = {"train": "for training", "val": "for validation", "test": "for the test"}


def benchmark_page(found: Benchmark, command: str) -> str:
    """The page; ``command`` repeats the benchmark."""
    plan, fought = found.plan, contests(by_name(found.runs), found.truth)
    say, *others = headline(found, fought)
    classes = counted(len(plan.config.spectra), "class", "classes")
    head = Head(
        kind=f"spectune bench schuetzke2023 · {plan.dataset} · {classes} · {plan.config.datapoints} points",
        title=ASKED[plan.question] if plan.question else "Neural networks for synthetic spectra, trained alike",
        say=say,
        reasons=tuple(others),
        warning=limits(plan),
    )
    sections = [
        *(_questions(found) if plan.question else []),
        Section("Networks", _networks(found)),
        *_claims(claims(found)),
        *([] if plan.question else _questions(found)),
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


def headline(found: Benchmark, fought: tuple[Contest, ...]) -> tuple[str, ...]:
    """What came of it, the answer first: to the question, if there is one, else which network is ahead."""
    ahead, question = answer(found, fought), found.plan.question
    if not question:
        return ahead, *reasons(found, fought)
    without = left(question, by_name(found.runs))
    return reply(question, found), *([without] if without else []), ahead, *reasons(found, fought)


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
            f"{beside}{legend(found.reference)}",
        ),
        Table(
            standings_grid(found),
            "The median seed on the test spectra with its 95 % score interval (Wilson), and mean and deviation over "
            "seeds. Validation: accuracy on the spectra that chose the epoch. Published figures are another program's."
            f"{_unplaced(found)}",
        ),
        Words(
            "The interval says how far the share could lie from that of more spectra of this kind; the deviation says "
            "how far another seed lies. Test spectra of one class are alike, so the interval is rather too narrow."
        ),
    )


def _unplaced(found: Benchmark) -> str:
    """Published medians of networks that are here, but that belong to no row."""
    untold, there = "as it is not said whether its dense layers were linear", {run.network for run in found.runs}
    figures = {
        "vgg": f"{MODIFIED['vgg_mod'].original:.2f} % for VGG, {untold}",
        "cnn_bn": f"{MODIFIED['cnn_bn_mod'].original:.2f} % for CNN BN, {untold}",
        "resnet_mod": f"{MODIFIED['resnet_mod'].modified:.2f} % for resnet_mod, a share of validation spectra",
    }
    words = [sentence for network, sentence in figures.items() if network in there]
    return f" Published, and in no row: {'; '.join(words)}." if words and found.published == "challenge" else ""


def _questions(found: Benchmark) -> list[Section]:
    """The comparisons of the question that was asked; where none was, all questions to which the runs say something."""
    runs, asked = by_name(found.runs), found.plan.question
    if asked:
        return [Section("The comparisons that answer it", (_compared(asked, found),), "Comparisons")]
    return [
        Section(
            ASKED[one], (Words(f"{reply(one, found)} {left(one, runs)}"), _compared(one, found)), f"Question: {one}"
        )
        for one in QUESTIONS
        if compared(one, runs, found.truth)
    ]


def _compared(question: Question, found: Benchmark) -> Table:
    return Table(question_grid(question, found), QUESTION_WORDS)


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
    rest = len(found.plan.config.spectra) - sum(labels.size for labels in found.modes.values())
    others = f"; {rest} more can be mistaken for no other" if rest else ""
    parts: tuple[Part, ...] = (
        Table(
            modes_grid(found),
            "The median seed by what parts a class from the one it is hardest to part from, with 95 % intervals.",
        ),
        Words(f"Classes: {words}{others}.{inclined(found)}"),
    )
    return [Section("Failure modes", parts)]


def _contests(fought: tuple[Contest, ...]) -> tuple[Part, ...]:
    if not fought:
        return (Words("There are no two networks with a seed in common."),)
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
    named = any(logged(found.published, run.name) for run in found.runs)
    beside = " Published: on a GPU that is not named; epochs counted from 1 as here." if named else ""
    return (
        Picture(
            curves_picture(found), "Mean validation loss by epoch, a line a seed; the dot is the epoch that is used."
        ),
        Table(training_grid(found), f"Medians over seeds. Seeds of a network share one fit, and its time.{beside}"),
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
