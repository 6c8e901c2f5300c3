"""A ROS 2 node: frames of a camera in, masks and the names of their classes out.

    python examples/ros2_node.py --ros-args -r image/compressed:=/camera/image_raw/compressed

It subscribes to `image/compressed` (sensor_msgs/CompressedImage), whose JPEG goes to the service as it is, and
publishes `mask` (sensor_msgs/Image, mono8: a pixel's value is the id of its class) and `label_info`
(vision_msgs/LabelInfo). Both have the frame's header, so that message_filters can join them with it. SEGMENT is the
address of the service, FCN_SERVE_KEY the key. The functions above `main` need no ROS.
"""

import os
from array import array
from collections.abc import Callable
from typing import Any

from service.client import Client, Retries, Segmentation, TooLate, Unavailable

URL = os.environ.get("SEGMENT", "http://127.0.0.1:8000")
DEADLINE_MS = 500


def segment(client: Client, jpeg: bytes) -> Segmentation | None:
    """None where the answer would be late, or the service is busy: a newer frame comes soon."""
    try:
        return client.segment(jpeg, deadline_ms=DEADLINE_MS)
    except (TooLate, Unavailable):
        return None


def image(found: Segmentation, header: Any) -> dict[str, Any]:
    """The fields of sensor_msgs/Image. `header` is the frame's std_msgs/Header: its stamp and its frame_id."""
    assert found.mask is not None
    mask = found.mask.array()
    height, width = mask.shape
    data = array("B", mask.tobytes())  # what rclpy copies fastest
    size = {"height": height, "width": width, "step": width}  # step: bytes from row to row
    return {"header": header, **size, "encoding": "mono8", "is_bigendian": 0, "data": data}


def label_info(found: Segmentation, header: Any, vision_class: Callable[..., Any]) -> dict[str, Any]:
    """The fields of vision_msgs/LabelInfo. `vision_class` makes a vision_msgs/VisionClass. No label has a threshold."""
    classes = [vision_class(class_id=area.id, class_name=area.name) for area in found.classes]
    return {"header": header, "class_map": classes, "threshold": 0.0}


def main() -> None:
    """The node. Its queues hold one frame, so that a frame which comes while another is segmented replaces the last."""
    import rclpy
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import CompressedImage, Image
    from vision_msgs.msg import LabelInfo, VisionClass

    rclpy.init()
    node = rclpy.create_node("segmenter")
    newest = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    masks = node.create_publisher(Image, "mask", newest)
    labels = node.create_publisher(LabelInfo, "label_info", newest)
    with Client(URL, key=os.environ.get("FCN_SERVE_KEY"), timeout_s=5, retries=Retries(attempts=1)) as client:

        def on_frame(frame: Any) -> None:
            found = segment(client, bytes(frame.data))
            if found is not None:
                masks.publish(Image(**image(found, frame.header)))
                labels.publish(LabelInfo(**label_info(found, frame.header, VisionClass)))

        node.create_subscription(CompressedImage, "image/compressed", on_frame, newest)
        rclpy.spin(node)


if __name__ == "__main__":
    main()
