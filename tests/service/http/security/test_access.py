"""Keys and roles."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from starlette.routing import Mount, Route

from service.http.app import create_app
from service.http.security import access
from service.kserve import routes as kserve
from service.serving.keys import Role
from service.serving.settings import Settings
from tests.support import slow
from tests.support.pictures import encoded, quarters
from tests.support.server import serving

OLD, NEW = "old-segment-key-0123456789", "new-segment-key-0123456789"
MONITOR, ADMIN = "a-monitor-key-0123456789", "an-admin-key-0123456789"
WRONG = "a-wrong-key-0123456789"
CALLERS = {None: Role.ANYONE, WRONG: Role.ANYONE, OLD: Role.SEGMENT, MONITOR: Role.MONITOR, ADMIN: Role.ADMIN}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(f"# robots\nsegment {OLD}\nsegment  {NEW}\n\nmonitor {MONITOR}\nadmin {ADMIN}\n")
    return path


@pytest.fixture(scope="module")
def locked(model_file: Path, keys: Path) -> Iterator[httpx2.Client]:
    """A service that asks for keys."""
    with serving(model_file, keys=keys) as url, httpx2.Client(base_url=url) as client:
        yield client


ROLES = {
    ("POST", "/segment"): Role.SEGMENT,
    ("POST", "/volumes"): Role.SEGMENT,
    ("GET", "/models"): Role.SEGMENT,
    ("GET", "/models/{name}"): Role.SEGMENT,
    ("POST", "/models/{name}/reload"): Role.ADMIN,
    ("GET", "/metrics"): Role.MONITOR,
    ("GET", "/health/live"): Role.ANYONE,
    ("GET", "/health/ready"): Role.ANYONE,
    ("GET", "/v2"): Role.ANYONE,
    ("GET", "/v2/"): Role.ANYONE,
    ("GET", "/v2/{path:path}"): Role.ANYONE,
    ("POST", "/v2/{path:path}"): Role.ANYONE,
    ("GET", "/v2/health/live"): Role.ANYONE,
    ("GET", "/v2/health/ready"): Role.ANYONE,
    ("GET", "/v2/models/{name}"): Role.SEGMENT,
    ("GET", "/v2/models/{name}/ready"): Role.SEGMENT,
    ("POST", "/v2/models/{name}/infer"): Role.SEGMENT,
    ("GET", "/v2/models/{name}/versions/{version}"): Role.SEGMENT,
    ("GET", "/v2/models/{name}/versions/{version}/ready"): Role.SEGMENT,
    ("POST", "/v2/models/{name}/versions/{version}/infer"): Role.SEGMENT,
    ("GET", "/"): Role.ANYONE,
    ("GET", "/docs"): Role.ANYONE,
    ("GET", "/{path:path}/"): Role.ANYONE,
    ("GET", "/openapi.json"): Role.ANYONE,
    ("GET", "/web"): Role.ANYONE,
    ("GET", "/swagger"): Role.ANYONE,
}
"""Who may call each route. A new route belongs in here."""

REFUSED = {307, 400, 401, 403, 404, 405}


def routes(router: Any) -> set[tuple[str, str]]:
    """Every method and path of an application; HEAD goes with GET."""
    found = set()
    for route in router.routes:
        if isinstance(route, Route):
            found |= {(method, route.path) for method in (route.methods or set()) - {"HEAD"}}
        elif isinstance(route, Mount):
            found.add(("GET", route.path))
        else:  # a router that was included
            found |= routes(route.original_router)
    return found


def disguises(path: str) -> list[str]:
    """Ways to write a path, or one that a careless reader takes for it."""
    endings = (
        "",
        "%0a",
        "%0d",
        "%0d%0a",
        "%00",
        "%20",
        "/",
        "//",
        "%2f",
        "/.",
        "/%2e",
        ";x",
        "%3bx",
        "?x",
        "%3f",
        "%23",
    )
    beginnings = (
        "/",
        "/.",
        "/%2e",
        "/x/..",
        "/web/..",
        "/docs/%2e%2e",
        "/health/..%2f",
        "/docs",
        "//host",
        "http://host",
    )
    rest = path[1:]
    return [
        *(path + ending for ending in endings),
        *(beginning + path for beginning in beginnings),
        path.upper(),
        "/" + rest.replace("/", "%2f"),
        "/" + rest.replace("/", "%5c"),
        "/" + rest.replace("/", "//"),
        "/" + "".join(f"%{ord(letter):02x}" for letter in rest),
    ]


def test_every_route_is_known_to_these_tests(model_file: Path) -> None:
    assert routes(create_app(Settings(models=model_file), [kserve.router])) == set(ROLES)


@pytest.mark.parametrize(("method", "path"), ROLES)
def test_no_way_to_write_a_path_gives_more_than_its_role(locked: httpx2.Client, method: str, path: str) -> None:
    """As it stands, a path gives exactly its role. The requests have no body, and get an answer all the same."""
    path, needed = re.sub("{.*?}", "colours", path), ROLES[method, path]
    connection = http.client.HTTPConnection(locked.base_url.host, locked.base_url.port, timeout=60)
    for disguised in disguises(path):
        for verb in {method, "HEAD", "GET"}:
            for key, role in CALLERS.items():
                headers = {} if key is None else {"Authorization": f"Bearer {key}"}
                connection.request(verb, disguised, headers=headers)
                response = connection.getresponse()
                response.read()
                asked = (verb, disguised, key, response.status)
                if needed not in role:
                    assert response.status in REFUSED, asked
                if (verb, disguised) == (method, path):
                    assert (response.status in (401, 403)) == (needed not in role), asked
    connection.close()


def test_a_route_that_names_no_role_needs_an_administrator() -> None:
    router = APIRouter(route_class=access.GuardedRoute)

    @router.get("/new")
    async def new() -> str:
        return "secret"

    (route,) = router.routes
    assert isinstance(route, access.GuardedRoute)
    assert route.dependencies == [access.ADMIN]


@pytest.mark.parametrize(
    "path", [path for (method, path), role in ROLES.items() if method == "POST" and role != Role.ANYONE]
)
def test_a_key_is_required_before_parameters_and_body_are_read(locked: httpx2.Client, path: str) -> None:
    """The parameters are bad and none of the body is sent, and the answer comes."""
    connection = http.client.HTTPConnection(locked.base_url.host, locked.base_url.port, timeout=60)
    connection.putrequest("POST", f"{path.format(name='unknown', version='1')}?unknown=1&unknown=1")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders()
    response = connection.getresponse()
    problem = json.loads(response.read())
    assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert problem.get("code", "unauthorized") == "unauthorized"  # the Open Inference Protocol knows no codes
    sentence = problem.get("detail") or problem["error"]
    assert sentence == "This needs a key; send it as `Authorization: Bearer KEY`."
    connection.close()


def test_an_unknown_key_is_distinguished_from_none(locked: httpx2.Client) -> None:
    for authorization in (f"Bearer {WRONG}", f"bearer  {OLD}x"):
        response = locked.get("/models", headers={"Authorization": authorization})
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert response.json()["detail"].startswith("The key in `Authorization` is unknown")
    for authorization in (f"Basic {OLD}", OLD, "Bearer"):
        detail = locked.get("/models", headers={"Authorization": authorization}).json()["detail"]
        assert detail.startswith("This needs a key")


def test_both_keys_are_good_while_they_are_changed(locked: httpx2.Client) -> None:
    for key in (OLD, NEW):
        headers = {"Authorization": f"bearer {key}", "Content-Type": "image/png"}
        assert locked.post("/segment", content=encoded(quarters()), headers=headers).status_code == 200


def test_the_last_slots_are_reserved_for_other_keys(tmp_path: Path, keys: Path) -> None:
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


@pytest.mark.parametrize(
    ("key", "method", "path", "roles"),
    [
        (MONITOR, "GET", "/models", "`segment` or `admin`"),
        (OLD, "GET", "/metrics", "`monitor` or `admin`"),
        (OLD, "POST", "/models/colours/reload", "`admin`"),
    ],
)
def test_a_key_without_the_role_is_403(locked: httpx2.Client, key: str, method: str, path: str, roles: str) -> None:
    response = locked.request(method, path, headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 403
    assert response.json()["code"] == "forbidden"
    assert response.json()["detail"] == f"This needs a key of the role {roles}."


def test_keys_are_read_again_when_their_file_changes(model_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"segment {OLD}\n")
    with serving(model_file, keys=file) as url, httpx2.Client(base_url=url) as client:

        def wait_for(statuses: dict[str, int]) -> None:
            until = time.monotonic() + 60
            found: dict[str, int] = {}
            while found != statuses:
                assert time.monotonic() < until, found
                found = {
                    key: client.get("/models", headers={"Authorization": f"Bearer {key}"}).status_code
                    for key in statuses
                }

        wait_for({OLD: 200, NEW: 401})
        file.write_text(f"segment {OLD}\nsegment {NEW}\n")
        wait_for({OLD: 200, NEW: 200})
        file.write_text("segment short\n")
        part = tmp_path / "keys.new"
        part.write_text(f"segment {NEW}\n")
        part.rename(file)
        wait_for({OLD: 401, NEW: 200})
