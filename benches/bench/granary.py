"""Granary as it is measured."""

import subprocess
from pathlib import Path

from .measure import once
from .repository import Repository

OPTIONS = ["--silo", "bench", "--kind", "oai", "--metadata-prefix", "oai_dc"]


def harvest_records(place, where: Path, repository, *options):
    """Harvests the metadata of a repository into a new granary."""
    folder = place.folder(where, "granary")
    return once([place.granary, "-q", "--granary", folder, "harvest", repository.url, *OPTIONS, "--no-files", *options])


class Console:
    """`granary serve`, to look at only."""

    def __init__(self, program: str, folder: Path):
        command = [program, "-q", "--granary", folder, "serve", "--read-only", "--listen", "127.0.0.1:0"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.url = self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()


def hold(place, records: int, where: Path) -> Path:
    """A granary that holds so many records."""
    repository = place.serve(Repository(place, place.folder(place.memory, "repository"), records))
    harvest_records(place, where, repository)
    repository.end()
    return where / "granary"
