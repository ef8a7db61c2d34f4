"""Building the functions and deploying the stack with the SAM command line."""

import json
import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List

from .environments import BUILD, CHECKOUT, FOLDER, SAM, locked, say
from .instance import Failed, Instance, credentials

TEMPLATE = CHECKOUT / "template.yaml"
BUILT = CHECKOUT / "target/local-cloud/build"


def architecture() -> str:
    """This machine's, in the words of Lambda: functions run as its processes."""
    machine = platform.machine().lower()
    return "arm64" if machine in ("arm64", "aarch64") else "x86_64"


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else builds or deploys from this checkout meanwhile: a build begins by removing the last one's results."""
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    with locked(BUILT.with_suffix(".lock")):
        yield


def build() -> Path:
    """Builds both functions as for AWS. The template that names what was built."""
    SAM.install()
    BUILD.install()
    say("building the functions")
    _sam(
        {}, "build", "--beta-features", "--template-file", str(TEMPLATE), "--build-dir", str(BUILT),
        "--parameter-overrides", f"Architecture={architecture()}",
    )
    return built()


def built() -> Path:
    """The template that an earlier build has left."""
    template = BUILT / "template.yaml"
    if not template.exists():
        raise Failed("the functions are not built yet: leave out --skip-build")
    return template


def endpoint_of(instance: Instance) -> str:
    if "localstack" not in instance.running():
        raise Failed(f"LocalStack does not run in {instance.home}; localstack/start starts it")
    return instance.endpoint("localstack")


def deploy(endpoint: str, template: Path, stack: str, parameters: Dict[str, str]) -> Dict[str, str]:
    """Makes or updates a stack in a local cloud. Its outputs."""
    SAM.install()
    say(f"deploying {stack} to {endpoint}")
    variables = {**credentials(), "AWS_ENDPOINT_URL": endpoint}
    given = {"Architecture": architecture(), **parameters}
    _sam(
        variables, "deploy", "--template-file", str(template), "--stack-name", stack, "--resolve-s3",
        "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar",
        "--parameter-overrides", *[f"{name}={json.dumps(value)}" for name, value in given.items()],
    )
    listing = _sam(variables, "list", "stack-outputs", "--stack-name", stack, "--output", "json", capture=True)
    return {each["OutputKey"]: each["OutputValue"] for each in json.loads(listing)}


def lint() -> None:
    """Whether the template is sound, in the eyes of SAM and of cfn-lint."""
    SAM.install()
    _sam({"AWS_DEFAULT_REGION": "us-east-1"}, "validate", "--lint", "--template-file", str(TEMPLATE))
    _run([str(SAM.binaries / "cfn-lint"), str(TEMPLATE)], {})


def _sam(variables: Dict[str, str], *arguments: str, capture: bool = False) -> str:
    return _run([str(SAM.binaries / "sam"), *arguments], variables, capture)


def _run(command: List[str], variables: Dict[str, str], capture: bool = False) -> str:
    environment = {
        **os.environ,
        # cargo-lambda comes first, with the Python that has zig.
        "PATH": f"{BUILD.binaries}:{SAM.binaries}:{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        # Where SAM would keep settings in the home folder.
        "__SAM_CLI_APP_DIR": str(FOLDER / "sam-settings"),
        **variables,
    }
    environment.pop("AWS_PROFILE", None)
    environment.pop("AWS_SESSION_TOKEN", None)
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE if capture else sys.stderr,
    )
    if done.returncode != 0:
        raise Failed(f"{Path(command[0]).name} {' '.join(command[1:3])} failed with exit code {done.returncode}")
    return done.stdout or ""
