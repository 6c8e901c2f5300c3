"""examples/ros2_node.py: the messages that it makes of real answers, and its node among stand-ins for ROS."""

from array import array

import numpy as np
import pytest
from PIL import Image

from examples import ros2_node
from service.client import Client
from tests.examples.conftest import KEY
from tests.support import ros
from tests.support.pictures import encoded, quarters

JPEG = encoded(quarters().rotate(180), "JPEG", quality=95, subsampling=0)
SLOW = encoded(Image.new("RGB", (96, 64), (255, 0, 0)), "JPEG")


def test_an_answer_has_the_fields_of_the_messages(url: str) -> None:
    with Client(url, key=KEY) as client:
        found = client.segment(JPEG)
    header = ros.Header(stamp=7, frame_id="camera")
    mask = ros2_node.image(found, header)
    assert mask["header"] is header
    assert [mask[name] for name in ("encoding", "height", "width", "step")] == ["mono8", 64, 96, 96]
    expected = np.asarray(quarters().rotate(180)).argmax(2)
    np.testing.assert_array_equal(np.array(mask["data"]).reshape(64, 96), expected)
    labels = ros2_node.label_info(found, header, ros.VisionClass)
    named = [(one.class_id, one.class_name) for one in labels["class_map"]]
    assert named == [(0, "road"), (1, "pedestrian"), (2, "sky")]


@pytest.mark.parametrize(("deadline_ms", "jpeg", "stamps"), [(30_000, JPEG, [0, 1]), (1, SLOW, [])])
def test_the_node_publishes_what_is_in_time(
    deadline_ms: int, jpeg: bytes, stamps: list[int], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = [ros.Header(stamp=stamp, frame_id="camera") for stamp in (0, 1)]
    frames = [ros.CompressedImage(header=header, format="jpeg", data=array("B", jpeg)) for header in headers]
    camera = ros.Camera(frames)
    ros.install(monkeypatch, camera)
    monkeypatch.setattr(ros2_node, "URL", url)
    monkeypatch.setattr(ros2_node, "DEADLINE_MS", deadline_ms)
    monkeypatch.setenv("FCN_SERVE_KEY", KEY)
    ros2_node.main()
    for topic in ("mask", "label_info"):
        assert [one.header.stamp for one in camera.published[topic]] == stamps
        assert {one.header.frame_id for one in camera.published[topic]} <= {"camera"}
