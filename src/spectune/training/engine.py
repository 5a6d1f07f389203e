"""What computes epochs: the contract, and the compiled core behind it.

An engine holds K members and does as it is told: an epoch of training, outputs on rows, keeping
the weights of members that did better than ever. Two engines obey the same contract and draw the
same random numbers: the compiled core, and torch (``eager``), which is its plain twin.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import DataError, RunError, SettingError
from spectune.networks.precision import Precision
from spectune.networks.recipe import Optimiser, Schedule
from spectune.spectra.spectra import Rows
from spectune.training.checkpoint import Numbers, State, Weights
from spectune.training.material import Errors, Material
from spectune.training.members import Stack
from spectune.training.native import MemberStruct, PlanStruct, SourceStruct, core
from spectune.training.optimisers import DECAYS
from spectune.training.plan import Plan, plan
from spectune.training.sharing import Sharing, Teams, Way
from spectune.training.signals import Held, OnTheWay, Signals

Clock = Callable[[], float]
Floats = NDArray[np.float32]
Outputs = list[NDArray[np.float64]]

RULES: tuple[Optimiser, ...] = tuple(DECAYS)
"""Update rules by their number in the core."""


class Engine(Protocol):
    """K members in training."""

    def epoch(self, members: Sequence[int], rates: NDArray[np.float64]) -> Errors:
        """One pass of the members over their training rows, each in its own random order.

        Args:
            members: numbers of the members that take part.
            rates: learning rates, (steps, members); a member with fewer steps uses its first ones.

        Returns:
            Mean loss of each member over its rows, without the penalty, (members,).
        """

    def outputs(self, members: Sequence[int], rows: Sequence[Rows], best: bool = False) -> Outputs:
        """Raw outputs of each member on its own rows, [(rows, outputs)], by its present or best weights."""

    def penalties(self, members: Sequence[int]) -> Errors:
        """Half the penalty times the squares of all weights it pulls on, by present weights, (members,)."""

    def keep(self, members: Sequence[int]) -> None:
        """Takes the present weights of the members as their best."""

    def best(self) -> Stack:
        """The best weights of all members."""

    def state(self) -> State:
        """A copy of all it holds between two epochs."""

    def resume(self, state: State) -> None:
        """Goes on from a state of the same members on the same kind of engine; before its first epoch."""


class Core:
    """Members in the compiled core."""

    def __init__(
        self,
        stack: Stack,
        material: Material,
        schedule: Schedule,
        threads: int = 1,
        precision: Precision = "float32",
        clock: Clock = time.perf_counter,
    ) -> None:
        library = core()
        if library is None:
            raise RunError("the compiled core is not there; install spectune with a C compiler at hand, or use torch")
        self._library, self._stack, self._material, self._schedule = library, stack, material, schedule
        self._sharing, self._clock = Sharing(threads), clock
        self._plan = plan(stack.layers, stack.shape, library.spectune_lanes(), threads)
        batch = min(schedule.batch, max(rows.size for rows in material.train))
        self._struct = _struct(self._plan, schedule, material.classes, batch, precision == "bf16")
        self._rows = _member_rows(stack, self._plan, schedule)
        self._kept = {name: self._rows[name].copy() for name in ("weights", "moments")}
        self._shared = _shared(material)
        self._source, self._program = _source(material.table)
        self._taken = [0] * stack.members
        self._teams: list[int] = []

    def epoch(self, members: Sequence[int], rates: NDArray[np.float64]) -> Errors:
        """See ``Engine.epoch``."""
        orders = [self._material.shuffled(member) for member in members]
        columns = [np.ascontiguousarray(rates[:, place]) for place in range(len(members))]
        structs = (MemberStruct * len(members))()
        for struct, member, order, column in zip(structs, members, orders, columns, strict=True):
            self._fill(struct, member, order, self._rows)
            struct.rates = column.ctypes.data
        way = self._sharing.way(len(members))
        self._make_room(way)
        begun = self._clock()
        self._run(structs, self._schedule.batch, way)
        self._sharing.took(len(members), way, self._clock() - begun)
        for struct, member in zip(structs, members, strict=True):
            self._taken[member] = struct.taken
        return np.asarray([struct.loss for struct in structs])

    def outputs(self, members: Sequence[int], rows: Sequence[Rows], best: bool = False) -> Outputs:
        """See ``Engine.outputs``."""
        made = self._plan.buffers[self._plan.output]
        width = int(made["points"] * made["channels"])
        orders = [np.ascontiguousarray(one, dtype=np.int64) for one in rows]
        answers = [np.empty((one.size, width), dtype=np.float32) for one in orders]
        structs = (MemberStruct * len(members))()
        for struct, member, order, answer in zip(structs, members, orders, answers, strict=True):
            self._fill(struct, member, order, self._rows | self._kept if best else self._rows)
            struct.answers = answer.ctypes.data
        self._run(structs, 0, self._sharing.way(len(members)))
        return [answer.astype(np.float64) for answer in answers]

    def penalties(self, members: Sequence[int]) -> Errors:
        """See ``Engine.penalties``; places that no weight owns hold zeros."""
        kernels = self._rows["weights"][:, : self._plan.packed_kernels]
        sums = [np.square(kernels[member], dtype=np.float64).sum() for member in members]
        return 0.5 * np.asarray(sums) * [self._material.penalties[member] for member in members]

    def keep(self, members: Sequence[int]) -> None:
        """See ``Engine.keep``."""
        for member in members:
            for name, kept in self._kept.items():
                kept[member] = self._rows[name][member]

    def best(self) -> Stack:
        """See ``Engine.best``."""
        weights = torch.from_numpy(self._kept["weights"])
        kernels, others = (weights[:, torch.from_numpy(part)] for part in (self._plan.kernels, self._plan.others))
        moments = torch.from_numpy(self._kept["moments"].copy())
        return Stack(self._stack.layers, self._stack.shape, kernels, others, moments)

    def state(self) -> State:
        """See ``Engine.state``; flat as in a stack, however the core packs them."""
        kernels, others = self._plan.kernels, self._plan.others
        remembered = [self._rows[name] for name in ("first", "second") if self._rows[name].size]
        present, best = (
            Weights(rows["weights"][:, kernels], rows["weights"][:, others], rows["moments"].copy())
            for rows in (self._rows, self._kept)
        )
        return State(
            np.arange(self._stack.members),
            present,
            tuple(rows[:, kernels] for rows in remembered),
            tuple(rows[:, others] for rows in remembered),
            np.asarray(self._taken),
            best,
        )

    def resume(self, state: State) -> None:
        """See ``Engine.resume``."""
        for rows, weights in ((self._rows, state.present), (self._kept, state.best)):
            self._write(rows["weights"], weights.kernels, weights.others)
            rows["moments"][:] = weights.moments
        remembered = zip(("first", "second"), state.kernels_remembered, state.others_remembered, strict=False)
        for name, kernels, others in remembered:
            self._write(self._rows[name], kernels, others)
        self._taken = state.taken.tolist()

    def _write(self, packed: Floats, kernels: Numbers, others: Numbers) -> None:
        packed[:, self._plan.kernels], packed[:, self._plan.others] = kernels, others

    def _fill(self, struct: MemberStruct, member: int, order: NDArray[np.int64], rows: dict[str, Floats]) -> None:
        for name, values in (rows | self._shared).items():
            setattr(struct, name, values[member].ctypes.data if values.size else None)
        struct.order, struct.rows = order.ctypes.data, order.size
        struct.penalty = self._material.penalties[member]
        struct.taken, struct.key = self._taken[member], self._material.keys[member]

    def _run(self, structs: ctypes.Array[MemberStruct], batch: int, way: Way) -> None:
        source = self._source
        self._make_room(way)
        first = 0
        for count, teams in way:
            part = ctypes.byref(structs, first * ctypes.sizeof(MemberStruct))
            self._run_part(part, count, teams, source, batch)
            first += count

    def _run_part(self, part: object, count: int, teams: Teams, source: SourceStruct, batch: int) -> None:
        rooms = (ctypes.c_void_p * teams.number)(*self._teams[: teams.number])
        code = self._library.spectune_run(rooms, teams.number, teams.size, part, count, ctypes.byref(source), batch)
        if code == 1:
            raise DataError("the file of spectra could not be read to its end; is it still there and whole?")
        if code:
            raise RunError(f"{teams.number * teams.size} threads could not be started; try fewer workers")

    def _make_room(self, way: Way) -> None:
        while len(self._teams) < max(teams.number for _, teams in way):
            self._teams.append(self._open())

    def _open(self) -> int:
        team = self._library.spectune_open(ctypes.byref(self._struct), 1)
        if not team:
            raise RunError("there is not enough memory for a network of this size and batch; try a smaller batch")
        return int(team)

    def __del__(self) -> None:
        for team in getattr(self, "_teams", ()):
            self._library.spectune_close(team)


def _source(table: Signals) -> tuple[SourceStruct, object]:
    """Where the core reads, and what must outlive that."""
    match table:
        case Held(tensor):
            if tensor.dtype != torch.float32 or not tensor.is_contiguous():
                raise SettingError(f"the compiled core computes in float32, these signals are {tensor.dtype}")
            return SourceStruct(tensor.data_ptr(), -1, 0, None), tensor
        case OnTheWay():
            program = table.views.struct(np.zeros(3))
            place = None if table.file >= 0 else table.x.ctypes.data
            return SourceStruct(place, table.file, table.start, ctypes.addressof(program)), program
    raise TypeError(type(table).__name__)


def _struct(made: Plan, schedule: Schedule, classes: int, rows: int, half: bool) -> PlanStruct:
    return PlanStruct(
        len(made.ops), len(made.buffers), rows, made.packed, made.packed_kernels, made.derived,
        0, made.output, classes, RULES.index(schedule.optimiser), half,
        made.ops.ctypes.data, made.buffers.ctypes.data,
    )  # fmt: skip


def _member_rows(stack: Stack, made: Plan, schedule: Schedule) -> dict[str, Floats]:
    """Arrays that belong to one member each, (K, ...)."""
    weights = np.zeros((stack.members, made.packed), dtype=np.float32)
    weights[:, made.kernels] = stack.kernels.detach().numpy()
    weights[:, made.others] = stack.others.detach().numpy()
    remembered = DECAYS[schedule.optimiser]
    nothing = np.zeros((stack.members, 0), dtype=np.float32)
    return {
        "weights": weights,
        "gradients": np.zeros_like(weights),
        "first": np.zeros_like(weights) if remembered else nothing,
        "second": np.zeros_like(weights) if remembered > 1 else nothing,
        "moments": stack.moments.detach().numpy().copy(),
    }


def _shared(material: Material) -> dict[str, Floats]:
    """Arrays of the material as the core reads them, (K, ...)."""
    members = len(material.train)
    return {
        name: np.ascontiguousarray(values.numpy(), dtype=np.float32).reshape(members, -1)
        for name, values in (
            ("factor", material.inputs.factor),
            ("offset", material.inputs.offset),
            ("wanted", material.wanted),
            ("class_weights", material.weights),
            ("drops", torch.from_numpy(material.drops)),
        )
    }
