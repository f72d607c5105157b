"""Starts one process for each reading of a case by a contestant, and keeps what the processes tell."""

import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

import data
from cases import PATCHWEAVE, Case
from processes import ERRORS, ask, described

HERE = Path(__file__).resolve().parent
# A process that takes longer has failed.
PATIENCE_S = 300


@dataclass
class Effort:
    """How much is measured, and what every contestant may use."""

    n_processes: int
    # How often each process reads the list, each time with a reader that was just opened.
    n_passes: int
    # How often a contestant tries each of its settings, to find its best; 0 takes the first that works.
    n_trials: int
    # A contestant that keeps nothing is as fast after this time as after all patches.
    seconds: float
    n_threads: int
    cache_mib: int


@dataclass
class Tally:
    """What one contestant reached in one case."""

    rates: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)
    setting: str = ""
    n_compared: int = 0
    failure: str = ""

    @property
    def rate(self) -> float:
        return statistics.median(self.rates) if self.rates and not self.failure else 0.0


class Race:
    def __init__(self, program: Path, folder: Path, effort: Effort) -> None:
        self.program, self.folder, self.effort = program, folder, effort
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.disagreements: list[str] = []

    def run(self, case: Case) -> None:
        starts = self.folder / f"{case.name}.json"
        starts.write_text(json.dumps({"starts": case.starts}))
        expected = case.sums(self.folder)
        for reader in case.readers:
            self.tallies[case.name, reader] = Tally()
        for repeat in range(self.effort.n_processes):
            # Nobody always runs after the same neighbour.
            turn = repeat % len(case.readers)
            for reader in case.readers[turn:] + case.readers[:turn]:
                tally = self.tallies[case.name, reader]
                if tally.failure:
                    continue
                try:
                    told = self.once(case, reader, tally, starts, has_sums=repeat == 0)
                except ERRORS as error:
                    tally.failure = described(error)
                    continue
                if repeat == 0:
                    tally.n_compared = len(told)
                    self.compare(case, reader, told, expected)

    def once(self, case: Case, reader: str, tally: Tally, starts: Path, *, has_sums: bool) -> list[float]:
        sums = self.folder / "sums.json"
        sums.unlink(missing_ok=True)
        command = self.command(case, reader, tally.setting, starts)
        if has_sums:
            command += ["--sums", str(sums)]
        answer = ask(command, PATIENCE_S)
        if reader == PATCHWEAVE:
            tally.setting = f"{self.effort.n_threads} threads, {answer['decoded_chunks']} chunks decoded"
        else:
            tally.setting = answer["setting"]
        tally.rates += answer["patches_per_s"]
        tally.first_s.append(answer["first_patch_s"])
        if not has_sums:
            return []
        # The line may tell the sums itself, or the file that was named.
        return answer["sums"] if "sums" in answer else json.loads(sums.read_text())

    def command(self, case: Case, reader: str, setting: str, starts: Path) -> list[str]:
        effort = self.effort
        shared = [
            *("--store", str(data.image_path(self.folder, case.image)), "--starts", str(starts)),
            *("--patch", ",".join(map(str, case.patch)), "--threads", str(effort.n_threads)),
            *("--cache-mib", str(effort.cache_mib), "--repeats", str(effort.n_passes)),
        ]
        if reader == PATCHWEAVE:
            kind, axes = ("zarr", "ZYX") if case.is_zarr else ("tiff", "YX")
            return [str(self.program), "--type", kind, "--axes", axes, *shared]
        trials = ["--setting", setting] if setting else ["--trials", str(effort.n_trials)]
        program = [sys.executable, str(HERE / "contestants.py"), "--contestant", reader]
        return [*program, "--seconds", str(effort.seconds), *trials, *shared]

    def compare(self, case: Case, reader: str, told: list[float], expected: list[float]) -> None:
        # A contestant that stopped early tells the sums of the patches that it read; patchweave reads all.
        if not told or (reader == PATCHWEAVE and len(told) != len(expected)):
            self.disagreements.append(f"{case.name}: {reader} told {len(told)} sums of {len(expected)} patches")
        for start, got, sum_f64 in zip(case.starts, told, expected, strict=False):
            if got != sum_f64:
                text = f"{case.name}: {reader}: sum of the patch at {start}: got {got}, expected {sum_f64}"
                self.disagreements.append(text)
                return
