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
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_service_for_the_clinic_is_that_of_the_rest_with_another_target() -> None:
    clinic = COMPOSE[COMPOSE.index("  clinic:") : COMPOSE.index("  orthanc:")]
    assert "<<: *segment" in clinic
    assert "target: clinical" in clinic
    assert COMPOSE.count("profiles: [clinic]") == 2
    assert re.search(r"image: orthancteam/orthanc:\d+\.\d+\.\d+$", COMPOSE, re.MULTILINE)


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_what_monitors_is_pinned_and_gets_no_more_than_it_needs(name: str) -> None:
    start = COMPOSE.index(f"\n  {name}:\n    profiles: [monitoring]\n")
    section = re.split(r"\n\n", COMPOSE[start + 1 :])[0]
    assert re.search(r"^    image: [\w/]+:v?\d+\.\d+\.\d+$", section, re.MULTILINE)
    lines = ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]', "mem_limit: 512m")
    assert all(f"\n    {line}\n" in section for line in lines)


def test_every_file_that_is_mounted_exists() -> None:
    paths = re.findall(r"^      - (?:\$\{\w+:-)?\./([\w./-]+)\}?:/", COMPOSE, re.MULTILINE)
    assert len(paths) == 5
    assert all((ROOT / path).exists() for path in paths), paths


def test_an_image_has_the_readers_of_scans_only_if_asked() -> None:
    assert DOCKERFILE.count("AS clinical\n") == 1
    stages = DOCKERFILE.split("\nFROM ")
    assert stages[-1].startswith("run\nCOPY --from=build /")  # the default


def test_the_image_has_the_promised_base_an_unprivileged_user_and_a_health_check() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.13-slim-trixie", "build", "run"}
    assert "USER 10001:10001" in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE
    assert DOCKERFILE.count("--require-hashes") == DOCKERFILE.count("pip --python") == 2
