"""`fcn-serve doctor`: what this machine has for networks, and how its models do on it."""

import os
import platform
import re
import time
from pathlib import Path
from statistics import median

import click
import msgspec
import numpy as np

from service import __version__
from service.cli.options import models_option
from service.segmentation.catalog import model_files
from service.segmentation.errors import ModelError, ModelUnreadable
from service.segmentation.inputs import clinical
from service.segmentation.modelfile.contract import Pixels
from service.segmentation.runtime import cores, memory, saturation, session
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import pad

INTERESTING = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx_vnni": "AVX-VNNI",
    "avx512_vnni": "AVX-512 VNNI",
    "amx_int8": "AMX int8",
    "asimddp": "dot products (ARM)",
    "i8mm": "matrix products (ARM)",
}
"""What Linux calls the features of processors that onnxruntime's int8 kernels use, and what people call them."""
RUNS = 5


class Examination(msgspec.Struct, frozen=True):
    """One model file: its trouble if it fails, else the median milliseconds of its network on an image of the native
    size, on all cores and on one."""

    file: str
    name: str | None = None
    trouble: str | None = None
    ms_all_cores: float | None = None
    ms_one_core: float | None = None


class Report(msgspec.Struct, frozen=True):
    """features: None where the system does not tell.
    exact: byte products do not saturate; where they do, networks run in the slower precise mode.
    memory_mib: the tightest limit of the control groups, or the machine's.
    """

    version: str
    python: str
    onnxruntime: str
    processor: str
    cores: int
    cores_of_machine: int
    features: tuple[str, ...] | None
    exact: bool
    memory_mib: int
    memory_of_machine_mib: int
    providers: tuple[str, ...]
    clinical: bool
    models: tuple[Examination, ...]


@click.command()
@models_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(models: Path, as_json: bool) -> None:
    """Examine this machine: cores, processor features, memory, providers, and every model's self-test and speed.

    Exits with 1 if a model fails.
    """
    report = examined(models)
    click.echo(msgspec.json.encode(report) if as_json else text(report))
    if any(model.trouble for model in report.models):
        click.get_current_context().exit(1)


def examined(models: Path) -> Report:
    """The report on this machine and the models of a folder or file. Raises ModelUnreadable if there are none."""
    files = model_files(models)
    if not files:
        raise ModelUnreadable(f"{models} is neither an .onnx file nor a folder that holds one.")
    said = cpuinfo()
    return Report(
        version=__version__,
        python=platform.python_version(),
        onnxruntime=session.VERSION,
        processor=said.get("model name") or platform.processor() or platform.machine(),
        cores=cores.available(),
        cores_of_machine=os.cpu_count() or 1,
        features=features(said),
        exact=not saturation.saturates(),
        memory_mib=memory.available() // memory.MIB,
        memory_of_machine_mib=memory.physical() // memory.MIB,
        providers=session.available(),
        clinical=clinical.installed(),
        models=tuple(examination(file) for file in files),
    )


def cpuinfo(path: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """What Linux says of the first processor; elsewhere nothing."""
    try:
        first = path.read_text().partition("\n\n")[0]
    except OSError:
        return {}
    return dict(re.findall(r"^(.*?)\s*: (.*)$", first, re.MULTILINE))


def features(said: dict[str, str]) -> tuple[str, ...] | None:
    flags = said.get("flags") or said.get("Features")
    return None if flags is None else tuple(name for flag, name in INTERESTING.items() if flag in flags.split())


def examination(file: Path) -> Examination:
    """Load a model, which tests it, and time its network."""
    try:
        model = Model.load(file, cores.available(), crowds=True)
    except ModelError as error:
        return Examination(file.name, trouble=str(error).removeprefix(f"{file}: "))
    policy = model.contract.input
    image = pad(np.zeros((policy.height, policy.width, 3), np.uint8), policy)
    return Examination(
        file.name,
        model.contract.name,
        ms_all_cores=round(median(milliseconds(model, image) for _ in range(RUNS)), 1),
        ms_one_core=round(median(milliseconds(model, image, one_core=True) for _ in range(RUNS)), 1),
    )


def milliseconds(model: Model, image: Pixels, one_core: bool = False) -> float:
    run = model.run_on_one_core if one_core else model.run
    began = time.perf_counter()
    run(image)
    return 1000 * (time.perf_counter() - began)


def text(report: Report) -> str:
    found = "unknown" if report.features is None else ", ".join(report.features) or "none that speeds up int8"
    products = "exact" if report.exact else "saturate; networks run in the slower precise mode"
    lines = [
        ("fcn-serve", f"{report.version}, Python {report.python}, onnxruntime {report.onnxruntime}"),
        ("processor", report.processor),
        ("cores", f"{report.cores} of {report.cores_of_machine}"),
        ("features", found),
        ("byte products", products),
        ("memory", f"{report.memory_mib} MiB of {report.memory_of_machine_mib}"),
        ("providers", ", ".join(report.providers)),
        ("DICOM, NIfTI", "installed" if report.clinical else 'not installed: pip install "fcn-serve[clinical]"'),
        *((model.name or model.file, health(model)) for model in report.models),
    ]
    return "\n".join(f"{name:<14} {value}" for name, value in lines)


def health(model: Examination) -> str:
    if model.trouble:
        return f"FAILED: {model.trouble}"
    return f"self-test passed; {model.ms_all_cores} ms on all cores, {model.ms_one_core} ms on one"
