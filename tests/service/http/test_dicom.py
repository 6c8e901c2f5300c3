"""POST /segment with a DICOM image: the file's own pixel size, and nothing of the patient."""

import httpx2
import numpy as np
import pytest

from tests.support.dicom import MARK, SHAPE, SPACING, dicom, pattern

PIXELS = SHAPE[0] * SHAPE[1]


def test_the_areas_are_in_the_files_own_millimetres(client: httpx2.Client) -> None:
    answer = client.post("/segment", files={"image": dicom()}).json()
    assert answer["image"]["format"] == "DICOM"
    assert (answer["image"]["width"], answer["image"]["height"]) == SHAPE[::-1]
    assert sum(c["area_mm2"] for c in answer["classes"]) == pytest.approx(PIXELS * SPACING[0] * SPACING[1])


def test_a_spacing_in_the_request_goes_first(client: httpx2.Client) -> None:
    answer = client.post("/segment?pixel_spacing_mm=2", content=dicom(), headers={"Content-Type": "application/dicom"})
    assert sum(c["area_mm2"] for c in answer.json()["classes"]) == pytest.approx(PIXELS * 4)


def test_without_a_spacing_there_is_no_area(client: httpx2.Client) -> None:
    answer = client.post("/segment", content=dicom(PixelSpacing=None)).json()
    assert {c["area_mm2"] for c in answer["classes"]} == {None}


def test_many_frames_are_sent_to_volumes(client: httpx2.Client) -> None:
    answer = client.post("/segment", content=dicom(np.stack([pattern()] * 3)))
    assert answer.status_code == 422
    assert answer.json()["code"] == "unusable_scan"
    assert "/volumes" in answer.json()["detail"]


@pytest.mark.parametrize("accept", ["application/json", "image/png", "image/webp", "multipart/mixed"])
def test_nothing_of_the_patient_comes_out(client: httpx2.Client, accept: str) -> None:
    for file in (dicom(PatientComments=MARK), dicom(Rows=999), dicom(PixelData=None)):
        response = client.post("/segment", content=file, headers={"Accept": accept})
        assert MARK.encode() not in response.content
        assert MARK not in str(response.headers)
    assert MARK not in client.get("/metrics").text
