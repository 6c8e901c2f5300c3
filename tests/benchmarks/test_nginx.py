"""nginx before the service, as the tests and the benchmark of refusals use it."""

from pathlib import Path

import httpx2

from benchmarks.nginx import nginx
from tests.support.debian import need


def test_nginx_passes_requests_on(url: str, tmp_path: Path) -> None:
    with nginx(need("nginx"), tmp_path, f"location / {{ proxy_pass {url}; }}") as front:
        answer = httpx2.get(f"{front}/health/live")
    assert answer.json() == {"status": "live"}
    assert answer.headers["server"].startswith("nginx")
