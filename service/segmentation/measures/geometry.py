"""Labels -> the geometry that was asked for, within bounds of memory: what is left out is a warning."""

from collections.abc import Callable
from dataclasses import dataclass

from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.measures import polygons, regions, runs
from service.segmentation.measures.measure import Measure
from service.segmentation.measures.polygons import Polygon, polygons_of
from service.segmentation.measures.regions import Regions, regions_of
from service.segmentation.measures.runs import Runs, TooManyRuns
from service.segmentation.modelfile.contract import Labels

OF_SHAPES = frozenset({Measure.REGIONS, Measure.POLYGONS})


@dataclass(frozen=True, eq=False)
class Geometry:
    """regions: None where they were not asked for, or the mask has too many runs. polygons: those of the first regions;
    None where they were not asked for. warnings: what was left out, and what to do."""

    regions: Regions | None = None
    polygons: list[Polygon] | None = None
    warnings: tuple[ImageWarning, ...] = ()


def geometry_of(
    labels: Labels, include: frozenset[Measure], least: int, tolerance: float, check: Callable[[], None]
) -> Geometry:
    """The regions of at least `least` pixels, and their outlines to within `tolerance` pixels. `check` may raise to
    stop it."""
    if not include & OF_SHAPES:
        return Geometry()
    try:
        stretches = Runs.of(labels)
    except TooManyRuns:
        return Geometry(warnings=(fragmented(),))
    found = regions_of(stretches, least, check)
    warnings = () if found.number <= regions.MOST else (many_regions(found.number, least),)
    if Measure.POLYGONS not in include:
        return Geometry(found, None, warnings)
    outlines = polygons_of(stretches, found, tolerance, check)
    if len(outlines) < len(found.pixels):
        warnings = (*warnings, long_outlines(len(outlines)))
    return Geometry(found, outlines, warnings)


def fragmented() -> ImageWarning:
    return ImageWarning(
        "mask_fragmented",
        f"The mask changes its class more than {runs.MOST} times from pixel to pixel, so regions, polygons and run "
        "lengths are left out; send a smaller image.",
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
