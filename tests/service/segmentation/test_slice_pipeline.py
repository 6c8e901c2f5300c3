"""A single slice, sent as an image to a model for scans, is seen as a slice of a whole scan is."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.segmentation import footprint
from service.segmentation.errors import UnusableScan, WindowNeeded
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.window import Window
from service.segmentation.measures.measure import Measure
from service.segmentation.modelfile.contract import Pixels
from service.segmentation.pipeline import Pipeline, Result
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model, Output
from service.segmentation.segmenter import LARGEST, Segmenter
from service.segmentation.slice_pipeline import pipeline_for
from tests.support import tissues
from tests.support.dicom import dicom
from tests.support.pictures import encoded

SIZE = (28, 20)
"""Width and height."""


def slice_() -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Values, 0 to 1020, and their tissues, in shells around a place off the middle; the air is not of one value."""
    width, height = SIZE
    row, column = np.indices((height, width))
    radius = np.hypot((row - 7) / height, (column - 16) / width)
    truth = (3 - np.digitize(radius, (0.12, 0.25, 0.4))).astype(np.uint8)
    values = (4 * np.array(tissues.GREY, np.uint16))[truth]
    values[::2][truth[::2] == 0] = 16
    return values, truth


VALUES, TRUTH = slice_()
EIGHT = (VALUES // 4).astype(np.uint8)


class Watched:
    """A model for scans, and the pictures that its network was given."""

    def __init__(self) -> None:
        self.model = Model(tissues.model_bytes(), threads=1)
        self.seen: list[Pixels] = []
        self.pipeline = pipeline_for(Segmenter(self.model, self._run), 10**6)

    def _run(self, image: Pixels, scores: bool, call: Call | None) -> Output:
        self.seen.append(image)
        return self.model.run(image, scores, call)

    def result(self, data: bytes, **options: Any) -> Result:
        return self.pipeline.run(data, Request(**options))


@pytest.fixture
def watched() -> Watched:
    return Watched()


def png(values: NDArray[Any]) -> bytes:
    return encoded(Image.fromarray(values))


@pytest.mark.parametrize(
    ("data", "options"),
    [
        pytest.param(png(VALUES), {}, id="16-bit"),
        pytest.param(png(VALUES * 60), {}, id="16-bit of the whole range"),
        pytest.param(png(VALUES), {"window": Window(0, 1020)}, id="16-bit, windowed"),
        pytest.param(png(VALUES), {"window": Window()}, id="16-bit, auto"),
        pytest.param(png(EIGHT), {}, id="8-bit"),
        pytest.param(png(EIGHT // 2 + 40), {}, id="8-bit, dark and without black"),
        pytest.param(encoded(Image.fromarray(EIGHT).convert("RGB")), {}, id="colours"),
        pytest.param(encoded(Image.fromarray(EIGHT).convert("RGBA"), "WEBP", lossless=True), {}, id="WebP"),
        pytest.param(dicom(VALUES), {}, id="DICOM"),
        pytest.param(dicom(VALUES, RescaleSlope=0.1, RescaleIntercept=-50), {}, id="DICOM, scaled"),
        pytest.param(dicom(VALUES), {"window": Window(0, 1020)}, id="DICOM, windowed"),
    ],
)
def test_a_slice_has_the_shades_of_a_scan(watched: Watched, data: bytes, options: dict[str, Any]) -> None:
    found = watched.result(data, spacing=Spacing(1, 1), **options)
    assert np.array_equal(found.labels, TRUTH)
    (seen,) = watched.seen
    assert np.ptp(seen, axis=2).max() == 0
    assert abs(seen[: SIZE[1], : SIZE[0], 0].astype(int) - np.array(tissues.GREY)[TRUTH]).max() <= 4


def test_a_jpeg_has_them_too(watched: Watched) -> None:
    found = watched.result(encoded(Image.fromarray(EIGHT), "JPEG", quality=100), spacing=Spacing(1, 1))
    assert (found.labels == TRUTH).mean() > 0.95


def test_a_model_for_pictures_still_wants_a_window(model: Model) -> None:
    pipeline = pipeline_for(Segmenter(model), 10**6)
    assert type(pipeline) is Pipeline
    with pytest.raises(WindowNeeded):
        pipeline.run(png(VALUES))


@pytest.mark.parametrize(
    ("data", "spacing", "sides"),
    [
        (png(VALUES), Spacing(2, 2), (56, 40)),
        (png(VALUES), Spacing(0.5, 1), (28, 10)),
        (dicom(VALUES, PixelSpacing=[2, 0.5]), None, (14, 40)),
        (dicom(VALUES, PixelSpacing=[2, 0.5]), Spacing(1, 1), SIZE),
        (png(VALUES), None, (32, 23)),
        (dicom(VALUES, PixelSpacing=None), None, (32, 23)),
        (png(VALUES), Spacing(500, 500), (76, 54)),
    ],
)
def test_a_slice_is_brought_to_the_models_spacing_or_its_size(
    watched: Watched, data: bytes, spacing: Spacing | None, sides: tuple[int, int]
) -> None:
    """At most to four times the native size, 32 x 32; a PNG's own resolution is not believed."""
    found = watched.result(data, spacing=spacing)
    assert found.labels.shape == TRUTH.shape
    assert (found.labels == TRUTH).mean() > 0.75
    padded = tuple(side + -side % tissues.STRIDE for side in sides)
    assert watched.seen[0].shape[1::-1] == padded


@pytest.mark.parametrize(
    ("across", "down"), [(a, d) for a in ("+x", "-x", "+y", "-y") for d in ("+x", "-x", "+y", "-y") if a[1] != d[1]]
)
def test_an_axial_slice_is_turned_for_the_network_and_back(watched: Watched, across: str, down: str) -> None:
    def unit(direction: str) -> list[float]:
        return [(1 if direction[0] == "+" else -1) * float(direction[1] == axis) for axis in "xyz"]

    def stored(values: NDArray[Any]) -> NDArray[Any]:
        """As a file has them whose rows and columns run so."""
        values = values.T if across[1] == "y" else values
        return values[:: 1 if down[0] == "+" else -1, :: 1 if across[0] == "+" else -1]

    spacing = [2, 1] if across[1] == "x" else [1, 2]
    file = dicom(
        np.ascontiguousarray(stored(VALUES)), ImageOrientationPatient=unit(across) + unit(down), PixelSpacing=spacing
    )
    asked: dict[str, Any] = {"heatmap": "white matter", "confidence": True, "include": frozenset(Measure)}
    found = watched.result(file, **asked)
    plain = Watched()
    expected = plain.result(dicom(VALUES, PixelSpacing=[2, 1]), **asked)
    assert np.array_equal(watched.seen[0], plain.seen[0])
    assert np.array_equal(found.labels, stored(expected.labels))
    assert found.segmentation.heatmap is not None
    assert expected.segmentation.heatmap is not None
    assert np.array_equal(found.segmentation.heatmap.probability, stored(expected.segmentation.heatmap.probability))
    for plane in ("confidence_map", "entropy"):
        turned, straight = (getattr(result.segmentation.certainty, plane) for result in (found, expected))
        assert np.array_equal(turned, stored(straight))
    assert found.areas == expected.areas
    assert found.areas[3].mm2 == 2 * found.areas[3].pixels
    assert found.segmentation.confidence == expected.segmentation.confidence
    assert Image.open(io.BytesIO(found.mask())).size == stored(TRUTH).shape[::-1]
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("axes", "name"),
    [([1, 0, 0, 0, 0, -1], "coronal"), ([0, 1, 0, 0, 0, -1], "sagittal"), ([0, 0, 1, 1, 0, 0], "coronal")],
)
def test_a_slice_in_another_plane_is_refused_with_its_name(watched: Watched, axes: list[int], name: str) -> None:
    with pytest.raises(UnusableScan, match=f"{name}, and tissues knows axial ones; post the whole series to /volumes"):
        watched.result(dicom(VALUES, ImageOrientationPatient=axes))


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"Modality": "CT"}, "other_contrast"),
        ({"EchoTime": 100, "RepetitionTime": 4000}, "other_contrast"),
        ({"EchoTime": 120, "RepetitionTime": 9000, "InversionTime": 2500}, "other_contrast"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.8, 0.6]}, "tilted_slices"),
    ],
)
def test_what_the_header_says_against_it_is_a_warning(watched: Watched, elements: dict[str, Any], code: str) -> None:
    assert [warning.code for warning in watched.result(dicom(VALUES, **elements)).warnings] == [code]
    assert watched.result(dicom(VALUES, EchoTime=4, RepetitionTime=9, ScanningSequence="GR")).warnings == ()


def test_the_bound_on_memory_knows_that_a_slice_may_be_larger_than_the_native_size(watched: Watched) -> None:
    policy = watched.model.contract.input
    largest = footprint.of_network(LARGEST * policy.width * policy.height, len(tissues.CLASSES.classes))
    assert watched.pipeline.footprint(png(EIGHT), Request()) > largest
