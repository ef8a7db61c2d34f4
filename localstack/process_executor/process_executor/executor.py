"""What LocalStack talks to: one executor for each execution environment of a function."""

import json
import os
import tempfile
import time
from concurrent.futures import wait as wait_for_first

from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from . import logs
from .bootstrap import Bootstrap
from .runtime_api import Invocation, Outcome

# As Lambda allows for the initialisation.
INIT_SECONDS = 10


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Found by LocalStack by its name."""

    name = "process"

    def load(self, *_args, **_kwargs) -> type[RuntimeExecutor]:
        return ProcessExecutor


class ProcessExecutor(RuntimeExecutor):
    """Runs a bootstrap, and a new one after a crash or a timeout, as Lambda does within an environment.

    LocalStack never calls `invoke` twice at a time; `stop` may come at any moment.
    """

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._variables: dict[str, str] = {}
        self._bootstrap: Bootstrap | None = None
        self._init_ms: float | None = None

    def start(self, env_vars: dict[str, str]) -> None:
        self._variables = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TMPDIR": tempfile.gettempdir(),
            **{name: str(value) for name, value in env_vars.items()},
        }
        self._use_fixed_credentials()
        try:
            self._launch()
        except RuntimeError as error:
            logs.put(self._variables, self.function_version, logs.init_failed(self._take_output(), str(error)))
            raise StatusErrorException(str(error), _init_error(error)) from error

    def _use_fixed_credentials(self) -> None:
        """Whoever runs LocalStack may choose the keys of all functions; then these can use other servers too."""
        key, secret = os.environ.get("FUNCTION_ACCESS_KEY_ID"), os.environ.get("FUNCTION_SECRET_ACCESS_KEY")
        if key and secret:
            self._variables.update(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
            self._variables.pop("AWS_SESSION_TOKEN", None)

    def _launch(self) -> None:
        task_root = self.function_version.config.code.get_unzipped_code_location()
        self._bootstrap = Bootstrap(task_root, self._variables)
        self._init_ms = self._bootstrap.initialise(INIT_SECONDS)

    def stop(self) -> None:
        if self._bootstrap:
            self._bootstrap.stop()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        started = time.time()
        timeout = self.function_version.config.timeout
        invocation = Invocation(
            request_id=payload["invoke-id"],
            function_arn=payload["invoked-function-arn"],
            event=payload["payload"].encode(),
            deadline_ms=int((started + timeout) * 1000),
            trace_id=payload.get("trace-id") or "",
        )
        outcome = self._run(invocation, timeout)
        text = logs.of_invocation(
            invocation.request_id,
            self._take_output(),
            duration_ms=(time.time() - started) * 1000,
            init_ms=self._init_ms,
            memory_size_mb=self.function_version.config.memory_size,
            peak_mb=self._bootstrap.peak_megabytes() if self._bootstrap else None,
            failure=outcome.body if outcome.is_error else None,
        )
        self._init_ms = None
        return InvocationResult(invocation.request_id, outcome.body, is_error=outcome.is_error, logs=text)

    def _run(self, invocation: Invocation, timeout: int) -> Outcome:
        if not self._bootstrap.runs():
            self._bootstrap.stop()
            try:
                self._launch()
            except RuntimeError as error:
                return Outcome.failed(invocation.request_id, "Runtime.InitError", str(error))
        bootstrap = self._bootstrap
        bootstrap.api.hand_out(invocation)
        wait_for_first([invocation.outcome, bootstrap.exit_code], timeout, "FIRST_COMPLETED")
        if invocation.outcome.done():
            return invocation.outcome.result()
        if not bootstrap.runs():
            what = f"Runtime exited with error: {bootstrap.describe_exit()}"
            return Outcome.failed(invocation.request_id, "Runtime.ExitError", what)
        bootstrap.kill()
        return Outcome.failed(invocation.request_id, "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds")

    def _take_output(self) -> str:
        return self._bootstrap.take_output() if self._bootstrap else ""

    def get_logs(self) -> str:
        return self._take_output()

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """LocalStack's own init program would call this. There is none here; the bootstrap has its Runtime API."""
        return "http://127.0.0.1:0"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        if function_version.config.code:
            function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """The code goes with the function, which LocalStack sees to."""


def _init_error(error: RuntimeError) -> bytes:
    """The document that the invoker gets: the bootstrap's own, when it sent one."""
    try:
        json.loads(str(error))
        return str(error).encode()
    except ValueError:
        return json.dumps({"errorType": "Runtime.InitError", "errorMessage": f"Error: {error}"}).encode()
