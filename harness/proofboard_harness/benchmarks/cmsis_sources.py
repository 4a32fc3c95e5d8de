"""CMSIS-NN and CMSIS-DSP as C sources, fetched with pip into the user's cache; nothing of them is in this repository.

CMSIS-NN 4.0.0 (int8 kernels) and the CMSIS-Core headers lie in the wheel of `bakenn`, CMSIS-DSP in the source package
of `cmsisdsp`. Both are Apache-2.0. Versions and SHA-256 are pinned, and pip refuses a file with another hash.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import BenchFault

_NN = PurePosixPath("bakenn/backend/cmsis_nn/vendor")
_SUFFIXES = (".c", ".h")
_LICENCES = ("LICENSE", "LICENSE.txt", "BAKENN_PROVENANCE.md")


@dataclass(frozen=True)
class Package:
    """A pinned package: what pip is asked for, and the folder inside it that is kept."""

    name: str
    version: str
    sha256: str
    format_option: str
    kept: PurePosixPath

    @property
    def requirements(self) -> str:
        """A requirements file in pip's hash-checking mode."""
        return f"{self.format_option} {self.name}\n{self.name}=={self.version} --hash=sha256:{self.sha256}\n"

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


NN_PACKAGE = Package(
    "bakenn", "1.0.0", "b8251e71a8fc39252df0d308fe9a5837bd86f7a31f1596a7dd4a319196f30e56", "--only-binary", _NN
)
DSP_PACKAGE = Package(
    "cmsisdsp",
    "1.10.3",
    "307d32298faa7c58db912851027fce35f886fec7eb1a27c4b309ce1a97f47519",
    "--no-binary",
    PurePosixPath("cmsisdsp-1.10.3"),
)


@dataclass(frozen=True)
class CmsisSources:
    """Where the unpacked sources are."""

    nn: Path
    dsp: Path

    @property
    def nn_files(self) -> list[Path]:
        """Every C file of CMSIS-NN that the wheel has; the linker drops what is not called."""
        return sorted((self.nn / "cmsis_nn" / "Source").rglob("*.c"))

    @property
    def nn_includes(self) -> list[Path]:
        """Folders for `-I` of CMSIS-NN."""
        return [self.nn / "cmsis_nn" / "Include", self._core]

    def dsp_files(self, *names: str) -> list[Path]:
        """The named C files of CMSIS-DSP, wherever in its tree. Raises BenchFault for one that is not there."""
        found = {path.name: path for path in (self.dsp / "Source").rglob("*.c")}
        missing = [name for name in names if name not in found]
        if missing:
            raise BenchFault(f"{DSP_PACKAGE.title} has no {', '.join(missing)}", where=str(self.dsp))
        return [found[name] for name in names]

    @property
    def dsp_includes(self) -> list[Path]:
        """Folders for `-I` of CMSIS-DSP; its own package has no compiler header, the other one has."""
        return [self.dsp / "Include", self.dsp / "PrivateInclude", self._core]

    @property
    def _core(self) -> Path:
        return self.nn / "cmsis_core" / "Include"


def fetch_sources(cache: Path) -> CmsisSources:
    """The sources, downloaded on the first call and taken from `cache`/benchmarks on every other.

    Raises:
        BenchFault: pip can't get a package: no network, no such file at the index, or another hash.
    """
    return CmsisSources(*(_fetch(package, cache / "benchmarks") for package in (NN_PACKAGE, DSP_PACKAGE)))


def _fetch(package: Package, folder: Path) -> Path:
    target = folder / f"{package.name}-{package.version}-{package.sha256[:12]}"
    if target.is_dir():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"{package.name}-") as name:
            archive = _download(package, Path(name))
            unpacked = Path(name) / "unpacked"
            _unpack(archive, unpacked)
            if not target.is_dir():  # else another process was faster
                (unpacked / package.kept).replace(target)
    except OSError as error:
        raise BenchFault(f"can't keep {package.title}: {error.strerror}", where=str(folder)) from error
    return target


def _download(package: Package, folder: Path) -> Path:
    requirements = folder / "requirements.txt"
    requirements.write_text(package.requirements, encoding="utf-8")
    downloads = folder / "downloads"
    # pip reads a source package's metadata by running its setup.py; the setuptools and NumPy that it wants are here as
    # dependencies of ours, and an isolated environment would download them again.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--require-hashes", "--requirement", str(requirements)]
    command += ["--dest", str(downloads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    files = sorted(downloads.iterdir()) if downloads.is_dir() else []
    if done.returncode != 0 or len(files) != 1:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        words = "; ".join(errors or done.stderr.strip().splitlines()[-1:])
        raise BenchFault(
            f"pip can't download {package.title}, whose C sources are compared with ours: {words}",
            hint="it needs pip, setuptools and a network or an index that pip reaches; once fetched, it is kept",
        )
    return files[0]


def _unpack(archive: Path, folder: Path) -> None:
    """C sources, headers and licences only."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder, [name for name in wheel.namelist() if _wanted(name)])
    else:
        with tarfile.open(archive) as sources:
            sources.extractall(folder, [m for m in sources.getmembers() if _wanted(m.name)], filter="data")


def _wanted(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix in _SUFFIXES or path.name in _LICENCES
