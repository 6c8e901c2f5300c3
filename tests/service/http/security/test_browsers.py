"""Requests from pages of other sites."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.pictures import encoded, quarters
from tests.support.scrape import metric
from tests.support.server import serving

FRIEND = "https://robots.example"


@pytest.fixture(scope="module")
def befriended(model_file: Path) -> Iterator[httpx2.Client]:
    """A service that is also known by a name, and to a site."""
    with serving(model_file, origins=FRIEND, hosts="segment.example") as url, httpx2.Client(base_url=url) as client:
        yield client


def post(client: httpx2.Client, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/segment", content=encoded(quarters()), headers={"Content-Type": "image/png"} | named)


def test_a_page_of_another_site_is_refused(client: httpx2.Client) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
        response = post(client, **headers)
        assert response.status_code == 403
        assert response.json()["code"] == "foreign_origin"
        assert "Access-Control-Allow-Origin" not in response.headers


def test_our_own_page_and_programs_are_served(client: httpx2.Client) -> None:
    ours = str(client.base_url).rstrip("/")
    for headers in ({}, {"Origin": ours, "Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}):
        assert post(client, **headers).status_code == 200


def test_our_own_page_is_served_behind_a_proxy_that_names_its_own_host(
    client: httpx2.Client, befriended: httpx2.Client
) -> None:
    """As nginx does by default. The browser says that page and service are one site; no page can forge that."""
    for host in ("127.0.0.1:8123", "127.0.0.1", "localhost"):
        ours = {"Origin": "http://192.168.0.7:8201", "Sec_Fetch_Site": "same-origin", "Host": host}
        assert post(client, **ours).status_code == 200
    assert post(befriended, Origin="https://segment.example", Sec_Fetch_Site="same-origin").status_code == 200
    # Without that word, or under a name that anybody may point here, the answer says what to configure.
    for headers in (
        {"Origin": "http://192.168.0.7:8201"},
        {"Origin": "http://192.168.0.7:8201", "Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"},
    ):
        response = post(client, **headers)
        assert response.status_code == 403
        assert "`proxy_set_header Host $http_host;`" in response.json()["detail"]


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("https://segment.example", "segment.example:443", 200),
        ("http://segment.example", "Segment.example", 200),
        ("http://segment.example:8000", "segment.example:8000", 200),
        ("http://segment.example:8000", "segment.example:8001", 403),
        ("http://other.example", "segment.example", 403),
        ("http://", "segment.example", 403),
    ],
)
def test_a_page_and_the_service_are_compared_by_host_and_port(
    befriended: httpx2.Client, origin: str, host: str, status: int
) -> None:
    assert post(befriended, Origin=origin, Host=host).status_code == status


def test_every_page_and_every_name_may_be_served(model_file: Path) -> None:
    with serving(model_file, origins="*", hosts="*") as url, httpx2.Client(base_url=url) as client:
        response = post(client, Origin="https://any.example", Host="any.example", Sec_Fetch_Site="cross-site")
        assert response.status_code == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_a_site_that_is_listed_is_served(befriended: httpx2.Client) -> None:
    response = post(befriended, Origin=FRIEND, Sec_Fetch_Site="cross-site")
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == FRIEND
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    ours = {"X-Model-Digest", "Server-Timing", "X-Request-Id", "Retry-After", "X-Warnings", "traceresponse"}
    assert set(exposed) == ours
    asked = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
    assert befriended.options("/segment", headers=asked).status_code == 200
    assert post(befriended, Origin="https://evil.example").status_code == 403


def test_a_refused_preflight_is_not_counted_as_ok(befriended: httpx2.Client) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert befriended.options("/segment", headers=asking).status_code == 400
    refused = {"method": "OPTIONS", "route": "none", "status": "400"}
    assert metric(befriended, "segment_requests_total", **refused, code="bad_request") == 1


def test_a_name_that_somebody_pointed_here_is_refused(client: httpx2.Client, befriended: httpx2.Client) -> None:
    assert client.get("/models", headers={"Host": "segment.example"}).status_code == 421
    assert befriended.get("/models", headers={"Host": "segment.example:8000"}).status_code == 200
    for host in ("localhost:1", "127.0.0.1", "[::1]:80", "192.168.0.7"):
        assert client.get("/models", headers={"Host": host}).status_code == 200


def test_a_health_check_without_a_host_is_answered(client: httpx2.Client) -> None:
    """As load balancers send it, in HTTP/1.0."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(b"GET /health/ready HTTP/1.0\r\n\r\n")
        assert b"200 OK" in connection.recv(100)


@pytest.mark.parametrize("path", ["/", "/docs", "/models", "/nothing", "/web/page.js"])
def test_every_answer_tells_browsers_to_be_careful(client: httpx2.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = dict(directive.split(" ", 1) for directive in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy
