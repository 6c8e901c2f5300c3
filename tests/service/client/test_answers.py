"""The client's structs have every field that docs/openapi.json describes."""

import json
from typing import Any

import msgspec
import pytest

from service import answers
from service.client import Segmentation, Volumes
from service.client import volumes as of_scans
from service.client.answers import ClassMap, Picture
from tests.support.server import ROOT

SCHEMAS = json.loads((ROOT / "docs" / "openapi.json").read_text())["components"]["schemas"]
STRUCTS = {
    "SegmentAnswer": Segmentation,
    "ModelName": answers.ModelName,
    "ModelSummary": answers.ModelSummary,
    "RefusedModel": answers.RefusedModel,
    "Image": answers.ImageFacts,
    "ClassArea": answers.ClassArea,
    "Region": answers.Region,
    "RunLengths": answers.RunLengths,
    "Mask": Picture,
    "ClassMap": ClassMap,
    "GreyMap": Picture,
    "LowConfidence": answers.LowConfidence,
    "VolumeAnswer": Volumes,
    "Scan": of_scans.Scan,
    "ClassVolume": of_scans.ClassVolume,
    "Reason": of_scans.Reason,
    "Pictures": of_scans.Pictures,
    "LabelsFile": of_scans.File,
    "SegmentationFile": of_scans.File,
}
ENCODING = {"media_type", "encoding"}
"""Of base64, which is decoded."""


@pytest.mark.parametrize(("name", "struct"), STRUCTS.items())
def test_a_struct_has_the_fields_of_its_schema(name: str, struct: Any) -> None:
    fields = {field.name for field in msgspec.structs.fields(struct)}
    assert fields == SCHEMAS[name]["properties"].keys() - ENCODING
