"""The share of a node that Ray gave a replica, as settings."""

from dataclasses import dataclass
from typing import Any

import ray

from service.segmentation.runtime import cores, memory
from service.segmentation.runtime.memory import MIB
from service.serving.settings import Settings

MOST_UPLOADS_MIB = 256


@dataclass(frozen=True)
class Share:
    """Processor cores, and memory in MiB. Ray counts them, but does not enforce them: a process sees the whole node."""

    cores: int
    memory_mib: float

    def settings(self) -> dict[str, Any]:
        """Of images at once, threads and memory: three eighths for images, a quarter for scans, an eighth for the
        bodies of each, and the rest for models."""
        bodies = min(MOST_UPLOADS_MIB, self.memory_mib / 8)
        return {
            "workers": self.cores + 1,
            "threads": self.cores,
            "uploads_mib": bodies,
            "max_volume_mib": bodies,
            "memory_mib": self.memory_mib * 3 / 8,
            "volume_memory_mib": self.memory_mib / 4,
        }


def assigned() -> Share:
    """This replica's share. Memory is its part of the node's by cores, unless `ray_actor_options` say how much."""
    context = ray.get_runtime_context()
    given = context.get_assigned_resources()
    node = next(node for node in ray.nodes() if node["NodeID"] == context.get_node_id())
    cpus = given.get("CPU") or cores.available()
    of_node = max(cpus, node["Resources"].get("CPU", cpus))
    return Share(cores=max(1, int(cpus)), memory_mib=(given.get("memory") or memory.available() * cpus / of_node) / MIB)


def completed(options: dict[str, Any], share: Share) -> Settings:
    """The settings with these options; what neither they nor the environment say follows from the share."""
    said = Settings(**options).model_fields_set
    return Settings(**options, **{name: value for name, value in share.settings().items() if name not in said})
