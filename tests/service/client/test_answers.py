"""The client's structs have every field that docs/openapi.json describes, and its options are the API's."""

import json
from typing import Any

import msgspec
import pytest

from service import answers
from service.client import Segmentation, Volumes
from service.client import volumes as of_scans
from service.client.answers import ClassMap, Picture
from service.client.questions import ImageOptions, Options
from tests.support.server import ROOT

API = json.loads((ROOT / "docs" / "openapi.json").read_text())
SCHEMAS = API["components"]["schemas"]
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


@pytest.mark.parametrize(
    ("path", "options", "others"),
    [("/segment", ImageOptions, {"include", "mask"}), ("/volumes", Options, {"include"})],
)
def test_a_client_takes_the_parameters_of_the_route(path: str, options: type, others: set[str]) -> None:
    """`include` is an argument of its own; how a mask is coloured makes no difference to what decodes it."""
    named = {one["name"] for one in API["paths"][path]["post"]["parameters"]} - {"x-deadline-ms"}
    assert options.__annotations__.keys() | Options.__annotations__.keys() == named - others | {"deadline_ms"}
