"""How many processor cores this process may use: its affinity, and its control groups' quotas."""

import os
from pathlib import Path

from service.segmentation.runtime import cgroup


def available(process: Path = Path("/proc/self")) -> int:
    """At least 1. onnxruntime alone would count the host's cores, also in a container that is allowed two."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for folder in cgroup.folders("cpu", process) if (quota := v2_quota(folder) or v1_quota(folder))]
    return max(1, int(min([affinity, *quotas])))


def v2_quota(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):  # absent, or "max": no limit
        return None


def v1_quota(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 else None
