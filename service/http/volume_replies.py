"""A segmented scan -> the body of a response in the requested media type. Runs in a worker."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from service.http.errors import NotAcceptable
from service.http.options import VolumeOptions, VolumePart
from service.http.replies import JSON, Reply, base64_of, model_name
from service.http.volume_schemas import ClassVolume, LabelsFile, Pictures, Scan, SegmentationFile, VolumeAnswer
from service.segmentation.errors import UnusableScan
from service.segmentation.inputs.source import Source
from service.segmentation.measures.volumes import intracranial_ml
from service.segmentation.outputs.dicomseg import check_referable
from service.segmentation.runtime.call import Call
from service.segmentation.volume_pipeline import VolumePipeline, VolumeResult
from service.segmentation.volume_segmenter import Progress

DICOM = "application/dicom"
NDJSON = "application/x-ndjson"


def make_volume_reply(
    files: Sequence[bytes],
    media_type: str,
    options: VolumeOptions,
    pipeline: VolumePipeline,
    progress: Progress,
    call: Call,
) -> Reply:
    """Segment a scan and encode the result as `media_type`. Raises SegmentationError and NotAcceptable."""
    source = pipeline.read(files, call)
    if media_type == DICOM:
        check_dicom(source)
    result = pipeline.run(files, source, call, progress)
    codes = tuple(warning.code for warning in result.volume.warnings)
    return replace(VOLUME_FORMATS[media_type](result, options), warnings=codes, composition=result.composition)


def check_dicom(source: Source) -> None:
    """Raises NotAcceptable and UnusableScan where a DICOM file cannot refer to the scan, before the work is done."""
    if not source.instances:
        raise NotAcceptable(
            "A DICOM Segmentation refers to DICOM files, but the scan is NIfTI; accept application/gzip."
        )
    check_referable(source)


def as_json(result: VolumeResult, options: VolumeOptions) -> Reply:
    return Reply(answer_of(result, options).model_dump_json().encode(), JSON)


def as_gzip(result: VolumeResult, _: VolumeOptions) -> Reply:
    return Reply(result.nifti(), "application/gzip")


def as_nifti(result: VolumeResult, _: VolumeOptions) -> Reply:
    return Reply(result.nifti(), "application/x-nifti")


def as_dicom(result: VolumeResult, _: VolumeOptions) -> Reply:
    return Reply(result.dicomseg(), DICOM)


def as_png(result: VolumeResult, _: VolumeOptions) -> Reply:
    return Reply(result.mosaic(), "image/png")


VOLUME_FORMATS: dict[str, Callable[[VolumeResult, VolumeOptions], Reply]] = {
    JSON: as_json,
    "application/gzip": as_gzip,
    "application/x-nifti": as_nifti,
    DICOM: as_dicom,
    "image/png": as_png,
    NDJSON: as_json,
}
"""How each media type is made; the first is the default. NDJSON has the JSON as its last line."""


def answer_of(result: VolumeResult, options: VolumeOptions) -> VolumeAnswer:
    """The JSON of a result. Its `timings_ms` end where it is put together."""
    volume, seen = result.volume, result.segmentation.seen
    wanted = options.include
    return VolumeAnswer(
        model=model_name(result.model),
        volume=Scan(
            format=volume.format,
            shape=list(volume.shape),
            slices=len(seen.voxels),
            spacing_mm=seen.spacing,
            voxel_mm3=volume.voxel_mm3,
            sha256=result.sha256,
        ),
        classes=class_volumes(result, options),
        intracranial_ml=intracranial_ml(result.extents),
        review=bool(result.review),
        reasons=result.review,
        warnings=list(volume.warnings),
        pictures=pictures_of(result) if VolumePart.PICTURES in wanted else None,
        labels=LabelsFile(data=base64_of(result.nifti())) if VolumePart.LABELS in wanted else None,
        segmentation=segmentation_of(result) if VolumePart.SEGMENTATION in wanted else None,
        timings_ms=result.call.timings.so_far(),
    )


def pictures_of(result: VolumeResult) -> Pictures:
    pairs = result.pictures()
    return Pictures(scan=[base64_of(scan) for scan, _ in pairs], mask=[base64_of(mask) for _, mask in pairs])


def segmentation_of(result: VolumeResult) -> SegmentationFile | None:
    """The DICOM Segmentation; None for a scan that none can refer to, as the other parts are answers all the same."""
    if not result.source.instances:
        return None
    try:
        return SegmentationFile(data=base64_of(result.dicomseg()))
    except UnusableScan:
        return None


def class_volumes(result: VolumeResult, options: VolumeOptions) -> list[ClassVolume]:
    return [
        ClassVolume(
            id=class_.id,
            name=class_.name,
            color=class_.color,
            voxels=extent.voxels,
            ml=extent.ml,
            share=extent.share,
            confidence=extent.confidence if VolumePart.CONFIDENCE in options.include else None,
            slice_mm2=list(extent.slice_mm2) if VolumePart.SLICES in options.include else None,
        )
        for class_, extent in zip(result.model.contract.labels.classes, result.extents, strict=True)
    ]
