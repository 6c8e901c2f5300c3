"""POST /volumes: a scan goes in, volumes of the tissues come out, and no word about the patient."""

import base64
import gzip
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from service.http.volume_schemas import NOTICE
from tests.support import colours, tissues
from tests.support.dicom import MARK, dicom, enhanced, pattern, series
from tests.support.pictures import encoded, pixels, quarters
from tests.support.scans import ORIENTATIONS, SHAPE, scan, truth, turned, turned_scan
from tests.support.scrape import metric
from tests.support.server import serving
from tests.support.waiting import wait_until
from tests.support.zips import zipped, zipped_series

nibabel = pytest.importorskip("nibabel")
highdicom = pytest.importorskip("highdicom")
pydicom = pytest.importorskip("pydicom")

SECRET = b"DOE^JANE 19700101"


def nii(volume: Any, **texts: bytes) -> bytes:
    """An unpacked NIfTI-1 file of a scan; `texts` are fields of its header."""
    image = nibabel.Nifti1Image(volume.voxels, volume.affine)
    for name, text in texts.items():
        image.header[name] = text
    data: bytes = image.to_bytes()
    return data


SCAN = nii(scan())


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "log"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[str]:
    """The address of a service with a model for scans and one for pictures."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "tissues.onnx").write_bytes(tissues.model_bytes())
    (folder / "colours.onnx").write_bytes(colours.model_bytes())
    with serving(folder, log=log, workers=1) as address:
        yield address


@pytest.fixture
def http(clinic: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=clinic, timeout=60) as client:
        yield client


def post(http: httpx2.Client, body: bytes = SCAN, accept: str = "application/json", query: str = "") -> httpx2.Response:
    return http.post(f"/volumes{query}", content=body, headers={"Accept": accept})


def refused(response: httpx2.Response, status: int, code: str) -> str:
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    detail: str = problem["detail"]
    return detail


def test_a_scan_is_answered_with_its_volumes(http: httpx2.Client) -> None:
    before = metric(http, "segment_class_share_sum", model="tissues")
    response = post(http)
    answer = response.json()
    assert response.status_code == 200, answer
    assert metric(http, "segment_class_share_sum", model="tissues") == pytest.approx(before + 1)
    assert answer["notice"] == NOTICE
    assert answer["model"]["name"] == "tissues"
    assert answer["volume"]["shape"] == list(SHAPE)
    assert answer["volume"]["spacing_mm"] == [1, 1, 1]
    voxels = [np.count_nonzero(truth() == id_) for id_ in range(4)]
    assert [one["voxels"] for one in answer["classes"]] == voxels
    assert [one["ml"] for one in answer["classes"]] == pytest.approx([number / 1000 for number in voxels])
    assert answer["intracranial_ml"] == pytest.approx(sum(voxels[1:]) / 1000)
    assert answer["classes"][0]["share"] is None
    assert sum(one["share"] for one in answer["classes"][1:]) == pytest.approx(1)
    assert len(answer["classes"][2]["slice_mm2"]) == SHAPE[2]
    assert answer["classes"][2]["confidence"] > 0.9
    assert answer["review"]
    assert [reason["code"] for reason in answer["reasons"]] == ["no_brain"]
    assert set(answer["timings_ms"]) >= {"queue", "decode", "fit", "turn", "network", "measure"}
    assert "network;dur=" in response.headers["Server-Timing"]
    assert response.headers["X-Model-Digest"] == answer["model"]["digest"]


def test_extras_can_be_left_out(http: httpx2.Client) -> None:
    tissue = post(http, query="?include=").json()["classes"][1]
    assert tissue["slice_mm2"] is None
    assert tissue["confidence"] is None


def test_the_json_has_pictures_and_files_where_they_are_asked_for(http: httpx2.Client) -> None:
    query = "?include=pictures,labels,segmentation"
    plain, answer = post(http).json(), post(http, query=query).json()
    assert all(plain[name] is None for name in ("pictures", "labels", "segmentation"))
    scans, masks = ([pixels(picture) for picture in answer["pictures"][name]] for name in ("scan", "mask"))
    seen = np.flip(truth(), (0, 1)).transpose(2, 1, 0)  # feet to head, front to back, the patient's right to left
    np.testing.assert_array_equal(masks, seen)
    np.testing.assert_allclose(scans, np.array(tissues.GREY)[seen], atol=1)
    assert base64.b64decode(answer["labels"]["data"]) == post(http, accept="application/gzip").content
    assert answer["segmentation"] is None, "nothing in DICOM refers to NIfTI"
    parts = [("volume", (f"{number}.dcm", file)) for number, file in enumerate(series())]
    file = http.post(f"/volumes{query}", files=parts).json()["segmentation"]
    assert pydicom.dcmread(io.BytesIO(base64.b64decode(file["data"]))).Modality == "SEG"


@pytest.mark.parametrize("name", ["volume", "file"])
def test_a_scan_may_come_in_a_form_and_gzipped(http: httpx2.Client, name: str) -> None:
    answer = http.post("/volumes", files={name: ("scan.nii.gz", gzip.compress(SCAN))}).json()
    assert answer["intracranial_ml"] == pytest.approx(np.count_nonzero(truth()) / 1000)


@pytest.mark.parametrize(("order", "flipped"), ORIENTATIONS[::7])
@pytest.mark.parametrize("accept", ["application/gzip", "application/x-nifti"])
def test_labels_come_back_on_the_scans_own_grid(
    http: httpx2.Client, accept: str, order: tuple[int, ...], flipped: tuple[bool, ...]
) -> None:
    volume = turned_scan(scan((1, 1, 2)), order, flipped)
    response = post(http, nii(volume), accept)
    assert response.headers["Content-Type"] == accept
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(response.content))
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_allclose(image.affine, volume.affine)
    np.testing.assert_array_equal(np.asarray(image.dataobj), turned(truth(), order, flipped))


def test_a_mosaic_is_a_picture(http: httpx2.Client) -> None:
    response = post(http, accept="image/png")
    assert Image.open(io.BytesIO(response.content)).size[0] > 1000


def test_progress_comes_line_by_line_and_the_answer_last(http: httpx2.Client) -> None:
    with http.stream("POST", "/volumes", content=SCAN, headers={"Accept": "application/x-ndjson"}) as response:
        assert response.headers["Content-Type"] == "application/x-ndjson"
        *progress, last = (json.loads(line) for line in response.iter_lines())
    assert progress == [{"done": done, "of": SHAPE[2]} for done in range(SHAPE[2] + 1)]
    assert last["result"]["classes"] == post(http).json()["classes"]


def test_what_cannot_be_read_has_its_status_with_progress_too(http: httpx2.Client) -> None:
    for accept in ("application/json", "application/x-ndjson"):
        assert "NIfTI" in refused(post(http, b"no scan", accept), 415, "unsupported_format")
        refused(post(http, SCAN[:-100], accept), 422, "damaged_image")


def test_a_scan_that_takes_too_long_ends_with_a_problem(http: httpx2.Client) -> None:
    large = nii(scan(shape=(64, 64, 2000)))
    headers = {"Accept": "application/x-ndjson", "X-Deadline-Ms": "50"}
    with http.stream("POST", "/volumes", content=large, headers=headers) as response:
        lines = [json.loads(line) for line in response.iter_lines()]
    problem = lines[-1] if response.status_code == 504 else lines[-1]["problem"]
    assert (problem["status"], problem["code"]) == (504, "too_late")


def test_a_disconnected_client_stops_its_scan(http: httpx2.Client, log: Path) -> None:
    large = nii(scan(shape=(64, 64, 2000)))
    with http.stream("POST", "/volumes", content=large, headers={"Accept": "application/x-ndjson"}) as response:
        assert json.loads(next(response.iter_lines()))["of"] == 2000
    http.close()
    wait_until(lambda: "route=/volumes status=200 code=abandoned" in log.read_text())
    with httpx2.Client(base_url=str(response.url.join("/")), timeout=60) as other:
        wait_until(lambda: "segment_scans_taken 0.0" in other.get("/metrics").text)


@pytest.mark.parametrize("accept", ["text/html", "image/webp"])
def test_another_format_is_refused(http: httpx2.Client, accept: str) -> None:
    refused(post(http, accept=accept), 406, "not_acceptable")


def test_a_model_for_pictures_is_refused(http: httpx2.Client) -> None:
    assert "colours is for pictures" in refused(post(http, query="?model=colours"), 422, "not_for_scans")
    refused(post(http, query="?model=none"), 404, "unknown_model")


def test_the_model_for_scans_is_not_the_default_for_images(http: httpx2.Client) -> None:
    answer = http.post("/segment", content=encoded(quarters())).json()
    assert answer["model"]["name"] == "colours"


def test_bad_requests_are_refused_as_for_images(http: httpx2.Client) -> None:
    refused(post(http, query="?mask=ids"), 422, "invalid_parameter")
    refused(post(http, query="?include=mask"), 422, "invalid_parameter")
    refused(post(http, b""), 422, "no_image")
    assert "`volume`" in refused(http.post("/volumes", files={"image": SCAN}), 422, "no_image")
    refused(http.post("/volumes", files={"volume": SCAN}, data={"model": "tissues"}), 422, "misplaced_option")
    refused(http.post("/volumes", content=SCAN, headers={"Content-Type": "image/png"}), 415, "unsupported_content_type")


def test_images_are_answered_while_scans_wait(http: httpx2.Client) -> None:
    """One worker has images, another scans: no image waits for a scan to end."""
    large = nii(scan(shape=(64, 64, 3000)))
    with ThreadPoolExecutor(3) as pool:
        scans = [pool.submit(post, http, large) for _ in range(3)]
        with httpx2.Client(base_url=http.base_url, timeout=60) as other:
            wait_until(lambda: "segment_scans_taken 3.0" in other.get("/metrics").text)
            assert other.post("/segment", content=encoded(quarters())).status_code == 200
            assert not all(scan.done() for scan in scans)
        assert {scan.result().status_code for scan in scans} == {200}


def test_a_dicom_series_may_come_as_parts_and_an_enhanced_file_alone(http: httpx2.Client) -> None:
    parts = [("volume", (f"{number}.dcm", file)) for number, file in enumerate(series())]
    answers = [http.post("/volumes", files=parts), post(http, enhanced())]
    for answer in answers:
        assert answer.json()["volume"]["format"] == "DICOM"
        assert answer.json()["volume"]["slices"] == 5
        assert MARK not in answer.text


def test_a_zip_of_a_series_is_a_series(http: httpx2.Client) -> None:
    parts = [("volume", (f"{number}.dcm", file)) for number, file in enumerate(series())]
    packed, separate = post(http, zipped_series(series())).json(), http.post("/volumes", files=parts).json()
    assert packed["volume"]["slices"] == 5
    assert packed["classes"] == separate["classes"]


@pytest.mark.parametrize("files", [series(PatientName="Jane Doe"), [enhanced()]], ids=["series", "enhanced"])
def test_the_labels_of_a_dicom_scan_come_as_a_segmentation_of_it(
    http: httpx2.Client, log: Path, files: list[bytes]
) -> None:
    parts = [("volume", (f"{number}.dcm", file)) for number, file in enumerate(reversed(files))]
    answer = http.post("/volumes", files=parts, headers={"Accept": "application/dicom"})
    assert answer.headers["Content-Type"] == "application/dicom", answer.text
    segmentation = highdicom.seg.segread(io.BytesIO(answer.content))
    assert segmentation.SeriesDescription.endswith("to be reviewed")
    assert "no_brain" in segmentation.ContentDescription
    uids = [pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID for file in files]
    how = {"combine_segments": True, "assert_missing_frames_are_empty": True}
    if len(files) > 1:
        masks = segmentation.get_pixels_by_source_instance(uids, **how)
    else:
        masks = segmentation.get_pixels_by_source_frame(uids[0], [5, 4, 3, 2, 1], **how)
    labels = http.post("/volumes", files=parts, headers={"Accept": "application/gzip"}).content
    np.testing.assert_array_equal(masks, nibabel.Nifti1Image.from_bytes(gzip.decompress(labels)).dataobj)
    assert "Jane Doe" not in log.read_text()


def test_a_segmentation_refers_to_dicom_files(http: httpx2.Client) -> None:
    assert "NIfTI" in refused(post(http, accept="application/dicom"), 406, "not_acceptable")
    nowhere = [("volume", (f"{number}.dcm", file)) for number, file in enumerate(series(FrameOfReferenceUID=None))]
    answer = http.post("/volumes", files=nowhere, headers={"Accept": "application/dicom"})
    assert "FrameOfReferenceUID" in refused(answer, 422, "unusable_scan")
    assert http.post("/volumes", files=nowhere).status_code == 200


def test_a_zip_without_a_scan_is_refused(http: httpx2.Client) -> None:
    assert "no files" in refused(post(http, zipped({"folder/": b""})), 422, "unusable_scan")


def test_a_slice_alone_is_an_image(http: httpx2.Client) -> None:
    file = dicom(pattern())
    answer = http.post("/segment?model=tissues&include=confidence", content=file).json()
    assert sum(one["pixels"] for one in answer["classes"]) == pattern().size
    assert answer["classes"][3]["area_mm2"] == pytest.approx(0.63 * answer["classes"][3]["pixels"])
    few = encoded(Image.fromarray(pattern()))
    assert http.post("/segment?model=tissues", content=few).status_code == 200
    refused(http.post("/segment", content=few), 422, "window_needed")
    coronal = dicom(pattern(), ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    assert "coronal" in refused(http.post("/segment?model=tissues", content=coronal), 422, "unusable_scan")
    assert http.post("/segment", content=coronal).status_code == 200


def test_nothing_that_comes_out_names_the_patient(http: httpx2.Client, log: Path) -> None:
    texts = {"descrip": SECRET, "aux_file": SECRET, "db_name": SECRET, "intent_name": SECRET[:16]}
    marked = nii(scan(), **texts)
    assert marked.count(SECRET[:16]) == 4
    answers = [
        post(http, marked, accept).content for accept in ("application/json", "image/png", "application/x-ndjson")
    ]
    answers.append(gzip.decompress(post(http, marked, "application/gzip").content))
    form = {"volume": (f"{SECRET.decode()}.nii", marked)}
    answers += [http.post("/volumes", files=form).content]
    answers += [http.post("/volumes", files={"volume": (f"{SECRET.decode()}.nii", marked[:-9])}).content]
    answers += [post(http, SECRET * 40).content, http.get("/metrics").content]
    wait_until(lambda: log.read_text().count("route=/volumes status=415") > 0)
    for out in (*answers, log.read_bytes()):
        assert b"DOE" not in out
        assert b"JANE" not in out
