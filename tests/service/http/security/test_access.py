"""Who may do what."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Mount, Route

from service.http.app import create_app
from service.http.security.access import needed
from service.serving.errors import BadKeys
from service.serving.keys import Keys, Role, keys_for
from service.serving.settings import Settings
from tests.support import slow
from tests.support.pictures import encoded, quarters
from tests.support.server import serving

OLD, NEW, ADMIN = "old-segment-key-0123456789", "new-segment-key-0123456789", "an-admin-key-0123456789"
WRONG = "a-wrong-key-0123456789"
CALLERS = {None: Role.ANYONE, WRONG: Role.ANYONE, OLD: Role.SEGMENT, NEW: Role.SEGMENT, ADMIN: Role.ADMIN}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(f"# robots\nsegment {OLD}\nsegment  {NEW}\n\nadmin {ADMIN}\n")
    return path


@pytest.fixture(scope="module")
def locked(model_file: Path, keys: Path) -> Iterator[httpx2.Client]:
    """A service that asks for keys."""
    with serving(model_file, keys=keys) as url, httpx2.Client(base_url=url) as client:
        yield client


def routes(router: Any) -> list[tuple[str, str]]:
    """Every method and path of an application."""
    found = []
    for route in router.routes:
        if isinstance(route, Route):
            found += [(method, route.path.format(name="colours")) for method in sorted(route.methods or ())]
        elif isinstance(route, Mount):
            found.append(("GET", f"{route.path}/"))
        else:  # a router that was included
            found += routes(route.original_router)
    return found


def test_every_route_takes_the_role_it_should(locked: httpx2.Client, model_file: Path) -> None:
    """Generated from the application: a new route is in it, and takes a key until it is said to be open."""
    there = routes(create_app(Settings(models=model_file)))
    assert {("POST", "/segment"), ("GET", "/models"), ("GET", "/metrics"), ("GET", "/health/ready")} <= set(there)
    taken = {}
    for method, path in there:
        for key, role in CALLERS.items():
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            status = locked.request(method, path, headers=headers).status_code
            assert (status in (401, 403)) == (role < needed(path)), (method, path, key, status)
            taken[path] = needed(path)
    assert {path for path, role in taken.items() if role == Role.ADMIN} == {"/metrics", "/models/colours/reload"}
    assert {path for path, role in taken.items() if role == Role.SEGMENT} == {"/segment", "/models", "/models/colours"}


def test_a_key_is_asked_for_before_the_body_is_read(locked: httpx2.Client) -> None:
    """Nothing of the body is sent, and the answer comes."""
    connection = http.client.HTTPConnection(locked.base_url.host, locked.base_url.port, timeout=10)
    connection.putrequest("POST", "/segment")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders()
    response = connection.getresponse()
    problem = json.loads(response.read())
    assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (problem["code"], problem["detail"]) == (
        "unauthorized",
        "This takes a key; send it as `Authorization: Bearer KEY`.",
    )
    connection.close()


def test_both_keys_are_good_while_they_are_changed(locked: httpx2.Client) -> None:
    for key in (OLD, NEW):
        headers = {"Authorization": f"bearer {key}", "Content-Type": "image/png"}
        assert locked.post("/segment", content=encoded(quarters()), headers=headers).status_code == 200


def test_who_sends_much_leaves_places_for_other_keys(tmp_path: Path, keys: Path) -> None:
    (tmp_path / "slow.onnx").write_bytes(slow.model_bytes())
    with serving(tmp_path, keys=keys, workers=1, queue=4) as url, ThreadPoolExecutor(6) as callers:

        def ask(key: str) -> "Future[int]":
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/png"}
            address = f"{url}/segment"
            return callers.submit(
                lambda: httpx2.post(address, content=slow.picture(20), headers=headers, timeout=60).status_code
            )

        much = [ask(OLD) for _ in range(5)]
        done, _ = wait(much, return_when="FIRST_COMPLETED")
        assert [one.result() for one in done] == [503]
        assert ask(NEW).result() == 200
        assert sorted(one.result() for one in much) == [200, 200, 200, 200, 503]


def test_a_key_that_may_not_is_told_so(locked: httpx2.Client) -> None:
    response = locked.get("/metrics", headers={"Authorization": f"Bearer {NEW}"})
    assert response.status_code == 403
    assert response.json()["code"] == "forbidden"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "has no key"),
        ("segment short", "line 1 of .* is shorter than 20"),
        ("# fine\nroot a-key-that-is-long-enough", "line 2 of .* must be `segment` or `admin`"),
        ("segment two words-that-are-long-enough", "line 1 of .* must be"),
        ("segment", "line 1 of .* must be"),
    ],
)
def test_a_file_of_keys_that_is_none_stops_the_start(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "keys").write_text(content)
    with pytest.raises(BadKeys, match=complaint):
        Keys.read(tmp_path / "keys")
    with pytest.raises(BadKeys, match="cannot be read"):
        Keys.read(tmp_path / "gone")


def test_a_complaint_about_a_key_does_not_show_it(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("segment sesame")
    with pytest.raises(BadKeys) as caught:
        Keys.read(tmp_path / "keys")
    assert "sesame" not in str(caught.value)


def test_without_keys_other_machines_are_served_only_where_it_is_said() -> None:
    for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9"):
        assert keys_for(host, None, allow_anonymous=False) is None
    for host in ("0.0.0.0", "::", "192.168.0.7", "example.org"):
        with pytest.raises(BadKeys, match="SEGMENT_ALLOW_ANONYMOUS=1"):
            keys_for(host, None, allow_anonymous=False)
        assert keys_for(host, None, allow_anonymous=True) is None
