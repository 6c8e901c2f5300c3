"""As much of ROS 2 as a node needs that has one camera: messages with the fields of their definitions, and topics."""

import sys
from array import array
from collections import defaultdict
from collections.abc import Callable
from enum import Enum
from types import ModuleType
from typing import Any

import pytest

Message = Callable[..., Any]


def message(name: str, **types: type) -> Message:
    """A message as rclpy makes it of its definition: a field of another name or type is an error."""

    def init(self: Any, **fields: Any) -> None:
        for field, value in fields.items():
            assert isinstance(value, types[field]), f"{name}.{field}"
            setattr(self, field, value)

    made: Message = type(name, (), {"__slots__": tuple(types), "__init__": init})
    return made


Header = message("Header", stamp=object, frame_id=str)
CompressedImage = message("CompressedImage", header=object, format=str, data=array)
Image = message("Image", header=object, height=int, width=int, encoding=str, is_bigendian=int, step=int, data=array)
VisionClass = message("VisionClass", class_id=int, class_name=str)
LabelInfo = message("LabelInfo", header=object, class_map=list, threshold=float)


class Reliability(Enum):
    BEST_EFFORT = 2


class Camera:
    """A node that gets these frames, and what it publishes."""

    def __init__(self, frames: list[Any]) -> None:
        self._frames = frames
        self._calls: list[Callable[[Any], None]] = []
        self.published: dict[str, list[Any]] = defaultdict(list)

    def create_publisher(self, _: Message, topic: str, __: object) -> Any:
        made = ModuleType("publisher")
        made.publish = self.published[topic].append  # type: ignore[attr-defined]
        return made

    def create_subscription(self, _: Message, __: str, call: Callable[[Any], None], ___: object) -> None:
        self._calls.append(call)

    def spin(self) -> None:
        for frame in self._frames:
            for call in self._calls:
                call(frame)


def install(monkeypatch: pytest.MonkeyPatch, camera: Camera) -> None:
    """Make the modules that a node imports."""
    modules: dict[str, dict[str, Any]] = {
        "rclpy": {"init": lambda: None, "create_node": lambda _: camera, "spin": lambda node: node.spin()},
        "rclpy.qos": {"QoSProfile": dict, "ReliabilityPolicy": Reliability},
        "sensor_msgs": {},
        "sensor_msgs.msg": {"CompressedImage": CompressedImage, "Image": Image},
        "vision_msgs": {},
        "vision_msgs.msg": {"LabelInfo": LabelInfo, "VisionClass": VisionClass},
    }
    for name, content in modules.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
