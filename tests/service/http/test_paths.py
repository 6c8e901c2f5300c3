"""HEAD, final slashes, and prefixes that a proxy adds."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from benchmarks.nginx import nginx
from tests.support.debian import need
from tests.support.pictures import encoded, quarters
from tests.support.server import serving

PNG = {"Content-Type": "image/png"}
PATHS = ["/", "/docs", "/openapi.json", "/web/page.js", "/health/live", "/health/ready", "/models", "/models/colours"]


@pytest.mark.parametrize("path", [*PATHS, "/metrics", "/nothing", "/docs/"])
def test_head_is_get_without_a_body(url: str, path: str) -> None:
    """On one connection: what should not have been sent would be taken for the next answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    answers = []
    for method in ("GET", "HEAD", "GET"):
        connection.request(method, path, headers={"X-Request-Id": "of-a-fixed-length"})
        response = connection.getresponse()
        length = response.headers.get("Content-Length")
        answers.append((response.status, response.headers.get("Content-Type"), length))
        body = response.read()
        assert len(body) == (0 if method == "HEAD" else int(length or 0))
    connection.close()
    if path != "/metrics":  # which counts these very requests
        assert len(set(answers)) == 1


def test_head_of_what_has_no_get_is_405(client: httpx2.Client) -> None:
    response = client.head("/segment")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_a_final_slash_makes_no_difference(client: httpx2.Client) -> None:
    assert client.post("/segment/?include=", content=encoded(quarters()), headers=PNG).status_code == 200
    for path in set(PATHS) - {"/", "/web/page.js"}:
        response = client.get(f"{path}/?a=b")
        assert response.status_code == 307
        assert urlsplit(response.headers["Location"]).netloc == ""
        assert response.next_request is not None
        assert response.next_request.url.raw_path.decode() == f"{path}?a=b"


def test_a_redirect_stays_here(client: httpx2.Client) -> None:
    for path in ("//evil.example/", "/%5cevil.example/", "/x%0d%0aSet-Cookie:%20a=b/", "/http://evil.example/"):
        response = client.get(path)
        assert "Set-Cookie" not in response.headers
        if "Location" in response.headers:
            assert urlsplit(urljoin(str(client.base_url) + path, response.headers["Location"])).netloc == (
                client.base_url.netloc.decode()
            )


def loads(client: httpx2.Client, root: str, path: str) -> str:
    """Open a page below `root` as a browser does, and all that it loads; the URL from which its links start."""
    page = client.get(root + path, follow_redirects=True)
    assert page.status_code == 200
    base = re.search(r'<base href="(.*?)">', page.text)
    start = urljoin(str(page.url), base[1]) if base else str(page.url)
    links = re.findall(r'<(?!base)[^>]* (?:src|href)="(.*?)"', page.text)
    assert len(links) >= 4
    for link in links:
        assert urljoin(start, link).startswith(f"{root}/"), "outside of the proxy's prefix"
        assert client.get(urljoin(start, link)).status_code == 200, link
    return start


def used(root: str, *, host_is_passed_on: bool) -> None:
    """Use the page and the documentation at a path, in a browser that says which site a page is of, and in another."""
    with httpx2.Client(timeout=60) as client:
        for path in ("/", "/docs", "/docs/"):
            start = loads(client, root, path)
            assert client.get(urljoin(start, "openapi.json")).json()["servers"][0]["url"] == "."
            assert client.get(urljoin(start, "models")).status_code == 200
            for site in ("same-origin", None):
                headers = (
                    PNG
                    | {"Origin": "http://" + urlsplit(root).netloc}
                    | ({} if site is None else {"Sec-Fetch-Site": site})
                )
                answer = client.post(urljoin(start, "segment?include="), content=encoded(quarters()), headers=headers)
                served = site is not None or host_is_passed_on
                assert answer.status_code == (200 if served else 403), answer.text
                assert served or "`proxy_set_header Host $http_host;`" in answer.json()["detail"]


@pytest.fixture(scope="module")
def prefixed(model_file: Path) -> Iterator[str]:
    """A service that knows its prefix."""
    with serving(model_file, root_path="deep/seg/") as address:
        yield address


def test_the_page_works_without_a_proxy(url: str, prefixed: str) -> None:
    used(url, host_is_passed_on=True)
    used(f"{prefixed}/deep/seg", host_is_passed_on=True)


def test_a_known_prefix_may_be_stripped_or_not(prefixed: str) -> None:
    for path in ("/deep/seg/models", "/models", "/deep/seg", "/deep/seg/", "/"):
        assert httpx2.get(f"{prefixed}{path}").status_code == 200
    for path in ("/deep/segment", "/deep", "/seg/models", "/deep/seg/deep/seg/models"):
        assert httpx2.get(f"{prefixed}{path}").status_code == 404
    assert httpx2.post(f"{prefixed}/deep/seg/segment/", content=encoded(quarters()), headers=PNG).status_code == 200


def test_a_prefix_may_be_named_as_a_route(model_file: Path) -> None:
    with serving(model_file, root_path="/segment") as url:
        for path in ("/segment", "/segment/segment", "/segment/segment/"):
            assert httpx2.post(f"{url}{path}", content=encoded(quarters()), headers=PNG).status_code == 200
        assert '<base href="/segment/">' in httpx2.get(f"{url}/segment").text


def test_a_prefix_in_a_header_is_only_a_path(client: httpx2.Client) -> None:
    for prefix in ("//evil.example", "https://evil.example", '/"><script>', "/a b", "/", "javascript:"):
        assert "<base" not in client.get("/", headers={"X-Forwarded-Prefix": prefix}).text


def test_it_works_behind_nginx(url: str, prefixed: str, tmp_path: Path) -> None:
    locations = f"""
        location / {{ proxy_pass {url}; }}
        location /stripped/ {{ proxy_pass {url}/; proxy_set_header Host $http_host; }}
        location /deep/seg {{ proxy_pass {prefixed}; proxy_set_header Host $host:$server_port; }}
        location /traefik {{
            rewrite ^/traefik/?(.*)$ /$1 break;
            proxy_pass {url}; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Prefix /traefik;
        }}"""
    with nginx(need("nginx"), tmp_path, locations) as front:
        used(front, host_is_passed_on=False)
        used(f"{front}/stripped", host_is_passed_on=True)
        used(f"{front}/deep/seg", host_is_passed_on=True)
        used(f"{front}/traefik", host_is_passed_on=True)
        with httpx2.Client() as client:
            loads(client, f"{front}/deep/seg", "")
            loads(client, f"{front}/traefik", "")
