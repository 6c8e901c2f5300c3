"""Everything that is compared is measured in every round, turn by turn."""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

from benchmarks import networks
from benchmarks.load import offline, server, single_stream
from benchmarks.networks import Bare
from benchmarks.photos import SIZES, photo
from benchmarks.rounds import percentile
from benchmarks.subjects import Subject
from service.segmentation.catalog import EMBEDDED
from service.segmentation.segmenter import fit

SMALL = "480x360"
LOAD = 0.7
CALLERS = 4

Figures = dict[str, list[float]]
"""By name, one figure per round."""


def graphs(rounds: int, repeats: int) -> Figures:
    """Milliseconds of bare graphs: street in int8 and float, and VGG-16 at street's size and at the photo's own."""
    policy = networks.street().contract.input
    native = (policy.width, policy.height)
    bare = {
        "street int8": Bare(EMBEDDED / "street.onnx", *native),
        "street float": Bare(networks.street_float(), *native),
        "VGG-16 float": Bare(networks.vgg16_float(), *native),
        "VGG-16 float, photo not enlarged": Bare(networks.vgg16_float(), 480, 360),
    }
    figures: Figures = defaultdict(list)
    for _ in range(rounds):
        for name, graph in bare.items():
            graph.milliseconds()
            figures[name].append(median(graph.milliseconds() for _ in range(repeats)))
    return dict(figures)


def bare_for(width: int, height: int) -> Bare:
    """street's graph at the size that such a photo is scaled to: for a wide one, less than the native size."""
    return Bare(EMBEDDED / "street.onnx", *fit((width, height), networks.street().contract.input))


def one_at_a_time(subjects: Sequence[Subject], rounds: int, repeats: int) -> dict[str, Figures]:
    """Median milliseconds of a request alone, per photo size, and of the bare graph in the same round."""
    sizes: dict[str, Figures] = {}
    for size, (width, height) in SIZES.items():
        data, bare = photo(width, height), bare_for(width, height)
        figures: Figures = defaultdict(list)
        for _ in range(rounds):
            bare.milliseconds()
            figures["bare"].append(median(bare.milliseconds() for _ in range(repeats)))
            for subject in subjects:
                caller = subject.caller(data)
                caller()
                figures[subject.name].append(median(single_stream(caller, repeats).milliseconds))
        sizes[size] = dict(figures)
    return sizes


def back_to_back(subjects: Sequence[Subject], rounds: int, count: int) -> dict[str, Figures]:
    """Images a second per photo size: of several callers at once, and of the bare graph, one image after the other."""
    sizes: dict[str, Figures] = {}
    for size, (width, height) in SIZES.items():
        data, bare = photo(width, height), bare_for(width, height)
        figures: Figures = defaultdict(list)
        for _ in range(rounds):
            figures["bare"].append(1000 * count / sum(bare.milliseconds() for _ in range(count)))
            for subject in subjects:
                make = partial(subject.caller, data)
                figures[subject.name].append(offline(make, count, CALLERS).per_second)
        sizes[size] = dict(figures)
    return sizes


def at_random(subjects: Sequence[Subject], per_second: float, rounds: int, count: int) -> dict[str, Figures]:
    """p50, p90 and p99 in milliseconds, and refusals, at the same rate of arrivals for all."""
    data = photo(*SIZES[SMALL])
    each: dict[str, Figures] = {subject.name: defaultdict(list) for subject in subjects}
    for number in range(rounds):
        for subject in subjects:
            outcome = server(partial(subject.caller, data), per_second, count, seed=number)
            for share in (0.5, 0.9, 0.99):
                each[subject.name][f"p{100 * share:g}"].append(percentile(outcome.milliseconds, share))
            each[subject.name]["refused"].append(outcome.refused)
    return {name: dict(figures) for name, figures in each.items()}


def stages(subject: Subject, repeats: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of each stage of the service, per photo size, from its answers."""
    table = {}
    for size, (width, height) in SIZES.items():
        data = photo(width, height)
        answers: list[dict[str, Any]] = []
        for _ in range(repeats):
            request = Request(subject.url, data, {"Content-Type": "image/jpeg"})  # noqa: S310  # our own server
            with urlopen(request) as response:  # noqa: S310
                answers.append(json.load(response)["timings_ms"])
        table[size] = {stage: median(answer[stage] for answer in answers) for stage in answers[0]}
    return table
