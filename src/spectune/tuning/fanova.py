"""Functional ANOVA: how much of the variance of a result a hyperparameter explains, alone or with another.

Hutter, Hoos & Leyton-Brown (2014): a random forest is fitted to the trials. A tree of it is constant
on boxes that fill the space, so the mean over all other hyperparameters (the marginal) and its
variance are finite sums over its leaves: nothing is sampled.

The share of a hyperparameter is the variance of its marginal in parts of the tree's variance, averaged
over trees. Forest, weights and average are those of Optuna's evaluator, which knows no pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

Array = NDArray[np.float64]
Places = NDArray[np.intp]

TREES, DEEPEST = 64, 64
"""Trees of a forest and their largest depth, as in Optuna."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Hyperparameters of trials as numbers.

    Attributes:
        x: (rows, columns) one row a trial.
        bounds: (columns, 2) lowest and highest value of each column, the first below the second.
        columns: the columns of each hyperparameter: one for a number, one per option for a choice.
    """

    x: Array
    bounds: Array
    columns: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees, and the encoded trials they were grown on."""

    trees: tuple[Any, ...]
    encoded: Encoded


@dataclass(frozen=True, eq=False)
class Leaves:
    """The leaves of a tree: boxes that fill the unit cube without overlap.

    Attributes:
        values: (leaves,) what the tree says in each, as a difference from its mean over the cube.
        volumes: (leaves,) adding up to 1.
        boxes: (leaves, columns, 2) lower and upper ends, in parts of the bounds.
    """

    values: Array
    volumes: Array
    boxes: Array

    @property
    def variance(self) -> float:
        """Variance of the tree over the whole cube."""
        return float(self.volumes @ self.values**2)


@dataclass(frozen=True, eq=False)
class Side:
    """The leaves as one hyperparameter sees them: the distinct boxes in its own columns.

    Attributes:
        of_leaf: (leaves,) number of the distinct box of each leaf.
        boxes: (distinct, columns, 2) lower and upper ends.
    """

    of_leaf: Places
    boxes: Array

    @property
    def sizes(self) -> Array:
        """Volume of the box of each leaf (leaves,)."""
        return np.asarray(np.prod(self.boxes[:, :, 1] - self.boxes[:, :, 0], axis=1)[self.of_leaf])

    @property
    def overlaps(self) -> Array:
        """Volume that two distinct boxes have in common (distinct, distinct)."""
        low, high = self.boxes[:, :, 0], self.boxes[:, :, 1]
        common = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
        return np.asarray(np.prod(np.maximum(common, 0.0), axis=2))


def grown(encoded: Encoded, values: Array, seed: int) -> Forest:
    """The forest of a seed, fitted to ``values`` (rows,)."""
    forest = RandomForestRegressor(n_estimators=TREES, max_depth=DEEPEST, random_state=seed)
    forest.fit(encoded.x, values)
    return Forest(tuple(one.tree_ for one in forest.estimators_), encoded)


def single_shares(forest: Forest) -> Array:
    """Share of every hyperparameter by itself (hyperparameters,); all 0 when no tree varies."""
    columns = forest.encoded.columns
    return _averaged(forest, len(columns), lambda leaves: [_variance(leaves, _side(leaves, one)) for one in columns])


def pair_shares(forest: Forest, pairs: Sequence[tuple[int, int]]) -> Array:
    """Share of every pair beyond what its two members explain by themselves (pairs,).

    Args:
        forest: the trees.
        pairs: numbers of two hyperparameters each, in the order of ``Encoded.columns``.
    """
    members = sorted({member for pair in pairs for member in pair})

    def variances(leaves: Leaves) -> list[float]:
        sides = {member: _side(leaves, forest.encoded.columns[member]) for member in members}
        overlaps = {member: side.overlaps for member, side in sides.items()}
        alone = {member: _variance(leaves, side) for member, side in sides.items()}
        found = []
        for one, other in pairs:
            heights = _heights(leaves, sides[one], sides[other])
            both = float(np.sum(heights * (overlaps[one] @ heights @ overlaps[other])))
            found.append(max(both - alone[one] - alone[other], 0.0))
        return found

    return _averaged(forest, len(pairs), variances)


def single_effects(forest: Forest, members: Sequence[int]) -> Array:
    """The marginal of some hyperparameters at the forest's own trials (rows, members).

    As differences from the mean over the space.
    """
    low, high = forest.encoded.bounds.T
    x = (forest.encoded.x - low) / (high - low)
    effects = np.zeros((len(x), len(members)))
    for leaves in _all_leaves(forest):
        for place, member in enumerate(members):
            columns = list(forest.encoded.columns[member])
            side = _side(leaves, columns)
            effects[:, place] += _inside(x[:, columns], side.boxes) @ _marginal(leaves, side)
    return effects / len(forest.trees)


def _averaged(forest: Forest, count: int, variances: Callable[[Leaves], Sequence[float]]) -> Array:
    """Mean over the trees that vary of ``variances`` in parts of the tree's variance (count,)."""
    found = [np.asarray(variances(leaves)) / leaves.variance for leaves in _all_leaves(forest) if leaves.variance > 0]
    return np.asarray(np.mean(found, axis=0)) if found else np.zeros(count)


def _all_leaves(forest: Forest) -> Iterator[Leaves]:
    return (_leaves(tree, forest.encoded.bounds) for tree in forest.trees)


def _leaves(tree: Any, bounds: Array) -> Leaves:
    """Leaves of a tree, found level by level from its root."""
    low, width = bounds[:, 0], bounds[:, 1] - bounds[:, 0]
    boxes = np.empty((tree.node_count, len(bounds), 2))
    boxes[0] = 0.0, 1.0
    level = np.zeros(1, dtype=np.intp)
    while level.size:
        inner = level[tree.feature[level] >= 0]
        split = tree.feature[inner]
        at = np.clip((tree.threshold[inner] - low[split]) / width[split], 0.0, 1.0)
        left, right = tree.children_left[inner], tree.children_right[inner]
        boxes[left] = boxes[right] = boxes[inner]
        boxes[left, split, 1] = boxes[right, split, 0] = at
        level = np.concatenate([left, right])
    ends = tree.feature < 0
    boxes, values = boxes[ends], tree.value[ends, 0, 0]
    volumes = np.prod(boxes[:, :, 1] - boxes[:, :, 0], axis=1)
    return Leaves(values - volumes @ values, volumes, boxes)


def _side(leaves: Leaves, columns: Sequence[int]) -> Side:
    boxes = leaves.boxes[:, list(columns)]
    flat = boxes.reshape(len(boxes), -1)
    order = np.lexsort(flat.T)
    new = np.any(flat[order] != flat[np.roll(order, 1)], axis=1)
    new[0] = True
    of_leaf = np.empty(len(boxes), dtype=np.intp)
    of_leaf[order] = np.cumsum(new) - 1
    return Side(of_leaf, boxes[order[new]])


def _variance(leaves: Leaves, side: Side) -> float:
    """Variance of the marginal of one hyperparameter."""
    heights = _marginal(leaves, side)
    return float(heights @ side.overlaps @ heights)


def _marginal(leaves: Leaves, side: Side) -> Array:
    """What the leaves of each distinct box add to the marginal of one hyperparameter (distinct,)."""
    return np.asarray(np.bincount(side.of_leaf, _over(leaves, side.sizes), len(side.boxes)), dtype=np.float64)


def _heights(leaves: Leaves, one: Side, other: Side) -> Array:
    """The same for two hyperparameters (distinct of one, distinct of the other)."""
    shape = len(one.boxes), len(other.boxes)
    cells = one.of_leaf * shape[1] + other.of_leaf
    found = np.bincount(cells, _over(leaves, one.sizes * other.sizes), shape[0] * shape[1])
    return np.asarray(found.reshape(shape), dtype=np.float64)


def _over(leaves: Leaves, sizes: Array) -> Array:
    """What a leaf adds to a marginal: its value times its volume in all other columns."""
    return leaves.values * np.divide(leaves.volumes, sizes, out=np.zeros_like(sizes), where=sizes > 0)


def _inside(x: Array, boxes: Array) -> NDArray[np.bool_]:
    """Which row of ``x`` (rows, columns) lies above the lower ends and up to the upper ends of which box."""
    low, high = boxes[:, :, 0], boxes[:, :, 1]
    above = (x[:, None] > low) | (low == 0.0)
    return np.asarray(np.all(above & (x[:, None] <= high), axis=2))
