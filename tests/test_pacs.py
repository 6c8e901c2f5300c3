"""examples/pacs.py with the real service and a real archive: a series comes from it, and its segmentation goes back."""

import io
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator

import httpx2
import pytest

from tests.support import tissues
from tests.support.orthanc import PASSWORD, USER, orthanc
from tests.support.server import ROOT, serving

pydicom = pytest.importorskip("pydicom")
highdicom = pytest.importorskip("highdicom")

from tests.support.dicom import SERIES, series  # noqa: E402

FILES = series(PatientID="7", PatientName="Doe^Jane")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client of an archive with one series."""
    with (
        orthanc(tmp_path_factory.mktemp("orthanc")) as url,
        httpx2.Client(base_url=url, auth=(USER, PASSWORD), timeout=60) as client,
    ):
        for file in FILES:
            client.post("/instances", content=file).raise_for_status()
        yield client


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("models") / "tissues.onnx"
    path.write_bytes(tissues.model_bytes())
    with serving(path) as url:
        yield url


def run(archive: httpx2.Client, service: str, uid: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PACS": f"{str(archive.base_url).rstrip('/')}/dicom-web",
        "PACS_AUTHORIZATION": f"Basic {b64encode(f'{USER}:{password}'.encode()).decode()}",
        "SEGMENT": service,
    }
    program = [sys.executable, str(ROOT / "examples" / "pacs.py"), uid]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


def test_the_segmentation_of_a_series_is_stored_beside_it(archive: httpx2.Client, service: str) -> None:
    result = run(archive, service, SERIES)
    assert result.returncode == 0, result.stderr
    (study,) = archive.get("/studies?expand").json()
    assert len(study["Series"]) == 2
    assert study["PatientMainDicomTags"]["PatientName"] == "Doe^Jane"
    (instance,) = archive.post("/tools/lookup", content=result.stdout.strip()).json()
    segmentation = highdicom.seg.segread(io.BytesIO(archive.get(f"/instances/{instance['ID']}/file").content))
    assert segmentation.Modality == "SEG"
    assert segmentation.StudyInstanceUID == pydicom.dcmread(io.BytesIO(FILES[0])).StudyInstanceUID
    sources = {str(pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID) for file in FILES}
    assert {str(uid[2]) for uid in segmentation.get_source_image_uids()} == sources


def test_an_archives_zip_of_a_series_is_a_scan(archive: httpx2.Client, service: str) -> None:
    """Its files lie in folders that are named for patient and study."""
    (found,) = archive.post("/tools/lookup", content=SERIES).json()
    zipped = archive.get(f"/series/{found['ID']}/archive").content
    assert b"Doe" in zipped
    answer = httpx2.post(f"{service}/volumes", content=zipped, timeout=60)
    assert answer.json()["volume"]["slices"] == len(FILES)
    assert "Doe" not in answer.text


def test_what_cannot_be_done_is_said(archive: httpx2.Client, service: str) -> None:
    assert "no such series" in run(archive, service, "1.2.3.999").stderr
    assert "PACS answers 401" in run(archive, service, SERIES, "wrong").stderr
    single = series(1, SeriesInstanceUID="1.2.77")[0]
    archive.post("/instances", content=single).raise_for_status()
    assert "only one slice" in run(archive, service, "1.2.77").stderr
