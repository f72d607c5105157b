"""Predicts images in overlapping windows with patchweave and with others, and prints how fast and in how much memory.

    python benches/peers/predict.py

Needs Python 3.11 and cargo. README.md beside this file says what is measured and how to read the tables.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

# No folders of compiled files among the sources.
sys.dont_write_bytecode = True
import environment
from environment import HERE, ROOT, fail

NETWORK = "f_onnx/unet2d_nuclei_broad"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Overlapping windows, predicted: patchweave beside others.")
    add = parser.add_argument
    add("--quick", action="store_true", help="small images, once each: to see that all works")
    add("--cases", default="", metavar="TEXT", help="only cases whose name has this text: volume, plane, network")
    add("--patchweave", type=Path, metavar="PATH", help="the command patchweave, instead of building it")
    add("--library", type=Path, metavar="PATH", help="the program peer_predict, instead of building it")
    add("--data", type=Path, metavar="FOLDER", help="make images and results there")
    add("--network", type=Path, metavar="FOLDER", help=f"a network and its description ({NETWORK} of the test data)")
    add("--network-size", type=int, metavar="N", help="side of the plane for the network (4096; 1024 if quick)")
    add("--tract", action="store_true", help="let tract run the network of patchweave, not the ONNX Runtime of the others")
    add("--repeats", type=int, metavar="N", help="processes of each contestant (3; 1 if quick)")
    add("--turns", type=int, default=3, metavar="N", help="predictions of each process that works in memory (3)")
    add("--threads", type=int, default=2, metavar="N", help="threads, and processors where the system allows (2)")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    environment.enter(HERE / ".venv-predict", HERE / "requirements-predict.txt")
    import predict_cases
    import tables
    from predict_race import Effort, Programs, Race

    data = Path(os.environ.get("PATCHWEAVE_TEST_DATA", ROOT.parent / "shared/data"))
    network = (chosen.network or data / NETWORK).resolve()
    command = chosen.patchweave.resolve() if chosen.patchweave else environment.build_command()
    library = chosen.library.resolve() if chosen.library else environment.build("peer_predict")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])
    programs = Programs(command, library)
    effort = Effort(chosen.repeats or (1 if chosen.quick else 3), chosen.turns, chosen.threads)
    network_size = chosen.network_size or (1024 if chosen.quick else 4096)
    runtime = None if chosen.tract else predict_cases.installed_runtime()
    races = [
        Race(predict_cases.volume(is_quick=chosen.quick), programs, effort),
        Race(predict_cases.plane(is_quick=chosen.quick), programs, effort),
        Race(predict_cases.network(network_size, runtime), programs, effort, network),
    ]
    races = [race for race in races if chosen.cases in race.case.name]
    if any(race.network for race in races) and not (network / "weights.onnx").exists():
        print(f"no part: network: {network} has no weights.onnx", file=sys.stderr)
        races = [race for race in races if not race.network]
    if not races:
        fail("there is no case to measure")
    load = tables.load()
    with tempfile.TemporaryDirectory(prefix="peers-", dir=chosen.data) as folder:
        for race in races:
            race.run(Path(folder))
    packages = ["monai", "torchio", "tiler", "qlty", "bioimageio.core", "onnxruntime", "torch", "zarr", "numpy"]
    print(tables.machine(packages))
    print(f"{chosen.threads} threads; load before: {load}; below 1 is an idle machine")
    for race in races:
        report(race)
    return int(any(tally.n_off and not is_apart(name) for race in races for name, tally in race.tallies.items()))


def is_apart(name: str) -> bool:
    """Whether its tiles lie elsewhere, so that a network gives other values near their borders."""
    from predict_contestants import BIOIMAGEIO

    return name == BIOIMAGEIO


def report(race) -> None:
    """The table of a case, and which goals hold."""
    import tables
    from predict_race import COMMAND, LIBRARY

    case, tallies = race.case, race.tallies
    sizes = "×".join(map(str, case.shape))
    print(f"\n**{case.name}**: {sizes}, windows of {case.window}, overlapping by {case.overlap}: {case.n_tiles} tiles\n")
    first = next(tally for name, tally in tallies.items() if name.startswith((LIBRARY, COMMAND)))
    rows = []
    for name, tally in tallies.items():
        if tally.failure:
            print(f"failed: {name}: {tally.failure}", file=sys.stderr)
            continue
        spread = f"{min(tally.seconds):.3f}–{max(tally.seconds):.3f}"
        memory = [tables.number(mib) for mib in (tally.anonymous_mib, tally.peak_mib, tally.rise_mib)]
        times = f"{tally.median / first.median:.2f}" if first.median else ""
        off = f"{tally.off:.0e}" + (f" ({tally.n_off} beyond {case.tolerance:.0e})" if tally.n_off else "")
        rows.append([name, f"{tally.median:.3f}", spread, f"{case.n_tiles / tally.median:.1f}", times, *memory, off])
    header = ["contestant", "s", "from–to", "tiles/s", "× the first of patchweave", "MiB anonymous", "MiB peak",
              "MiB above start", "off by"]
    print(tables.table(header, 1, rows))
    print()
    for line in goals(race):
        print(line)


def goals(race) -> list[str]:
    import predict_contestants as peers
    from predict_race import COMMAND, LIBRARY

    tallies = race.tallies

    def times(other: str, own: str) -> str:
        theirs, ours = tallies[other], tallies[own]
        return f"{theirs.median / ours.median:.1f} × {other}" if theirs.median and ours.median else f"? × {other}"

    if race.case.name == "volume":
        gaussian, hann = f"{LIBRARY}, Gaussian", f"{LIBRARY}, Hann"
        return [
            f"{times(peers.MONAI, gaussian)} (goal 8)",
            f"{times(peers.TILER, gaussian)} (goal 2)",
            f"{times(peers.TORCHIO, hann)} (no goal)",
        ]
    if race.case.name == "plane":
        border, constant = f"{COMMAND}, border", f"{COMMAND}, constant"
        most = max(tallies[border].anonymous_mib, tallies[constant].anonymous_mib)
        return [
            f"{times(peers.QLTY, border)} (goal 15)",
            f"{times(peers.MONAI_ZARR, constant)} (goal 15)",
            f"at most {most:.0f} MiB that no file backs (goal 300)",
        ]
    ours = tallies[LIBRARY]
    lines = []
    if race.case.runtime:
        lines.append(f"{times(peers.ONNXRUNTIME, LIBRARY)}, {times(peers.BIOIMAGEIO, LIBRARY)} (the same runtime, no goal)")
    else:
        lines.append("patchweave runs the network with tract, the others with ONNX Runtime: their seconds compare runtimes")
    if ours.bare_seconds:
        bare = statistics.median(ours.bare_seconds)
        # Each time with the call right before it, so that a slow minute hits both.
        pairs = [whole / alone - 1 for whole, alone in zip(ours.seconds, ours.bare_seconds, strict=True)]
        lines.append(f"the network alone, with the same runtime, tiles, batches and threads: {bare:.3f} s")
        lines.append(f"overhead of the library: {statistics.median(pairs):.1%}; of the command, with its start, planning "
                     f"and files: {tallies[COMMAND].median / bare - 1:.1%} (goal 5 %)")
    return lines


if __name__ == "__main__":
    sys.exit(main())
