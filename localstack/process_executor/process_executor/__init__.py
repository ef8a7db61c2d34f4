"""A Lambda executor for LocalStack on machines without Docker.

LocalStack decides when a function runs, and in how many execution environments. For each of them it makes a
`ProcessExecutor` (`executor.py`). That one runs the function's `bootstrap`, the real one, as a process of the host
(`bootstrap.py`), and gives it work through a Runtime API of its own (`runtime_api.py`).

Only functions whose package has a `bootstrap` (`provided.*`) can run. There is no sandbox: they are trusted.
"""
