"""Host names and origins, as people write them."""

import pytest

from service.serving.hosts import host_name, host_of, matches, origin
from service.serving.settings import Settings


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("segment", "segment:8000"),
        ("segment:8000", "segment:8000"),
        (" Robot.Local ", "robot.local"),
        ("robot.local.", "ROBOT.local"),
        ("robot.local", "robot.local.:80"),
        ("https://robot.local/", "robot.local"),
        ("my_service", "my_service:8000"),
        ("*", "anything.example"),
        ("*.local", "arm.robot.local"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("[fd00::1]:8000", "[fd00::1]:9000"),
    ],
)
def test_a_host_is_read_as_it_is_meant(written: str, asked: str) -> None:
    assert matches(host_of(asked), host_name(written))


def test_a_host_is_no_other() -> None:
    for written, asked in (("robot.local", "evil-robot.local"), ("*.local", "local"), ("*.local", "xlocal"), ("a", "")):
        assert not matches(host_of(asked), host_name(written))


@pytest.mark.parametrize(
    "written",
    ["", "http://", "robot local", "a/b", "robot.local/x", "a:port", "a:99999", "ro*bot", "*.*.local", "-a", "u@a"],
)
def test_an_impossible_host_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a host name; write one like"):
        host_name(written)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://app.example/", "http://app.example"),
        (" HTTPS://App.example", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("https://app.example:443/", "https://app.example"),
        ("https://app.example:8443", "https://app.example:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ("null", "null"),
        ("*", "*"),
    ],
)
def test_an_origin_is_what_a_browser_sends(written: str, sent: str) -> None:
    assert origin(written) == sent


@pytest.mark.parametrize(
    "written",
    ["app.example", "localhost:3000", "https://", "https://*.example", "https://app.example/page", "https://a b"],
)
def test_an_impossible_origin_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not the origin of a page"):
        origin(written)


def test_lists_may_have_blanks_and_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_HOSTS", "Segment:8000, robot.local,")
    monkeypatch.setenv("SEGMENT_ORIGINS", "https://a.example/ , http://B.example")
    monkeypatch.setenv("SEGMENT_PROVIDERS", "CUDA, cpu")
    monkeypatch.setenv("SEGMENT_LOG_LEVEL", "INFO")
    settings = Settings()
    assert settings.hosts == ("segment", "robot.local")
    assert settings.origins == ("https://a.example", "http://b.example")
    assert settings.providers == ("cuda", "cpu")
    assert settings.log_level == "info"
