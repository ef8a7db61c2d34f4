"""Virtual environments with pinned packages, made once and shared by all instances of the local cloud."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

HERE = Path(__file__).resolve().parent.parent
CHECKOUT = HERE.parent
FOLDER = Path(os.environ.get("GRANARY_LOCAL_CLOUD_ENVIRONMENTS") or CHECKOUT / "target/local-cloud/environments")

PYTHON_VERSIONS = ("3.13", "3.12")


class Missing(Exception):
    """Something that this machine has to bring and does not."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment with what `requirements-<name>.txt` pins, and perhaps a package of this folder."""

    name: str
    package: Optional[str] = None

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def binaries(self) -> Path:
        return self.folder / "bin"

    @property
    def python(self) -> str:
        return str(self.binaries / "python")

    def install(self) -> None:
        """Makes the environment, unless it is there as pinned. Safe when several do so at once: one works, the others wait."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        with locked(FOLDER / f"{self.name}.lock"):
            self._install_requirements()
            if self.package:
                self._install_package(HERE / self.package)

    def _install_requirements(self) -> None:
        requirements = HERE / f"requirements-{self.name}.txt"
        stamp, wanted = self.folder / ".requirements", _digest(requirements)
        if _read(stamp) == wanted:
            return
        say(f"installing {self.name} into {self.folder}; this is done once")
        shutil.rmtree(self.folder, ignore_errors=True)
        _run([find_python(), "-m", "venv", str(self.folder)])
        # The pins are complete, so that nothing has to be resolved.
        self._pip("--no-deps", "--requirement", str(requirements))
        stamp.write_text(wanted)

    def _install_package(self, source: Path) -> None:
        stamp, wanted = self.folder / f".{source.name}", _digest(source)
        if _read(stamp) == wanted:
            return
        # Built from a copy, because building leaves its traces in the folder of the source.
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / source.name
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            self._pip("--no-deps", "--no-build-isolation", "--force-reinstall", str(copy))
        stamp.write_text(wanted)

    def _pip(self, *arguments: str) -> None:
        _run([self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])


LOCALSTACK = Environment("localstack", package="process_executor")
SEAWEEDFS = Environment("seaweedfs")
SAM = Environment("sam")
BUILD = Environment("build")


def find_python() -> str:
    """A Python that LocalStack runs on, with what makes virtual environments; on PATH or among those of pyenv."""
    for candidate in _candidates():
        if _suits(candidate):
            return candidate
    versions = " or ".join(PYTHON_VERSIONS)
    raise Missing(
        f"the local cloud needs Python {versions} with its venv module, and neither PATH nor pyenv has one "
        f"(on Debian: python3.13 and python3.13-venv; with pyenv: pyenv install {PYTHON_VERSIONS[0]})"
    )


def _candidates() -> Iterator[str]:
    yield sys.executable
    for version in PYTHON_VERSIONS:
        if found := shutil.which(f"python{version}"):
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for version in PYTHON_VERSIONS:
        yield from sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python3")))


def _suits(python: str) -> bool:
    """Whether it starts (pyenv's stand-ins need not), is of the right version, and can make virtual environments."""
    check = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", check], capture_output=True, text=True)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() in PYTHON_VERSIONS


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock that ends with this process at the latest."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Talk goes to stderr; stdout is data."""
    print(text, file=sys.stderr, flush=True)


def _run(command) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    if done.returncode != 0:
        raise Missing(f"failed with exit code {done.returncode}: {' '.join(command)}")


def _digest(path: Path) -> str:
    """The SHA-256 of a file, or of all files in a folder and their names."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    for file in files:
        digest.update(f"{file.relative_to(path.parent)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _read(path: Path) -> Optional[str]:
    return path.read_text() if path.exists() else None
