"""What is measured only where it is asked for."""

from enum import StrEnum


class Measure(StrEnum):
    """docs/reference/measures.md says what each is."""

    REGIONS = "regions"
    POLYGONS = "polygons"
    RLE = "rle"
    CONFIDENCE_MAP = "confidence_map"
    ENTROPY = "entropy"
    LOW_CONFIDENCE = "low_confidence"
