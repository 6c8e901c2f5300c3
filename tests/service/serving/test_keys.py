"""The file of keys: what it may hold, and when it is read."""

from pathlib import Path

import pytest

from service.serving.errors import BadKeys
from service.serving.keys import KeyFile, Keys, Role, keys_for

OLD, NEW = "old-segment-key-0123456789", "new-segment-key-0123456789"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "has no key"),
        ("segment short", "line 1 of .* is shorter than 20"),
        ("# fine\nroot a-key-that-is-long-enough", "line 2 of .* must be `segment`, `monitor` or `admin`"),
        ("segment two words-that-are-long-enough", "line 1 of .* must be"),
        ("segment", "line 1 of .* must be"),
        ("segment schlüssel-der-lang-genug-ist", "line 1 of .* use ASCII"),
    ],
)
def test_an_invalid_key_file_stops_the_start(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "keys").write_text(content)
    with pytest.raises(BadKeys, match=complaint):
        Keys.read(tmp_path / "keys")
    with pytest.raises(BadKeys, match="cannot be read"):
        Keys.read(tmp_path / "gone")


def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path: Path) -> None:
    """As Windows' editors write them."""
    (tmp_path / "keys").write_bytes(f"\ufeffsegment {OLD}\r\n\r\nadmin {NEW}\r\n".encode())
    keys = Keys.read(tmp_path / "keys")
    assert (keys.role(OLD), keys.role(NEW)) == (Role.SEGMENT, Role.ADMIN)


def test_a_key_has_every_role_that_the_file_gives_it(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"segment {OLD}\nmonitor {OLD}\nmonitor {NEW}")
    keys = Keys.read(tmp_path / "keys")
    assert (keys.role(OLD), keys.role(NEW)) == (Role.SEGMENT | Role.MONITOR, Role.MONITOR)
    assert Role.ADMIN not in keys.role(OLD)
    assert keys.callers == 1  # no slots are reserved for a caller that never segments


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


class Clock:
    """Time that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_change_takes_effect_at_the_next_look(tmp_path: Path) -> None:
    file, clock = tmp_path / "keys", Clock()
    file.write_text(f"segment {OLD}")
    keys = KeyFile(file, clock)
    file.write_text(f"admin {NEW}\n")
    clock.now = 0.9
    assert (keys.role(OLD), keys.role(NEW)) == (Role.SEGMENT, Role.ANYONE)
    clock.now = 1
    assert (keys.role(OLD), keys.role(NEW)) == (Role.ANYONE, Role.ADMIN)


@pytest.mark.parametrize("content", ["", "segment short\n", None])
def test_an_invalid_new_file_keeps_the_old_keys_and_is_logged_once(
    tmp_path: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    file, clock = tmp_path / "keys", Clock()
    file.write_text(f"segment {OLD}\n")
    keys = KeyFile(file, clock)
    file.unlink() if content is None else file.write_text(content)
    for clock.now in (1, 2, 3):
        assert keys.role(OLD) == Role.SEGMENT
    (record,) = caplog.records
    assert (record.levelname, record.message[:26]) == ("ERROR", "the keys stay as they were")
    file.write_text(f"segment {NEW}")
    clock.now = 4
    assert (keys.role(OLD), keys.role(NEW)) == (Role.ANYONE, Role.SEGMENT)
