"""What CloudWatch Logs shows of a function, in the form that Lambda gives it."""

import json
import time
from contextlib import suppress

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion


def of_invocation(
    request_id: str,
    output: str,
    *,
    duration_ms: float,
    init_ms: float | None,
    memory_size_mb: int,
    peak_mb: int | None,
    failure: bytes | None,
) -> str:
    """The lines of an invocation: what the function printed, between START and END, and the REPORT.

    `init_ms` is there for the first invocation after a start. `failure` is the error document of a failed one.
    """
    lines = [f"START RequestId: {request_id} Version: $LATEST", *output.splitlines()]
    if failure is not None:
        lines.append(_message(failure))
    lines.append(f"END RequestId: {request_id}")
    report = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {-int(-(duration_ms + (init_ms or 0)) // 1)} ms",
        f"Memory Size: {memory_size_mb} MB",
    ]
    if peak_mb is not None:
        report.append(f"Max Memory Used: {peak_mb} MB")
    if init_ms is not None:
        report.append(f"Init Duration: {init_ms:.2f} ms")
    lines.append("\t".join(report))
    return "\n".join(lines) + "\n"


def init_failed(output: str, reason: str) -> list[str]:
    """The lines of a start that did not come to an invocation."""
    return [*output.splitlines(), f"INIT_REPORT Phase: init Status: error Error: {reason}"]


def put(variables: dict[str, str], function_version: FunctionVersion, lines: list[str]) -> None:
    """Writes lines that belong to no invocation. LocalStack itself writes those of invocations, and only those."""
    group, stream = variables["AWS_LAMBDA_LOG_GROUP_NAME"], variables["AWS_LAMBDA_LOG_STREAM_NAME"]
    account, region = function_version.id.account, function_version.id.region
    client = connect_to(aws_access_key_id=account, region_name=region).logs
    for make in (
        lambda: client.create_log_group(logGroupName=group),
        lambda: client.create_log_stream(logGroupName=group, logStreamName=stream),
    ):
        with suppress(client.exceptions.ResourceAlreadyExistsException):
            make()
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def _message(failure: bytes) -> str:
    """The text of an error document, or the document itself when it is none."""
    try:
        return json.loads(failure)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return failure.decode(errors="replace")
