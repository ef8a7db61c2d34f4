"""The measurements. The first line of each function's text is what it measures."""

import subprocess
import sys
from pathlib import Path

from .measure import in_turn, once
from .repository import Repository

SICKLE = """
import sys
from sickle import Sickle
count = sum(1 for _ in Sickle(sys.argv[1]).ListRecords(metadataPrefix="oai_dc"))
assert count == int(sys.argv[2]), count
"""


def harvest(place, table, rounds, scale):
    """Records in pages of 1,000, their metadata stored on a RAM disk; beside `tar x` of the same files, and beside sickle, which
    lists them and stores nothing."""
    _harvest(place, table, rounds, int(100_000 * scale), place.memory, "at most 1.5x tar, 1.0x sickle")


def harvest_disk(place, table, rounds, scale):
    """The same as `harvest`, on a disk."""
    _harvest(place, table, rounds, int(100_000 * scale), place.disk, "at most 1.3x tar")


def _harvest(place, table, rounds, records, where, bar):
    repository = place.serve(Repository(place, place.folder(place.memory, "repository"), records))
    archive = place.memory / "granary.tar"
    programs = {
        "granary": lambda: granary_harvest(place, where, repository),
        "tar x": lambda: untar(place, where, archive),
        "sickle": lambda: once([place.python(), "-c", SICKLE, repository.url, records]),
    }
    granary_harvest(place, where, repository)
    subprocess.run(["tar", "cf", archive, "-C", where / "granary", "bench"], check=True)
    results = in_turn(rounds, programs)
    archive.unlink()
    repository.end()
    table.add(results["granary"], bar, time_of=[results["tar x"], results["sickle"]])
    table.add(results["tar x"])
    table.add(results["sickle"])


def granary_harvest(place, where: Path, repository, *options):
    folder = place.folder(where, "granary")
    return once([place.granary, "-q", "--granary", folder, "harvest", repository.url, *OPTIONS, "--no-files", *options])


OPTIONS = ["--silo", "bench", "--kind", "oai", "--metadata-prefix", "oai_dc"]


def untar(place, where: Path, archive: Path):
    folder = place.folder(where, "tar")
    return once(["tar", "xf", archive, "-C", folder])


def small_files(place, table, rounds, scale):
    """Files of 20 kB by 32 connections, with digests, manifests and the queue; beside aria2c."""
    _files(place, table, rounds, int(10_000 * scale), 20_000)


def middle_files(place, table, rounds, scale):
    """Files of 1 MB by 32 connections, with digests, manifests and the queue; beside aria2c."""
    _files(place, table, rounds, int(1_000 * scale), 1_000_000)


def _files(place, table, rounds, count, size):
    repository = place.serve(Repository(place, place.folder(place.memory, "repository"), count, file_size=size))
    names = place.memory / "urls"
    names.write_text("\n".join(repository.file_urls()))

    def work():
        folder = place.folder(place.memory, "granary")
        granary = [place.granary, "-q", "--granary", folder]
        once([*granary, "harvest", repository.url, *OPTIONS, "--list-only"])
        return once([*granary, "work", "--drain", "--workers", "32"])

    def aria2c():
        folder = place.folder(place.memory, "aria2c")
        quiet = ["-q", "--file-allocation=none", "--auto-file-renaming=false"]
        return once([place.program("aria2c"), *quiet, "-d", folder, "-j", "32", "-x", "1", "-i", names])

    results = in_turn(rounds, {"granary work": work, "aria2c": aria2c})
    stored = sum(1 for _ in (place.memory / "granary").rglob("*.pdf"))
    if stored != count:
        sys.exit(f"{stored} files are stored, and not {count}")
    repository.end()
    table.add(results["granary work"], "at least 0.9x the speed", speed_of=[results["aria2c"]])
    table.add(results["aria2c"])


def large_file(place, table, rounds, scale):
    """One file of 4 GiB; beside curl."""
    repository = place.serve(Repository(place, place.folder(place.disk, "repository"), 1, file_size=20_000))
    with open(repository.folder / "www/files/0.pdf", "r+b") as file:
        file.truncate(int((4 << 30) * scale))

    def work():
        folder = place.folder(place.disk, "granary")
        granary = [place.granary, "-q", "--granary", folder]
        once([*granary, "harvest", repository.url, *OPTIONS, "--list-only"])
        return once([*granary, "work", "--drain"])

    def curl():
        folder = place.folder(place.disk, "curl")
        return once([place.program("curl"), "-s", "-o", folder / "0.pdf", repository.file_urls()[0]])

    results = in_turn(rounds, {"granary work": work, "curl": curl})
    repository.end()
    table.add(results["granary work"], "at least 0.9x the speed; under 64 MiB", speed_of=[results["curl"]])
    table.add(results["curl"])


def million(place, table, rounds, scale):
    """1,000,000 records beside 100,000: time and memory do not grow by more than the number; and an update with nothing new."""
    few = place.serve(Repository(place, place.folder(place.disk, "few"), int(100_000 * scale)))
    many = place.serve(Repository(place, place.folder(place.disk, "many"), int(1_000_000 * scale)))
    where = place.memory
    programs = {
        "100,000 records": lambda: granary_harvest(place, where, few),
        "1,000,000 records": lambda: granary_harvest(place, where, many),
        "an idle update of them": lambda: once([place.granary, "-q", "--granary", where / "granary", "harvest", "bench"]),
    }
    results = in_turn(rounds, programs)
    less, more, idle = results.values()
    few.end()
    many.end()
    table.add(less)
    table.add(more, bar="memory at most 1.1x, under 128 MiB; time 10x within 10 %")
    table.add(idle, bar="under a second")
    table.note(f"ten times the records: {more.seconds / less.seconds:.2f}x the time, {more.memory / less.memory:.2f}x the memory")


def verify(place, table, rounds, scale):
    """Fixity of 100,000 objects; beside `sha256sum` over the same files on all cores. And the first page of `ls`."""
    repository = place.serve(Repository(place, place.folder(place.memory, "repository"), int(100_000 * scale)))
    granary_harvest(place, place.memory, repository)
    folder = place.memory / "granary"
    sums = "find . -name oai_dc -print0 | xargs -0 -n 500 -P $(nproc) sha256sum > /dev/null"
    programs = {
        "granary verify": lambda: once([place.granary, "-q", "--granary", folder, "verify"]),
        "sha256sum": lambda: once(["sh", "-c", sums], cwd=folder / "bench"),
        "granary ls --limit 50": lambda: once([place.granary, "--granary", folder, "ls", "bench", "--limit", "50"]),
    }
    results = in_turn(rounds, programs)
    repository.end()
    table.add(results["granary verify"], "at least 0.9x the speed", speed_of=[results["sha256sum"]])
    table.add(results["sha256sum"])
    table.add(results["granary ls --limit 50"], bar="under 0.1 s")


ALL = {
    "harvest": harvest,
    "harvest-disk": harvest_disk,
    "small-files": small_files,
    "middle-files": middle_files,
    "large-file": large_file,
    "million": million,
    "verify": verify,
}
