"""What an operator may set: SEGMENT_PORT in the environment, or --port on the command line, and so on."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.segmentation.catalog import EMBEDDED, Engine
from service.segmentation.runtime import cores, memory
from service.segmentation.runtime.memory import MIB
from service.serving.hosts import host_name, origin


def split(value: Any) -> Any:
    """`cuda, cpu` is two names."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def prefix(path: str) -> str:
    """`/a/b` for `a/b/`, and nothing for `/`."""
    plain = path.strip().strip("/")
    if plain and not re.fullmatch(r"[\w.~-]+(/[\w.~-]+)*", plain, re.ASCII):
        raise ValueError(f"{path!r} is not a path; write one like /segmentation.")
    return f"/{plain}" if plain else ""


LONGEST_S = 24 * 3600
MOST_THREADS = 1000

Listed = (NoDecode, BeforeValidator(split))
Lowered = BeforeValidator(str.lower)
HostName = Annotated[str, AfterValidator(host_name)]
Origin = Annotated[str, AfterValidator(origin)]
Provider = Annotated[Literal["cpu", "cuda", "tensorrt", "openvino"], Lowered]


class Settings(BaseSettings):
    """Serve segmentation models over HTTP. Every option is a setting too: --port is SEGMENT_PORT."""

    model_config = SettingsConfigDict(
        env_prefix="SEGMENT_",
        env_ignore_empty=True,
        frozen=True,
        allow_inf_nan=False,
        cli_prog_name="fcn-serve",
        cli_kebab_case=True,
    )

    host: Annotated[str, AfterValidator(lambda host: host.strip("[]")), Field(description="Address to listen on.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=1, le=65535, description="Port to listen on.")] = 8000
    keys: Annotated[
        Path | None,
        Field(
            description="Key file: on each line `segment`, `monitor` or `admin`, a space, and the key. "
            "Read again when it changes."
        ),
    ] = None
    allow_anonymous: Annotated[bool, Field(description="Accept requests from other machines without keys.")] = False
    hosts: Annotated[
        tuple[HostName, ...],
        *Listed,
        Field(
            description="Host names to accept besides localhost, comma-separated; `*.example.org` for all below it, "
            "`*` for all. Protects from DNS rebinding; ignored with keys."
        ),
    ] = ()
    origins: Annotated[
        tuple[Origin, ...],
        *Listed,
        Field(
            description="Origins whose pages may use the service, comma-separated: `https://example.org`, or `*` for "
            "all."
        ),
    ] = ()
    root_path: Annotated[
        str,
        AfterValidator(prefix),
        Field(description="Path prefix behind a proxy, such as `/segmentation`, whether or not the proxy strips it."),
    ] = ""
    models: Annotated[Path, Field(description="A model file, or a folder of model files.")] = EMBEDDED
    default_model: Annotated[
        str | None,
        Field(
            description="The model for requests without `model`; by default street, or else the first by name, models "
            "for scans last."
        ),
    ] = None
    reload_s: Annotated[
        float,
        Field(ge=0, le=LONGEST_S, description="How often to check for changed model files, in seconds; 0 disables."),
    ] = 2
    max_body_mib: Annotated[float, Field(gt=0, description="Largest request body, in MiB.")] = 20
    uploads_mib: Annotated[
        float,
        Field(
            gt=0,
            description="Memory for all bodies together, in MiB; beyond it, 503. By default 256, or an eighth of the "
            "memory if that is less.",
        ),
    ] = Field(default_factory=lambda: min(256, memory.available() / 8 / MIB))
    memory_mib: Annotated[
        float | None,
        Field(
            gt=0,
            description="Memory for images being segmented, in MiB; an image that does not fit waits. By default "
            "the available memory less what the rest of the process takes.",
        ),
    ] = None
    max_megapixels: Annotated[float, Field(gt=0, description="Largest image, in millions of pixels.")] = 50
    max_volume_mib: Annotated[
        float,
        Field(
            gt=0,
            description="Largest body of a scan, and memory for all of them together, in MiB. By default 256, or an "
            "eighth of the memory if that is less.",
        ),
    ] = Field(default_factory=lambda: min(256, memory.available() / 8 / MIB))
    volume_memory_mib: Annotated[
        float | None,
        Field(
            gt=0,
            description="Memory for the scan being segmented, in MiB. By default what the largest takes, or half of "
            "the memory for images if that is less.",
        ),
    ] = None
    max_megavoxels: Annotated[float, Field(gt=0, description="Largest scan, in millions of voxels.")] = 80
    volume_deadline_s: Annotated[float, Field(gt=0, le=LONGEST_S, description="As SEGMENT_DEADLINE_S, for a scan.")] = (
        600
    )
    workers: Annotated[
        int,
        Field(ge=1, le=MOST_THREADS, description="Images processed at once; by default the available cores + 1."),
    ] = Field(default_factory=lambda: cores.available() + 1)
    threads: Annotated[
        int,
        Field(
            ge=1,
            le=MOST_THREADS,
            description="Cores for networks: all for a single image, one each under load; by default those available.",
        ),
    ] = Field(default_factory=cores.available)
    providers: Annotated[
        tuple[Provider, ...],
        *Listed,
        Field(
            min_length=1,
            description="Where networks run, comma-separated, best first; onnxruntime must be built for it.",
        ),
    ] = ("cpu",)
    batch: Annotated[
        int,
        Field(
            ge=1,
            description="Largest batch, at most SEGMENT_WORKERS; larger than 1 on accelerators only.",
        ),
    ] = 1
    batch_wait_ms: Annotated[
        float,
        Field(ge=0, le=1000 * LONGEST_S, description="How long the first image of a batch waits for others, in ms."),
    ] = 2
    queue: Annotated[int, Field(ge=0, description="Images that may wait; further ones are refused with 503.")] = 16
    deadline_s: Annotated[
        float,
        Field(
            gt=0,
            le=LONGEST_S,
            description="Deadline of a request in seconds, from its last byte; then the work stops, and the answer "
            "is 504.",
        ),
    ] = 30
    client_s: Annotated[
        float,
        Field(gt=0, le=LONGEST_S, description="Slow-client timeout in seconds; the connection is closed with 408."),
    ] = 10
    keep_alive_s: Annotated[
        int,
        Field(
            ge=1,
            le=LONGEST_S,
            description="Seconds to keep an idle connection; set it higher than a proxy in front does.",
        ),
    ] = 75
    grace_s: Annotated[
        int, Field(ge=1, le=LONGEST_S, description="Seconds for accepted images when the service stops.")
    ] = 20
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Lowered,
        Field(description="Lowest level to log, to standard error."),
    ] = "info"

    @field_validator("batch")
    @classmethod
    def no_more_than_workers(cls, batch: int, info: ValidationInfo) -> int:
        """Each image of a batch occupies a worker."""
        workers = info.data.get("workers", batch)
        if batch > workers:
            raise ValueError(
                f"a batch of {batch} needs as many workers, and there are {workers}: set SEGMENT_WORKERS={batch} too."
            )
        return batch

    @property
    def engine(self) -> Engine:
        return Engine(self.threads, self.providers, self.batch, self.batch_wait_ms / 1000)

    @property
    def max_body(self) -> int:
        """In bytes; no larger than the room for all bodies, where it could never be read."""
        return min(int(self.max_body_mib * MIB), self.max_uploads)

    @property
    def max_uploads(self) -> int:
        """In bytes."""
        return int(self.uploads_mib * MIB)

    @property
    def max_volume(self) -> int:
        """In bytes."""
        return int(self.max_volume_mib * MIB)

    @property
    def max_voxels(self) -> int:
        return int(self.max_megavoxels * 1_000_000)

    @property
    def volume_memory(self) -> int | None:
        """In bytes."""
        return None if self.volume_memory_mib is None else int(self.volume_memory_mib * MIB)

    @property
    def memory(self) -> int | None:
        """In bytes."""
        return None if self.memory_mib is None else int(self.memory_mib * MIB)

    @property
    def max_pixels(self) -> int:
        return int(self.max_megapixels * 1_000_000)
