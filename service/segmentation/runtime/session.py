"""Where a network runs: an onnxruntime session on the providers that were asked for, or a clear error."""

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
"""onnxruntime's execution providers, by the names that people use."""


def share_arena() -> None:
    """Have all sessions take their tensors' memory from one arena. To be called once in a process, before the first is
    opened: each would keep the most it ever took to itself."""
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(memory, None)  # grows as any other


def open_session(data: bytes, threads: int, providers: Sequence[str]) -> onnxruntime.InferenceSession:
    """A session for the bytes of a model; of `providers`, earlier ones take what they can.

    Raises ModelUnreadable, and ProviderMissing: onnxruntime itself would fall back to the processor without a word.
    """
    require(providers, onnxruntime.get_available_providers(), "this build of onnxruntime lacks")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors reach the caller as exceptions
    options.add_session_config_entry("session.use_env_allocators", "1")  # one for all, if there is one
    if saturation.saturates():
        options.add_session_config_entry(saturation.PRECISE, "1")
    if tuple(providers) == ("cpu",) and amx.available():
        data = amx.shifted(data)
    try:
        session = onnxruntime.InferenceSession(data, options, providers=[PROVIDERS[name] for name in providers])
    except Exception as error:  # onnxruntime's exceptions share no base of their own
        raise ModelUnreadable(f"onnxruntime cannot load it: {error}") from error
    require(providers, session.get_providers(), "onnxruntime could not start here")
    return session


def require(providers: Sequence[str], there: Sequence[str], trouble: str) -> None:
    for name in providers:
        if PROVIDERS[name] not in there:
            names = ", ".join(name for name, long in PROVIDERS.items() if long in there)
            raise ProviderMissing(f"SEGMENT_PROVIDERS asks for {name}, which {trouble}; it has {names}.")
