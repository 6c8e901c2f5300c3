"""The queue: callers take turns."""

import pytest

from service.serving.line import Line


def test_callers_take_turns_and_each_is_served_in_order() -> None:
    line: Line[str] = Line()
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        line.put(item[0], item)
    assert len(line) == 6
    assert line.next == "a1"
    assert [line.take() for _ in range(6)] == ["a1", "b1", "c1", "a2", "c2", "a3"]
    with pytest.raises(KeyError):
        line.take()


def test_who_leaves_is_out_of_it() -> None:
    line: Line[str] = Line()
    line.put("a", "a1")
    line.put("b", "b1")
    assert line.remove("a", "a1")
    assert not line.remove("a", "a1")
    assert (len(line), line.take()) == (1, "b1")
