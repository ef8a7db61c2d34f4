"""The measurements. The first line of each function's text is what it measures."""

import subprocess
import sys
from pathlib import Path

from . import aws
from .granary import OPTIONS, Console, harvest_records, hold
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
        "granary": lambda: harvest_records(place, where, repository),
        "tar x": lambda: untar(place, where, archive),
        "sickle": lambda: once([place.python(), "-c", SICKLE, repository.url, records]),
    }
    harvest_records(place, where, repository)
    subprocess.run(["tar", "cf", archive, "-C", where / "granary", "bench"], check=True)
    results = in_turn(rounds, programs)
    archive.unlink()
    repository.end()
    table.add(results["granary"], bar, time_of=[results["tar x"], results["sickle"]])
    table.add(results["tar x"])
    table.add(results["sickle"])


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
    """1,000,000 records beside 100,000: time and memory do not grow by more than the number; and an update with nothing new. Beside
    it `tar x` of the same files, whose growth is the file system's and the machine's."""
    few = place.serve(Repository(place, place.folder(place.disk, "few"), int(100_000 * scale)))
    many = place.serve(Repository(place, place.folder(place.disk, "many"), int(1_000_000 * scale)))
    where = place.memory

    def idle():
        nonlocal asked
        before = len(many.asked())
        run = once([place.granary, "-q", "--granary", where / "granary", "harvest", "bench"])
        asked = many.asked()[before:]
        return run

    def tar(repository):
        archive = place.memory / f"{repository.records}.tar"
        if not archive.exists():
            subprocess.run(["tar", "cf", archive, "-C", where / "granary", "bench"], check=True)
        # Nothing else is there when a program begins.
        place.folder(where, "granary")
        run = untar(place, where, archive)
        place.folder(where, "tar")
        return run

    asked = []
    programs = {
        "100,000 records": lambda: harvest_records(place, where, few),
        "tar x of the same files": lambda: tar(few),
        "1,000,000 records": lambda: harvest_records(place, where, many),
        "an idle update of them": idle,
        "tar x of these files": lambda: tar(many),
    }
    results = in_turn(rounds, programs)
    less, less_tar, more, idle, more_tar = results.values()
    few.end()
    many.end()
    table.add(less, time_of=[less_tar])
    table.add(less_tar)
    table.add(more, bar="memory at most 1.1x, under 128 MiB; time 10x within 10 %", time_of=[more_tar])
    table.add(more_tar)
    table.add(idle, bar="under a second, two requests")
    grown = f"{more.seconds / less.seconds:.2f}x the time, {more.cpu / less.cpu:.2f}x the processor's"
    table.note(f"ten times the records: {grown}, {more.memory / less.memory:.2f}x the memory; `tar x`: {more_tar.seconds / less_tar.seconds:.2f}x the time")
    table.note(f"the idle update asked: {', '.join(f'`{line}`' for line in asked)}")


def verify(place, table, rounds, scale):
    """Fixity of 100,000 objects; beside `sha256sum` over the same files on all cores."""
    folder = hold(place, int(100_000 * scale), place.memory)
    sums = "find . -name oai_dc -print0 | xargs -0 -n 500 -P $(nproc) sha256sum > /dev/null"
    programs = {
        "granary verify": lambda: once([place.granary, "-q", "--granary", folder, "verify"]),
        "sha256sum": lambda: once(["sh", "-c", sums], cwd=folder / "bench"),
    }
    results = in_turn(rounds, programs)
    table.add(results["granary verify"], "at least 0.9x the speed", speed_of=[results["sha256sum"]])
    table.add(results["sha256sum"])


def first_page(place, table, rounds, scale):
    """The first page of a silo of 100,000 objects on a disk, in the shell and in the console, and `status`."""
    folder = hold(place, int(100_000 * scale), place.disk)
    granary = [place.granary, "--granary", folder]
    console = place.serve(Console(place.granary, folder))

    def page(path: str):
        return lambda: once([place.program("curl"), "-s", "-f", "-o", "/dev/null", console.url + path])

    programs = {
        "granary ls bench --limit 50": lambda: once([*granary, "ls", "bench", "--limit", "50"]),
        "granary status bench": lambda: once([*granary, "--server", console.url, "status", "bench"]),
        "console: the silo": page("silos/bench"),
        "console: from the middle on": page("silos/bench?after=oai:measured.example.org:50000"),
        "console: an object": page("silos/bench/object?id=oai:measured.example.org:7"),
        "console: the sources": page(""),
    }
    results = in_turn(rounds, programs)
    console.end()
    for result in results.values():
        # `status` counts all objects, and has no bar.
        table.add(result, "" if "status" in result.name else "under 0.1 s")


def parser(place, table, rounds, scale):
    """A page of 50,000 records, 100 MB; beside quick-xml's bare reader, which is under the parser, and `xmllint --stream`."""
    micro, page = place.build("granary-micro"), place.memory / "page.xml"
    with page.open("wb") as file:
        subprocess.run([micro, "page", str(int(50_000 * scale))], stdout=file, check=True)
    programs = {
        "granary's parser": lambda: once([micro, "parse", page]),
        "quick-xml": lambda: once([micro, "bare", page]),
        "xmllint --stream": lambda: once([place.program("xmllint"), "--huge", "--stream", "--noout", page]),
    }
    ours, bare, xmllint = in_turn(rounds, programs).values()
    table.add(ours, time_of=[bare, xmllint])
    table.add(bare)
    table.add(xmllint)
    size = page.stat().st_size / 1e6
    table.note("; ".join(f"{each.name}: {size / each.seconds:.0f} MB/s" for each in (ours, bare, xmllint)))


ALL = {
    "harvest": harvest,
    "harvest-disk": harvest_disk,
    "small-files": small_files,
    "middle-files": middle_files,
    "large-file": large_file,
    "million": million,
    "verify": verify,
    "first-page": first_page,
    "s3": aws.s3,
    "parser": parser,
    "lambda": aws.function,
}
