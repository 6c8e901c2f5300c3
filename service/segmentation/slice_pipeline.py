"""The bytes of one slice of a scan -> areas, files and timings: `pipeline.py` as a model for scans needs it."""

from dataclasses import replace

from service.segmentation.errors import UnusableScan
from service.segmentation.inputs.plane import SIDEWAYS, turned_back
from service.segmentation.inputs.raster import Photo, decode
from service.segmentation.inputs.rgb import as_slice
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.volume import Acquisition
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.measures.review import Limits, of_header
from service.segmentation.pipeline import Pipeline
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call
from service.segmentation.segmenter import Segmentation, Segmenter

LIMITS = Limits()


class SlicePipeline(Pipeline):
    """Segments single slices with a model for scans; safe to call from several threads.

    A slice has the shades of a whole scan, by its own values, and stands for its neighbours too. Where the size of its
    pixels is known, it is brought to the model's spacing. A DICOM slice is turned as its header says; how a picture
    lies, nobody can tell.
    """

    def needed(self, request: Request) -> None:
        """All of it: slices are small."""

    def decoded(self, data: bytes, request: Request) -> Photo:
        """As for pictures. Raises UnusableScan for a DICOM slice that is not axial."""
        photo = decode(data, self.max_pixels, None, request.window, as_slice)
        if photo.plane is not None and photo.plane.name != "axial":
            raise UnusableScan(
                f"The DICOM slice is {photo.plane.name}, and {self.model.contract.name} knows axial ones; "
                "post the whole series to /volumes, which takes its axial slices."
            )
        tilt = 0.0 if photo.plane is None else photo.plane.tilt
        reasons = of_header(tilt, photo.acquisition or Acquisition(), LIMITS)
        return replace(
            photo, warnings=photo.warnings + tuple(ImageWarning(reason.code, reason.detail) for reason in reasons)
        )

    def segmented(self, photo: Photo, request: Request, call: Call) -> Segmentation:
        """As for pictures; a slice that does not lie as the model knows them is turned, and its labels are turned
        back."""
        turn = None if photo.plane is None else photo.plane.turn
        if turn is None:
            return super().segmented(photo, request, call)
        image, spacing = photo.image.transpose(turn), request.spacing or photo.spacing
        if turn in SIDEWAYS and spacing is not None:
            spacing = Spacing(spacing.column, spacing.row)
        found = super().segmented(replace(photo, image=image, size=image.size), replace(request, spacing=spacing), call)
        heat = found.heatmap and replace(found.heatmap, probability=turned_back(found.heatmap.probability, turn))
        certainty = found.certainty.with_maps(lambda plane: turned_back(plane, turn))
        return replace(found, labels=turned_back(found.labels, turn), heatmap=heat, certainty=certainty)


def pipeline_for(segmenter: Segmenter, max_pixels: int) -> Pipeline:
    """The pipeline for images that suits a model: one for scans sees slices."""
    kind = SlicePipeline if segmenter.model.contract.for_scans else Pipeline
    return kind(segmenter, max_pixels)
