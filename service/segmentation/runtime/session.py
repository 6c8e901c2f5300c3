"""Opens onnxruntime sessions on the requested providers, or raises a clear error."""

from collections.abc import Sequence

import onnxruntime

from service.segmentation.errors import ModelUnreadable, ProviderMissing
from service.segmentation.runtime import amx, saturation

VERSION: str = onnxruntime.__version__

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
"""onnxruntime's execution providers, by their common names."""


def share_arena() -> None:
    """Make all sessions allocate tensors from one arena. Call it once in a process, before the first session is opened.
    With an arena each, every session would keep the most memory it ever used."""
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(memory, None)  # None: the default growth


def open_session(data: bytes, threads: int, providers: Sequence[str]) -> onnxruntime.InferenceSession:
    """A session for the bytes of a model; earlier `providers` have priority.

    Raises ModelUnreadable; and ProviderMissing, as onnxruntime itself would silently fall back to the CPU.
    """
    require(providers, onnxruntime.get_available_providers(), "this build of onnxruntime lacks")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors reach the caller as exceptions
    options.add_session_config_entry("session.use_env_allocators", "1")  # the shared arena, if there is one
    if saturation.saturates():
        options.add_session_config_entry(saturation.PRECISE, "1")
    if tuple(providers) == ("cpu",) and amx.available():
        data = amx.shifted(data)
    try:
        session = onnxruntime.InferenceSession(data, options, providers=[PROVIDERS[name] for name in providers])
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise ModelUnreadable(f"onnxruntime cannot load it: {one_line(error)}") from error
    require(providers, session.get_providers(), "onnxruntime could not start here")
    return session


def available() -> tuple[str, ...]:
    """The providers that this build of onnxruntime has, by their common names."""
    return known(onnxruntime.get_available_providers())


def one_line(failure: BaseException | None) -> str:
    """What onnxruntime says of a failure; its messages may have several lines."""
    return " ".join(str(failure).split())


def require(providers: Sequence[str], there: Sequence[str], trouble: str) -> None:
    for name in providers:
        if PROVIDERS[name] not in there:
            raise ProviderMissing(
                f"SEGMENT_PROVIDERS asks for {name}, which {trouble}; it has {', '.join(known(there))}."
            )


def known(there: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name, long in PROVIDERS.items() if long in there)
