"""Published networks: layer by layer those of Schuetzke, Szymanski & Reischl (2023), on any spectra.

Numbers come from Keras builds of the published code, at 5,000 points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import SettingError, ShapeError
from spectune.files.spaces import load_space
from spectune.networks.families.published import published
from spectune.networks.layers import (
    Act,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    Layers,
    Residual,
    Shape,
    out_shape,
    parameters,
    running,
    shapes,
)
from spectune.networks.published import ZOO, network
from spectune.networks.published.pieces import smallest
from spectune.networks.recipe import Recipe, Schedule
from spectune.networks.space import Fixed, GivenDraw, Value
from spectune.spectra.channels import format_channels
from spectune.spectra.spectra import Task

LONG: Shape = (1, 5000)
EVERY_NETWORK = pytest.mark.parametrize("name", ZOO)
ACTIVATIONS: tuple[Activation, ...] = ("linear", "relu", "tanh")

TOTALS = {
    "cnn2": (19150728, 18913755, 0),
    "cnn3": (25347872, 24874399, 0),
    "cnn6": (20212224, 19644151, 0),
    "vgg": (2556174, 2467723, 0),
    "cnn_bn": (82963316, 81994139, 224),
    "resnet": (5204540, 1467367, 6128),
    "inc3": (78870534, 78520041, 0),
    "inc6": (186817238, 186627565, 0),
    "cnn_bn_mod": (82962868, 81993691, 0),
    "resnet_mod": (30056584, 29488511, 0),
    "cnn6_bn": (20213760, 19645687, 768),
    "vgg_mod": (41349990, 41113017, 0),
    "cnn6_convdo": (20212224, 19644151, 0),
}
"""All numbers of a network with 500 and with 27 classes, and how many of them are not trained."""

STEM = "5000x64 1666x64 1666x64 555x64 278x64 139x64"
CNN6 = "5000x64 2499x64 2499x64 1249x64 1249x64 624x64 624x64 312x64 312x64 156x64 156x64 78x64 4992 3100 1200"
VGG = "5000x6 2500x6 2500x16 2500x16 1250x16 1250x32 1250x32 625x32 625x64 625x64 312x64 19968"
RESNET = "5000x64 " + " ".join(f"{points}x100 {points}x100" for points in (2500, 1250, 625, 313, 157, 79)) + " 7900"
SHAPES = {
    "cnn2": "2500x64 1249x64 417x64 139x64 8896 2000 500",
    "cnn3": f"{STEM} 8896 2500 1000",
    "cnn6": CNN6,
    "vgg": f"{VGG} 120 84 186",
    "cnn_bn": "5000x16 2500x16 2500x32 1250x32 1250x64 625x64 40000 2048",
    "resnet": RESNET,
    "inc3": f"{STEM} 139x86 139x112 139x147 20433 3700 740",
    "inc6": f"{STEM} 139x86 139x112 139x147 139x194 139x255 139x332 46148 4000 400",
    "cnn_bn_mod": "5000x16 2500x16 2500x32 1250x32 1250x64 625x64 40000 2048",
    "resnet_mod": f"{RESNET} 3100 1200",
    "cnn6_bn": CNN6,
    "vgg_mod": f"{VGG} 2000 500",
    "cnn6_convdo": CNN6,
}
"""Points x channels after every layer but activations, normalisations and dropout; the outputs follow."""

CNN6_CONVS = [2304, 122944, 102464, 81984, 61504, 41024]
CNN6_DENSE = [15478300, 3721200, 600500]
IDENTITY = 2 * (50100 + 400)
SIZES = {
    "cnn2": [3264, 102464, 17794000, 1000500, 250500],
    "cnn3": [1344, 61504, 41024, 22242500, 2501000, 500500],
    "cnn6": CNN6_CONVS + CNN6_DENSE,
    "vgg": [36, 496, 1296, 2592, 5152, 10304, 20544, 2396280, 10164, 15810, 93500],
    "cnn_bn": [352, 64, 5664, 128, 10304, 256, 81922048, 1024500],
    "resnet": [384, 256, *[32100 + 50100 + 6500 + 3 * 400, IDENTITY]]
    + [50100 + 50100 + 10100 + 3 * 400, IDENTITY] * 5
    + [3950500],
    "cnn6_convdo": CNN6_CONVS + CNN6_DENSE,
    "cnn6_bn": [size for conv in CNN6_CONVS for size in (conv, 256)] + CNN6_DENSE,
}
"""Numbers of every layer that has some, batch normalisation with its running moments; 500 classes."""

DENSE = {"inc3": [75605800, 2738740, 370500], "inc6": [184596000, 1600400, 200500]}


def outside(layers: Layers) -> Iterator[Shape]:
    """What layers that may change a shape make of ``LONG``."""
    for layer, shape in zip(layers, shapes(layers, LONG), strict=True):
        if not isinstance(layer, Act | BatchNorm | Dropout):
            yield shape


def said(shape: Shape) -> str:
    channels, points = shape
    return f"{channels}" if points == 1 else f"{points}x{channels}"


def sizes(layers: Layers) -> list[int]:
    each = zip(layers, (LONG, *shapes(layers, LONG)), strict=False)
    every = [parameters((layer,), before) + running((layer,), before) for layer, before in each]
    return [size for size in every if size]


def flattened(layers: Layers) -> tuple[Layers, Layers]:
    """Layers before and after flattening."""
    place = layers.index(Flatten())
    return layers[:place], layers[place:]


@EVERY_NETWORK
def test_a_network_has_its_published_number_of_parameters(name: str) -> None:
    many, few, kept = TOTALS[name]
    for classes, total in ((500, many), (27, few)):
        layers = ZOO[name](classes)
        assert (parameters(layers, LONG), running(layers, LONG)) == (total - kept, kept)


@EVERY_NETWORK
@pytest.mark.parametrize("classes", [500, 27])
def test_every_layer_makes_its_published_shape(name: str, classes: int) -> None:
    made = [said(shape) for shape in outside(ZOO[name](classes))]
    assert " ".join(made) == f"{SHAPES[name]} {classes}"


@pytest.mark.parametrize("name", SIZES)
def test_every_layer_has_its_published_number_of_parameters(name: str) -> None:
    assert sizes(ZOO[name](500)) == SIZES[name]


@pytest.mark.parametrize("name", DENSE)
def test_dense_layers_behind_inception_have_their_published_number_of_parameters(name: str) -> None:
    assert sizes(ZOO[name](500))[-3:] == DENSE[name]


@EVERY_NETWORK
def test_the_switch_changes_only_activations_of_hidden_dense_layers(name: str) -> None:
    made = {activation: ZOO[name](27, activation) for activation in ACTIVATIONS}
    front, back = flattened(made["linear"])
    hidden = sum(isinstance(layer, Dense) for layer in back) - 1
    for activation, layers in made.items():
        assert flattened(layers)[0] == front
        wanted = [Act(activation) if isinstance(layer, Act) else layer for layer in back]
        assert list(flattened(layers)[1]) == wanted
        assert sum(isinstance(layer, Act) for layer in wanted) == hidden
    assert (made["linear"] == made["relu"]) == (name == "resnet")


def test_published_runs_had_linear_dense_layers_but_in_cnn6_and_the_modified_ones() -> None:
    bent = {name for name, make in ZOO.items() if name != "resnet" and make(27) == make(27, "relu")}
    assert bent == {"cnn6", "cnn6_bn", "cnn6_convdo", "cnn_bn_mod", "resnet_mod", "vgg_mod"}


def test_dropout_is_where_it_was_and_as_strong() -> None:
    rates = {name: [layer.rate for layer in make(27) if isinstance(layer, Dropout)] for name, make in ZOO.items()}
    assert rates["cnn2"] == rates["cnn3"] == rates["inc3"] == rates["inc6"] == rates["vgg_mod"] == [0.3] * 3
    assert rates["cnn6"] == rates["cnn6_bn"] == [0.7] * 3
    assert rates["vgg"] == [0.2] * 4
    assert rates["cnn6_convdo"] == [0.2] * 6
    assert rates["cnn_bn"] == rates["cnn_bn_mod"] == [0.5] * 2
    assert (rates["resnet"], rates["resnet_mod"]) == ([0.5], [0.5] * 3)


@given(st.sampled_from(sorted(ZOO)), st.integers(0, 9000), st.integers(1, 6), st.integers(1, 600))
def test_a_signal_of_any_length_gives_any_number_of_outputs(name: str, more: int, channels: int, outputs: int) -> None:
    points = smallest(ZOO[name](outputs), channels) + more
    layers = network(name, (channels, points), outputs)
    assert out_shape(layers, (channels, points)) == (outputs, 1)


@EVERY_NETWORK
def test_the_smallest_length_is_the_first_that_fits(name: str) -> None:
    least = smallest(ZOO[name](3))
    fitting = [points for points in range(1, 60) if fits(ZOO[name](3), points)]
    assert fitting == list(range(least, 60))


def fits(layers: Layers, points: int) -> bool:
    try:
        return bool(shapes(layers, (1, points)))
    except ShapeError:
        return False


def test_a_signal_too_short_is_told_the_network_and_both_lengths() -> None:
    with pytest.raises(ShapeError) as refused:
        network("cnn2", (1, 16), 3)
    assert str(refused.value) == (
        "the network 'cnn2' needs spectra of at least 17 points, these have 16; "
        "choose another network, or average fewer points"
    )


def test_a_network_that_is_not_there_is_told_which_are() -> None:
    with pytest.raises(SettingError, match=r"no published network 'cnn4'; networks are: cnn2, cnn3, cnn6"):
        network("cnn4", LONG, 3)


def drawn(task: Task, **others: Value) -> Recipe:
    space = load_space("schuetzke2023")
    fixed = {name: found.value for name, found in space.ranges.items() if isinstance(found, Fixed)}
    values = {"network": "cnn6", "fc.activation": "published", "transform": "none"} | fixed
    return published(GivenDraw(values | {name.replace("__", "."): value for name, value in others.items()}), task)


CLASSES = Task("phase", classes=tuple("abc"), rows=300, points=200)


def test_the_space_has_the_published_training() -> None:
    recipe = drawn(CLASSES)
    assert recipe.layers == ZOO["cnn6"](3)
    assert recipe.schedule == Schedule(
        "adam", rate=3e-4, batch=128, epochs=500, decay="plateau", factor=0.1, plateau_patience=10,
        min_delta=1e-4, min_rate=0.0, patience=25, best_delta=1e-4,
    )  # fmt: skip
    assert format_channels(recipe.channels) == "MAX"
    assert (recipe.start, recipe.gain, recipe.standardised, recipe.balanced) == ("glorot_uniform", 1.0, False, False)


def test_the_first_trials_are_the_eight_networks_as_published() -> None:
    starts: tuple[Mapping[str, Value], ...] = load_space("schuetzke2023").starts
    assert len(starts) == 8
    for start in starts:
        name = str(start["network"])
        assert drawn(CLASSES, **{key.replace(".", "__"): value for key, value in start.items()}).layers == ZOO[name](3)


def test_a_number_takes_one_output() -> None:
    recipe = drawn(Task("fat", rows=300, points=100), network="vgg", fc__activation="tanh")
    assert recipe.layers == ZOO["vgg"](1, "tanh")


@EVERY_NETWORK
def test_dropout_without_strength_is_no_dropout(name: str) -> None:
    without = tuple(layer for layer in ZOO[name](3) if not isinstance(layer, Dropout))
    assert drawn(CLASSES, network=name, dropout__scale=0.0).layers == without


def test_dropout_never_drops_everything() -> None:
    made = drawn(CLASSES, dropout__scale=2.0).layers
    assert [layer.rate for layer in made if isinstance(layer, Dropout)] == [0.95] * 3


def test_the_memory_of_batch_normalisation_reaches_every_block() -> None:
    made = drawn(CLASSES, network="resnet", batch_norm__momentum=0.9).layers
    assert len(normals(made)) == 31
    assert set(normals(made)) == {BatchNorm(0.9)}


def normals(layers: Layers) -> list[BatchNorm]:
    found: list[BatchNorm] = []
    for layer in layers:
        match layer:
            case BatchNorm():
                found.append(layer)
            case Residual(body, shortcut):
                found += [*normals(body), *normals(shortcut)]
            case _:
                pass
    return found


def test_spectra_too_short_for_a_network_are_refused_by_the_family() -> None:
    with pytest.raises(ShapeError, match="the network 'cnn6' needs spectra of at least 11 points, these have 8"):
        drawn(replace(CLASSES, points=8))
    with pytest.raises(ShapeError, match="at least 11 points, these have 10"):
        drawn(CLASSES, points__most=10)
