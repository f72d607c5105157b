"""Runs the contestants of one case in turns, watches their memory, and compares what they made."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import predict_contestants as peers
import zarr
from environment import HERE
from predict_cases import Case, configuration
from processes import described

COMMAND = "patchweave run"
LIBRARY = "patchweave, library"
# How often memory is looked at.
GLANCE_S = 0.005


@dataclass
class Tally:
    """What one contestant reached in one case."""

    seconds: list[float] = field(default_factory=list)
    # Of a network that was called with nothing around it, in the same process and in turns.
    bare_seconds: list[float] = field(default_factory=list)
    # The most that no file backs, the most at all, and how much of that came after everything was loaded.
    anonymous_mib: float = 0.0
    peak_mib: float = 0.0
    rise_mib: float = 0.0
    # The largest difference, and how many values differ by too much.
    off: float = 0.0
    n_off: int = 0
    failure: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds and not self.failure else 0.0


@dataclass
class Effort:
    """How often and with how much everybody runs."""

    n_processes: int
    # Predictions of a process that works in memory.
    n_turns: int
    n_threads: int


@dataclass
class Programs:
    """What was built of this repository."""

    command: Path
    library: Path


# Runs once, notes time and memory, and leaves the result in a folder if it is wanted.
Runner = Callable[[Path, Tally], Path]


@dataclass
class Race:
    """One case and who takes part in it."""

    case: Case
    programs: Programs
    effort: Effort
    network: Path | None = None
    tallies: dict[str, Tally] = field(default_factory=dict)

    def run(self, folder: Path) -> None:
        image = folder / f"{self.case.name}.npy"
        self.case.make(image)
        runners = self.runners(image)
        self.tallies = {name: Tally() for name in runners}
        # Nobody changes the image; of a network it is the plain loop that others are compared with.
        expected = None if self.network else np.load(image, mmap_mode="r")
        for repeat in range(self.effort.n_processes):
            print(f"{self.case.name}, round {repeat + 1} of {self.effort.n_processes}", file=sys.stderr)
            for name, runner in runners.items():
                tally = self.tallies[name]
                if tally.failure:
                    continue
                with tempfile.TemporaryDirectory(dir=folder) as temporary:
                    try:
                        result = runner(Path(temporary), tally)
                        if repeat == 0:
                            got = self.values(name, result)
                            expected = got if expected is None else expected
                            self.compare(tally, got, expected)
                    except (ValueError, OSError, LookupError, StopIteration) as error:
                        tally.failure = described(error)
        image.unlink()

    def runners(self, image: Path) -> dict[str, Runner]:
        def task(blend: str) -> dict:
            return self.case.task(image, blend, self.network)

        def peer(*names: str) -> dict[str, Runner]:
            return {name: self.peer(name, task("")) for name in names}

        if self.case.name == "volume":
            return {
                f"{LIBRARY}, Gaussian": self.library(task("gaussian")),
                f"{LIBRARY}, Hann": self.library(task("hann")),
                **peer(peers.MONAI, peers.TORCHIO, peers.TILER),
            }
        if self.case.name == "plane":
            return {
                f"{COMMAND}, border": self.command(task("{name: border, width: 16, weight: 0.1}")),
                f"{COMMAND}, constant": self.command(task("constant")),
                **peer(peers.QLTY, peers.MONAI_ZARR),
            }
        return {
            **peer(peers.ONNXRUNTIME),
            LIBRARY: self.library(task("crop")),
            COMMAND: self.command(task("crop")),
            **peer(peers.BIOIMAGEIO),
        }

    def library(self, task: dict) -> Runner:
        return self.measuring([str(self.programs.library)], task)

    def peer(self, name: str, task: dict) -> Runner:
        return self.measuring([sys.executable, str(HERE / "predict_contestants.py"), "--contestant", name], task)

    def measuring(self, program: list[str], task: dict) -> Runner:
        """A program that measures itself and prints a line of JSON."""

        def run(folder: Path, tally: Tally) -> Path:
            given = folder / "task.json"
            given.write_text(json.dumps(task))
            n_turns = self.effort.n_turns if self.case.name == "volume" else 1
            arguments = ["--task", given, "--threads", self.effort.n_threads, "--turns", n_turns, "--check", folder]
            _, told, peak_mib = watched([*program, *map(str, arguments)], tally)
            answer = json.loads(told.strip().splitlines()[-1])
            tally.seconds += answer["seconds"]
            tally.bare_seconds += answer.get("bare_seconds", [])
            tally.rise_mib = max(tally.rise_mib, peak_mib - answer["before_bytes"] / 2**20)
            return folder / "result"

        return run

    def command(self, task: dict) -> Runner:
        """`patchweave run`, from its start to its end."""

        def run(folder: Path, tally: Tally) -> Path:
            yaml, output = folder / "predict.yaml", folder / "output"
            yaml.write_text(configuration(task, output, self.effort.n_threads))
            seconds, _, peak_mib = watched([str(self.programs.command), "run", str(yaml)], tally)
            tally.seconds.append(seconds)
            tally.rise_mib = max(tally.rise_mib, peak_mib)
            return next(output.glob("*.ome.zarr"))

        return run

    def values(self, name: str, result: Path) -> np.ndarray:
        got = zarr.open_group(result, mode="r")["0"][:] if result.is_dir() else np.fromfile(result, "<f4")
        got = got.reshape(self.case.shape)
        # The others do that last step of the description of the network themselves.
        return peers.sigmoid(got) if self.network and name in (LIBRARY, COMMAND) else got

    def compare(self, tally: Tally, got: np.ndarray, expected: np.ndarray) -> None:
        for row, expected_row in zip(got, expected, strict=True):
            difference = np.abs(np.float64(row) - expected_row)
            tally.off = max(tally.off, float(difference.max()))
            tally.n_off += int((~(difference <= self.case.tolerance)).sum())


def watched(command: list[str], tally: Tally) -> tuple[float, str, float]:
    """Seconds of a command, what it printed, and the most MiB that it had."""
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=told, stderr=complaints)
        peak = 0.0
        while process.poll() is None:
            tally.anonymous_mib = max(tally.anonymous_mib, status_mib(process.pid, ("RssAnon:", "RssShmem:")))
            peak = max(peak, status_mib(process.pid, ("VmHWM:",)))
            time.sleep(GLANCE_S)
        seconds = time.perf_counter() - began
        tally.peak_mib = max(tally.peak_mib, peak)
        told.seek(0)
        complaints.seek(0)
        if process.returncode:
            lines = complaints.read().decode().strip().splitlines()
            raise ValueError(lines[-1] if lines else f"exit code {process.returncode}")
        return seconds, told.read().decode(), peak


def status_mib(pid: int, fields: tuple[str, ...]) -> float:
    """Lines of what the system tells of a process; it may have ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(fields)) / 1024
