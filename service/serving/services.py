"""What every transport works with, built from the settings."""

import math
import os
from dataclasses import dataclass

from service.segmentation import footprint
from service.segmentation.catalog import Catalog
from service.segmentation.inputs.clinical import installed
from service.segmentation.pipeline import Pipeline
from service.segmentation.request import Request
from service.segmentation.runtime import memory
from service.segmentation.slice_pipeline import pipeline_for
from service.segmentation.volume_pipeline import VolumePipeline
from service.serving.admission import Admission, Limits
from service.serving.errors import BadSettings
from service.serving.keys import KeyFile, keys_for
from service.serving.metrics import Metrics
from service.serving.settings import Settings
from service.serving.tracing import Tracer, tracer_for

SCAN_PIXELS, SCAN_CLASSES = 576 * 672, 8
"""Of the largest model for scans that memory is set aside for."""


@dataclass(frozen=True)
class Services:
    """The models, the queue, the queue of scans, the metrics, the tracer (None: no traces), and the keys (None: no key
    is needed).

    Scans have a worker, a queue and memory of their own: one takes a minute, and no image may wait behind it.
    """

    catalog: Catalog
    admission: Admission
    volumes: Admission
    metrics: Metrics
    tracer: Tracer | None
    keys: KeyFile | None
    settings: Settings

    def pipeline(self, name: str | None) -> Pipeline:
        """The pipeline of the model called `name`, or of the default one. Raises UnknownModel."""
        return pipeline_for(self.catalog.get(name), self.settings.max_pixels)

    def volume_pipeline(self, name: str | None) -> VolumePipeline:
        """The pipeline for scans of the model called `name`, or of the first for scans.

        Raises UnknownModel and NotForScans.
        """
        return VolumePipeline(self.catalog.for_scans(name), self.settings.max_voxels, self.volumes.most_memory)


def build(settings: Settings) -> Services:
    """Load and check models and keys. Raises SegmentationError, BadKeys and BadSettings, which stop the start."""
    keys = keys_for(settings.host, settings.keys, settings.allow_anonymous)
    catalog = Catalog(settings.models, settings.default_model, settings.engine)
    kept = settings.queue // 4 if keys is not None and keys.keys.callers > 1 else 0
    scan_uploads = settings.max_volume if installed() else 0
    scans_served = installed() and catalog.has_scans
    free = memory.for_images(settings.max_uploads + (scan_uploads if scans_served else 0))
    for_scans = settings.volume_memory or (min(of_largest(settings), free // 2) if installed() else 0)
    # Without a model for scans at the start, no memory is set aside for them: nothing would use it.
    memory_bytes = settings.memory or max(memory.LEAST, free - (for_scans if scans_served else 0))
    check_memory(memory_bytes, pipeline_for(catalog.get(None), settings.max_pixels))
    admission = Admission(Limits(settings.workers, settings.queue, settings.max_uploads, memory_bytes, kept))
    volumes = Admission(Limits(1, settings.queue, scan_uploads, for_scans, kept))
    metrics = metrics_of(settings, catalog, admission, volumes)
    return Services(catalog, admission, volumes, metrics, tracer_for(os.environ), keys, settings)


def of_largest(settings: Settings) -> int:
    """Bytes of memory for segmenting the largest scan."""
    return footprint.of_volume(settings.max_voxels, SCAN_PIXELS, SCAN_CLASSES, settings.max_volume)


def check_memory(available: int, pipeline: Pipeline) -> None:
    """Raises BadSettings if so many bytes are too few for even the smallest image."""
    least = pipeline.footprint(b"", Request())
    if available < least:
        mib = math.ceil(least / memory.MIB)
        raise BadSettings(f"{pipeline.model.contract.name} needs {mib} MiB for any image; raise SEGMENT_MEMORY_MIB.")


def metrics_of(settings: Settings, catalog: Catalog, admission: Admission, volumes: Admission) -> Metrics:
    metrics = Metrics(settings.deadline_s, settings.volume_deadline_s)
    metrics.describe(catalog)
    metrics.follow("segment_models_refused", "Model files that are not served.", lambda: len(catalog.refused))
    metrics.follow("segment_queue_length", "Images that wait for a worker.", lambda: admission.waiting)
    metrics.follow("segment_slots_taken", "Images in the queue or with a worker.", lambda: admission.taken)
    metrics.follow("segment_slots", "Images that fit into the queue and the workers.", lambda: admission.slots)
    metrics.follow("segment_deadline_seconds", "Deadline of an image.", lambda: settings.deadline_s)
    metrics.follow("segment_upload_bytes", "Bytes of uploads in memory.", lambda: admission.upload_bytes)
    metrics.follow("segment_memory_bytes", "Bytes of memory held for images with workers.", lambda: admission.memory)
    metrics.follow("segment_memory_budget_bytes", "The most of segment_memory_bytes.", lambda: admission.most_memory)
    metrics.follow("segment_memory_limit_bytes", "Memory that the process may use.", memory.available)
    metrics.follow("segment_scans_waiting", "Scans that wait for their worker.", lambda: volumes.waiting)
    metrics.follow("segment_scans_taken", "Scans in the queue or with their worker.", lambda: volumes.taken)
    metrics.follow("segment_scans_slots", "Scans that fit into the queue and their worker.", lambda: volumes.slots)
    return metrics
