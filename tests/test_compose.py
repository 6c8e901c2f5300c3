"""The container's hardening in the compose file and the Dockerfile."""

import re

import pytest

from tests.support.server import ROOT

COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()


@pytest.mark.parametrize(
    "line",
    [
        "read_only: true",
        "cap_drop: [ALL]",
        'security_opt: ["no-new-privileges:true"]',
        '- "127.0.0.1:${SEGMENT_PORT:-8000}:8000"',
        "restart: unless-stopped",
    ],
)
def test_the_compose_file_gives_the_service_no_more_than_it_needs(line: str) -> None:
    assert line in [text.strip() for text in COMPOSE.splitlines()]


def test_the_image_has_the_promised_base_an_unprivileged_user_and_a_health_check() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.13-slim-trixie"}
    assert "USER 10001:10001" in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
