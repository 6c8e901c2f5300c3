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


def test_every_port_is_published_on_this_machine_only() -> None:
    ports = re.findall(r'^ *- "(\S+:\d+)"$', COMPOSE, re.MULTILINE)
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_service_for_the_clinic_is_that_of_the_rest_with_another_target() -> None:
    clinic = COMPOSE[COMPOSE.index("  clinic:") : COMPOSE.index("  orthanc:")]
    assert "<<: *segment" in clinic
    assert "target: clinical" in clinic
    assert COMPOSE.count("profiles: [clinic]") == 2
    assert re.search(r"image: orthancteam/orthanc:\d+\.\d+\.\d+$", COMPOSE, re.MULTILINE)


def test_an_image_has_the_readers_of_scans_only_if_asked() -> None:
    assert DOCKERFILE.count("AS clinical\n") == 1
    stages = DOCKERFILE.split("\nFROM ")
    assert stages[-1].startswith("run\nCOPY --from=build /")  # the default


def test_the_image_has_the_promised_base_an_unprivileged_user_and_a_health_check() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.13-slim-trixie", "build", "run"}
    assert "USER 10001:10001" in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE
    assert DOCKERFILE.count("--require-hashes") == DOCKERFILE.count("pip --python") == 2
