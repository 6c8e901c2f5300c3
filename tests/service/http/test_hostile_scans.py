"""Any scan is answered or refused with a problem, and soon; the service is then as it was."""

from collections.abc import Callable, Iterable, Iterator

import httpx2
import pytest

pytest.importorskip("nibabel")

from tests.support import colours, hostile_scans, tissues
from tests.support.effort import WOUNDED_SCANS
from tests.support.hostile_scans import HostileScan
from tests.support.malformed import length, post
from tests.support.nifti import head, nifti
from tests.support.server import serving
from tests.support.standing import WORKERS, Service

GROWTH = 150 * 10**6
"""Bytes; the largest scan takes 64 MB while it is read."""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder, temporary = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("temporary")
    (folder / "tissues.onnx").write_bytes(tissues.model_bytes())
    (folder / "colours.onnx").write_bytes(colours.model_bytes())
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TMPDIR", str(temporary))
        with serving(
            folder, max_megavoxels=hostile_scans.MAX_MEGAVOXELS, workers=WORKERS, reload_s=0, log_level="error"
        ) as url:
            assert httpx2.post(f"{url}/volumes", content=nifti(head()), timeout=60).status_code == 200
            yield Service(url, temporary)


def requests(scans: Iterable[HostileScan]) -> Iterator[tuple[str, bytes, frozenset[int]]]:
    for scan in scans:
        type_ = f"Content-Type: {scan.content_type}".encode()
        yield scan.name, post(type_, length(scan.data), body=scan.data, path=scan.path), scan.statuses


@pytest.mark.parametrize("kind", hostile_scans.BOMBS, ids=lambda kind: kind.__name__)
def test_every_bomb_is_refused_or_harmless(clinic: Service, kind: Callable[[], Iterator[HostileScan]]) -> None:
    assert clinic.wrong(requests(kind())) == []


def test_every_wounded_scan_is_segmented_or_refused(clinic: Service) -> None:
    assert clinic.wrong(requests(hostile_scans.mutations(WOUNDED_SCANS))) == []


def test_after_all_of_that_the_service_is_as_it_was(clinic: Service) -> None:
    clinic.check(GROWTH)
    assert httpx2.post(f"{clinic.url}/volumes", content=nifti(head()), timeout=60).status_code == 200
