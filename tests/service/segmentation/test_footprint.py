"""What memory is reserved for an image: enough, by its header and what is asked for, and no more than that."""

from service.segmentation import footprint
from service.segmentation.inputs.header import Header
from service.segmentation.measures.measure import Measure
from service.segmentation.pipeline import Pipeline
from service.segmentation.request import Request
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from tests.support.pictures import encoded, quarters

LARGE = 7000, 7000
NEEDED = 720, 720
MIB = 1024 * 1024


def mib(header: Header, overlay: bool = False, heatmap: bool = False) -> int:
    return footprint.of_picture(header, None if overlay else NEEDED, heatmap) // MIB


def test_what_takes_more_memory_reserves_more() -> None:
    """Measured: 119 and 257 MiB for a PNG of 16 megapixels, 261 for a WebP, 38 and 97 for JPEGs."""
    jpeg, png, webp = Header("JPEG", LARGE), Header("PNG", LARGE), Header("WEBP", LARGE)
    progressive = Header("JPEG", LARGE, buffered=3.0)
    assert mib(jpeg) < mib(progressive) < mib(png) < mib(webp) <= mib(webp, overlay=True, heatmap=True)
    assert mib(jpeg) < mib(jpeg, heatmap=True) < mib(jpeg, overlay=True) < mib(jpeg, overlay=True, heatmap=True)
    assert mib(jpeg) > 3 * mib(Header("JPEG", (3500, 3500)))


def test_the_pipeline_reserves_by_the_request(model: Model) -> None:
    pipeline = Pipeline(Segmenter(model), 10**6)
    small, large = encoded(quarters()), encoded(quarters(900, 900))
    plain = pipeline.footprint(small, Request())
    assert plain < pipeline.footprint(small, Request(confidence=True))
    assert plain < pipeline.footprint(small, Request(draws_photo=True))
    assert plain + 9 * 900 * 900 < pipeline.footprint(large, Request())


def test_what_will_be_refused_reserves_nothing_for_its_picture(model: Model) -> None:
    pipeline = Pipeline(Segmenter(model), 1000)
    for data in (b"", b"text", encoded(quarters()), encoded(quarters())[:20]):
        assert pipeline.footprint(data, Request()) < pipeline.footprint(encoded(quarters(20, 20)), Request())


def test_measures_reserve_what_they_take(model: Model) -> None:
    pipeline, large = Pipeline(Segmenter(model), 10**6), encoded(quarters(900, 900), "JPEG")
    plain = pipeline.footprint(large, Request())
    asked = {measure: pipeline.footprint(large, Request(include=frozenset({measure}))) - plain for measure in Measure}
    assert asked[Measure.LOW_CONFIDENCE] == pipeline.footprint(large, Request(confidence=True)) - plain
    assert asked[Measure.ENTROPY] == asked[Measure.CONFIDENCE_MAP] > asked[Measure.LOW_CONFIDENCE] + 900 * 900
    assert asked[Measure.POLYGONS] > asked[Measure.REGIONS] > asked[Measure.RLE] > 10 * MIB
