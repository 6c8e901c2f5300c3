"""What every transport works with, built from the settings."""

import math
from dataclasses import dataclass

from service.segmentation.catalog import Catalog
from service.segmentation.pipeline import Pipeline, Request
from service.segmentation.runtime import memory
from service.serving.admission import Admission, Limits
from service.serving.errors import BadSettings
from service.serving.keys import KeyFile, keys_for
from service.serving.metrics import Metrics
from service.serving.settings import Settings

LEAST_FOR_IMAGES = 64 * memory.MIB
"""Enough for an ordinary photo, however little there is."""
KEPT_SHARE = 16


@dataclass(frozen=True)
class Services:
    """The models, the queue, the metrics, and the keys (None: no key is needed)."""

    catalog: Catalog
    admission: Admission
    metrics: Metrics
    keys: KeyFile | None
    settings: Settings

    def pipeline(self, name: str | None) -> Pipeline:
        """The pipeline of the model called `name`, or of the default one. Raises UnknownModel."""
        return Pipeline(self.catalog.get(name), self.settings.max_pixels)


def build(settings: Settings) -> Services:
    """Load and check models and keys. Raises SegmentationError, BadKeys and BadSettings, which stop the start."""
    keys = keys_for(settings.host, settings.keys, settings.allow_anonymous)
    catalog = Catalog(settings.models, settings.default_model, settings.engine)
    kept = settings.queue // 4 if keys is not None and len(keys.keys.hashes) > 1 else 0
    memory_bytes = settings.memory or for_images(settings.max_uploads)
    check_memory(memory_bytes, Pipeline(catalog.get(None), settings.max_pixels))
    admission = Admission(Limits(settings.workers, settings.queue, settings.max_uploads, memory_bytes, kept))
    return Services(catalog, admission, metrics_of(settings, catalog, admission), keys, settings)


def for_images(uploads: int) -> int:
    """Bytes of memory for segmenting images: the available memory less what the process uses after loading its models,
    the limit of uploads, and a share for what allocators keep."""
    most = memory.available()
    return max(LEAST_FOR_IMAGES, most - memory.resident() - uploads - most // KEPT_SHARE)


def check_memory(available: int, pipeline: Pipeline) -> None:
    """Raises BadSettings if so many bytes are too few for even the smallest image."""
    least = pipeline.footprint(b"", Request())
    if available < least:
        mib = math.ceil(least / memory.MIB)
        raise BadSettings(f"{pipeline.model.contract.name} needs {mib} MiB for any image; raise SEGMENT_MEMORY_MIB.")


def metrics_of(settings: Settings, catalog: Catalog, admission: Admission) -> Metrics:
    metrics = Metrics(settings.deadline_s)
    metrics.describe(catalog)
    metrics.follow("segment_models_refused", "Model files that are not served.", lambda: len(catalog.refused))
    metrics.follow("segment_queue_length", "Images that wait for a worker.", lambda: admission.waiting)
    metrics.follow("segment_slots_taken", "Images in the queue or with a worker.", lambda: admission.taken)
    metrics.follow("segment_slots", "Images that fit into the queue and the workers.", lambda: admission.slots)
    metrics.follow("segment_upload_bytes", "Bytes of uploads in memory.", lambda: admission.upload_bytes)
    metrics.follow("segment_memory_bytes", "Bytes of memory held for images with workers.", lambda: admission.memory)
    return metrics
