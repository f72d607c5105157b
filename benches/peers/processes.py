"""One process that measures, and the line of JSON that it ends with."""

import json
import subprocess

# What may go wrong with it; none of these stops the race.
ERRORS = (subprocess.TimeoutExpired, OSError, ValueError, LookupError)


def ask(command: list[str], patience_s: float) -> dict:
    """Runs a program and returns what its last line tells; an error has the last line of what went wrong."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=patience_s)
    if ended.returncode:
        raise ValueError((ended.stderr.strip() or f"exit code {ended.returncode}").splitlines()[-1])
    return json.loads(ended.stdout.strip().splitlines()[-1])


def described(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
