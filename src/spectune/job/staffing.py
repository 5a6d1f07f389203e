"""Who trains the trials of a search, this process or workers; and what that will take, said before it begins."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from spectune.cluster.workers import Material, workers_pool
from spectune.errors import SettingError, notice
from spectune.files.runs import load_trials
from spectune.files.settings import Settings
from spectune.files.staffing import Staff, load_staff, save_staff
from spectune.job.data import Prepared
from spectune.job.ending import cores_used, machine
from spectune.job.lr_range import middle_recipe
from spectune.job.measuring import bytes_of, fitting, found, glance, sampled, words
from spectune.job.networks import plan
from spectune.job.price import Price, price, roughly
from spectune.networks.recipe import Recipe
from spectune.progress import Progress
from spectune.training.crew import Fitter
from spectune.training.engine import Clock
from spectune.tuning.pool import Here, Judge, Order, Pool
from spectune.tuning.record import Trial


class Counted:
    """A pool that keeps how many trials were under way in it at once, before there are so many.

    Args:
        pool: that trains.
        folder: of the run.
        staff: who trains.
    """

    def __init__(self, pool: Pool, folder: Path, staff: Staff) -> None:
        self._pool, self._folder, self._staff = pool, folder, staff
        self._under_way = 0

    @property
    def room(self) -> int:
        """See ``Pool.room``."""
        return self._pool.room

    def submit(self, order: Order) -> None:
        """See ``Pool.submit``."""
        self._under_way += 1
        if self._under_way > self._staff.most:
            self._staff = replace(self._staff, most=self._under_way)
            save_staff(self._folder, self._staff)
        self._pool.submit(order)

    def wait(self, ends: Judge) -> Trial | None:
        """See ``Pool.wait``."""
        ended = self._pool.wait(ends)
        self._under_way -= ended is not None
        return ended


def staffed(work: Prepared, folder: Path, clock: Clock) -> Generator[Progress, None, Staff | None]:
    """The workers that are to train the trials that are left, None for this process; says what that will take.

    What ``workers = "auto"`` chose is kept, and holds as long as there are as many cores.

    Args:
        work: the job, as it is searched.
        folder: of the run.
        clock: in seconds.

    Raises:
        SettingError: more workers than there is memory for.
        RunError: a damaged record.
    """
    settings, kept = work.settings, load_staff(folder)
    cores, most = cores_used(settings), kept.most if kept else 1
    recipe, _ = middle_recipe(work.space, work.problem.task, settings.epochs)
    done = sum(trial.state != "rejected" for trial in load_trials(folder))
    cost, tried = price(settings, plan(work), done, recipe), sampled(work, recipe)
    here = glance(tried, cores)
    if settings.workers != "auto":
        staff = _said(work, recipe, settings.workers)
    elif kept is not None and kept.pace and kept.cores == cores:
        staff = kept
        yield Progress("plan", 0, 1, f"{words(staff)}, as measured before")
    else:
        staff, why = found(work, tried, cost, here, clock)
        yield Progress("plan", 0, 1, f"{words(staff)}; {why}")
    staff = replace(staff, most=most)
    if staff.pace or kept is not None:
        save_staff(folder, staff)
    yield Progress("plan", 1, 1, _sentence(settings, cost, staff, here))
    several = staff.workers > 1 or settings.cluster is not None or settings.per_gpu > 1
    return staff if several and cost.left else None


@contextmanager
def pool_of(work: Prepared, folder: Path, staff: Staff | None, quick: Fitter) -> Iterator[Pool]:
    """What trains the trials: this process by ``quick``, or workers that end with the context.

    Raises:
        SettingError, RunError: workers that cannot be had.
    """
    settings, told = work.settings, plan(work)
    if staff is None:
        yield Here(quick, work.problem, told)
        return
    sharing = settings.per_gpu if settings.device != "cpu" else 0
    what = machine(settings, settings.precision)
    material = Material(work.spectra.calibration.x, work.problem, told, what, staff.threads)
    with workers_pool(material, staff.workers, settings.cluster, per_gpu=sharing, say=notice) as pool:
        yield Counted(pool, folder, staff)


def facts(folder: Path) -> Mapping[str, str]:
    """How many trials of a run were trained at once, and what follows from that."""
    kept = load_staff(folder)
    if kept is None or kept.most == 1:
        return {"workers": "1 trial at a time"}
    return {
        "workers": f"up to {kept.most} trials at once; in which order they ended, and so what later ones could learn "
        f"from, depended on time, and each by itself can be repeated"
    }


def _said(work: Prepared, recipe: Recipe, workers: int) -> Staff:
    """As many workers as the settings say."""
    settings = work.settings
    if settings.cluster is not None:
        return Staff(workers, settings.cores or 1, settings.cores or 1)
    cores, each = cores_used(settings), bytes_of(work, recipe)
    if workers > max(1, most := fitting(each)):
        raise SettingError(
            f"{workers} workers need about {workers * each / 1e9:.1f} GB of memory, and there is enough for "
            f"{max(1, most)}; set workers to that"
        )
    return Staff(workers, max(1, cores // workers), cores)


def _sentence(settings: Settings, cost: Price, staff: Staff, here: float) -> str:
    """The price, and how long that takes where it is known."""
    if not here or settings.cluster is not None:
        return cost.words
    means = f"on {settings.device}" if settings.device != "cpu" else f"on {staff.cores} core{'s'[: staff.cores > 1]}"
    by = f"with {words(staff)}" if staff.workers > 1 else means
    most = "" if cost.patient else "at most "
    return f"{cost.words}: {most}{roughly(cost.search / (staff.pace or here) + cost.after / here)} {by}"
