"""Labels -> the geometry that was asked for, within bounds of memory: what is left out is a warning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.measures import polygons, regions
from service.segmentation.measures.measure import Measure
from service.segmentation.measures.polygons import Polygon, polygons_of
from service.segmentation.measures.regions import Regions, regions_of
from service.segmentation.measures.rle import Columns, compressed
from service.segmentation.measures.runs import Runs, TooManyRuns
from service.segmentation.modelfile.contract import Labels

MOST_RUNS = 2**18
"""Of a mask, by line or by column; more are noise, and would take more memory than is set aside for them."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """None is what was not asked for, or what the mask has too many runs for.

    polygons: those of the first regions.
    rle: the compressed run lengths of every class, in id order.
    warnings: what was left out, and what to do.
    """

    regions: Regions | None = None
    polygons: list[Polygon] | None = None
    rle: list[str] | None = None
    warnings: tuple[ImageWarning, ...] = ()


def geometry_of(
    labels: Labels, classes: int, include: frozenset[Measure], least: int, tolerance: float, check: Callable[[], None]
) -> Geometry:
    """What `include` names of labels of so many classes: regions of at least `least` pixels, polygons to within
    `tolerance` pixels. `check` may raise to stop it."""
    found: Regions | None = None
    outlines: list[Polygon] | None = None
    rle: list[str] | None = None
    warnings: list[ImageWarning] = []
    try:
        if include & {Measure.REGIONS, Measure.POLYGONS}:
            runs = Runs.of(labels, MOST_RUNS)
            found = regions_of(runs, least, check)
            if found.number > regions.MOST:
                warnings.append(many_regions(found.number, least))
            if Measure.POLYGONS in include:
                outlines = polygons_of(runs, found, tolerance, check)
                if len(outlines) < len(found.pixels):
                    warnings.append(long_outlines(len(outlines)))
        if Measure.RLE in include:
            columns = Columns.of(labels, MOST_RUNS)
            rle = list(run_lengths(columns, classes, check))
    except TooManyRuns:  # of lines, or of columns after regions were found
        warnings.append(fragmented())
    return Geometry(found, outlines, rle, tuple(warnings))


def run_lengths(columns: Columns, classes: int, check: Callable[[], None]) -> Iterator[str]:
    for class_id in range(classes):
        check()
        yield compressed(columns.counts(class_id))


def fragmented() -> ImageWarning:
    return ImageWarning(
        "mask_fragmented",
        f"The mask changes its class more than {MOST_RUNS} times from pixel to pixel, which is too often for regions, "
        "polygons and run lengths; send a smaller image.",
    )


def many_regions(number: int, least: int) -> ImageWarning:
    return ImageWarning(
        "regions_left_out",
        f"The mask has {number} regions of at least {least} pixels, and the {regions.MOST} largest are listed; "
        "raise min_region for fewer.",
    )


def long_outlines(number: int) -> ImageWarning:
    return ImageWarning(
        "polygons_left_out",
        f"The outlines have more than {polygons.MOST} corners, so only the {number} largest regions have a polygon; "
        "send a smaller image.",
    )
