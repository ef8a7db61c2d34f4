"""What the commands of this folder have in common: options, and how they end."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Callable

from .environments import Missing
from .instance import Failed, default_home
from .services import SERVICES


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the option that says which instance is meant."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument(
        "--home", type=Path, default=default_home(), metavar="DIR",
        help="the folder of the instance, so that several can run side by side "
        "(default: GRANARY_LOCAL_CLOUD, else target/local-cloud of this checkout)",
    )
    return made


def add_only(made: argparse.ArgumentParser) -> None:
    made.add_argument("--only", choices=list(SERVICES), help="this server alone; default: all")


def names(options: argparse.Namespace):
    return [options.only] if options.only else list(SERVICES)


def run(main: Callable[[], None]) -> None:
    """Runs a command: 0 when it worked, 1 and a sentence when it did not, 130 when it was interrupted."""
    # Also of a shell that lets what is in the background ignore SIGINT: what was started is stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        main()
    except (Failed, Missing) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
