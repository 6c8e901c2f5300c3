"""An ARM machine, emulated: Debian's Python for arm64 and the wheels that serve, unpacked into this checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.debian import FOLDER
from tests.support.emulation import emulator, tried
from tests.support.server import ROOT

HERE = FOLDER / "arm64"

PACKAGES = [
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "zlib1g",
    "libexpat1",
    "libssl3",
    "libffi8",
    "libsqlite3-0",
    "liblzma5",
    "libbz2-1.0",
    "libuuid1",
    "libcrypt1",
    "python3.11-minimal",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
]
"""Of Debian 12."""

PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_26_aarch64", "manylinux_2_17_aarch64")

# onnxruntime looks there for what the processor can do, and crashes at import where it finds an x86.
CPUINFO = {
    "cortex-a72": ("0xd08", "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"),
    "cortex-a76": (
        "0xd0b",
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
    ),
}


def python(processor: str, folder: Path) -> str:
    """The path of a program in `folder` that runs Python on the ARM processor. Skips the test where that cannot be."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root may bind an ARM's /proc/cpuinfo over this machine's")
    root, site = _unpacked()
    cpuinfo = folder / "cpuinfo"
    part, features = CPUINFO[processor]
    cores = "".join(
        f"processor\t: {core}\nFeatures\t: {features}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
        f"CPU variant\t: 0x1\nCPU part\t: {part}\nCPU revision\t: 1\n\n"
        for core in range(2)
    )
    cpuinfo.write_text(cores)
    qemu = (
        f"{emulator('aarch64')} -cpu {processor} -L {root} -E PYTHONPATH={site}:{ROOT} -E PYTHONHOME={root}/usr "
        f"{root}/usr/bin/python3.11"
    )
    inside = f'mount --bind {cpuinfo} /proc/cpuinfo && exec {qemu} \\"\\$@\\"'
    return tried(folder / f"python-on-{processor}", f'unshare -m sh -c "{inside}" sh')


def _unpacked() -> tuple[Path, Path]:
    """The folders of Debian's files and of the wheels."""
    root, site = HERE / "root", HERE / "site"
    if not (HERE / "ready").exists():
        shutil.rmtree(HERE, ignore_errors=True)
        for name in ("state/lists/partial", "cache/archives/partial", "debs", "wheels", "site"):
            (HERE / name).mkdir(parents=True)
        try:
            _unpack(root, site)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"Debian's packages and the wheels for arm64 cannot be had: {error}")
        (HERE / "ready").touch()
    return root, site


def _unpack(root: Path, site: Path) -> None:
    options = ("APT::Architecture=arm64", "APT::Architectures=arm64", "Dir::State::status=/dev/null")
    places = (f"Dir::State={HERE}/state", f"Dir::Cache={HERE}/cache", "APT::Sandbox::User=root")
    apt = ["apt-get", *(word for option in (*options, *places) for word in ("-o", option))]
    _run(*apt, "update")
    _run(*apt, "download", *PACKAGES, cwd=HERE / "debs")
    for package in (HERE / "debs").glob("*.deb"):
        _run("dpkg", "-x", str(package), str(root))
    wanted = [word for name in PLATFORMS for word in ("--platform", name)]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *wanted]
    wheels = HERE / "wheels"
    _run(*pip, "--python-version", "3.11", "--dest", str(wheels), "-r", str(ROOT / "requirements" / "serve.txt"))
    for wheel in wheels.glob("*.whl"):
        _run(sys.executable, "-m", "zipfile", "-e", str(wheel), str(site))


def _run(*command: str, cwd: Path = ROOT) -> None:
    subprocess.run(command, cwd=cwd, check=True, timeout=300, capture_output=True)
