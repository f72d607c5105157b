"""The tables and which goals hold. Measures nothing."""

from large_quilts import Large
from quilt_cases import CONTESTANTS, PATCHWEAVE, QLTY, QLTY_NUMBA, QLTY_TORCH, Case
from quilt_race import COPY_EXISTING, COPY_FRESH, EXISTING, FRESH, Race, Tally
from tables import number, table

PACKAGES = ["qlty", "tiler", "patchify", "torch", "numba", "numpy", "zarr"]
# Of patchweave: the columns of a table, and whose they are.
OURS = {
    "patchweave": EXISTING,
    "plain copy": COPY_EXISTING,
    "patchweave, fresh": FRESH,
    "plain copy, fresh": COPY_FRESH,
}
COPY_GOAL, QLTY_GOAL = 0.6, 1.0
LARGE_GOAL, MEMORY_GOAL = 15, 0.1


def sizes(cases: list[Case]) -> str:
    def times(shape: tuple[int, ...]) -> str:
        return "×".join(map(str, shape))

    rows = [
        [c.name, times(c.shape), times(c.window), times(c.step), str(c.border), number(c.patch_bytes / 1e6)]
        for c in cases
    ]
    return table(["case", "images", "window", "step", "border", "MB of patches"], 4, rows)


def cell(tally: Tally | None, way: str = FRESH) -> str:
    if tally is None:
        return "–"
    if not tally.rate(way):
        return "failed"
    found = [rate / 1e9 for rate in tally.rates[way]]
    return f"{tally.rate(way) / 1e9:.2f} ({min(found):.2f}–{max(found):.2f})"


def fastest_qlty(case: Case, operation: str, race: Race) -> tuple[float, str]:
    """What the faster path of qlty reached, and which it was; 0 if there is none."""
    paths = [path for path in (QLTY, QLTY_NUMBA, QLTY_TORCH) if (case.name, operation, path) in race.tallies]
    return max(((race.tallies[case.name, operation, path].rate(), path) for path in paths), default=(0.0, ""))


def rates(operation: str, cases: list[Case], race: Race) -> str:
    others = [contestant for contestant in CONTESTANTS[operation] if contestant != PATCHWEAVE]
    rows = []
    for case in cases:
        ours = race.tallies[case.name, operation, PATCHWEAVE]
        row = [case.name, *(cell(ours, way) for way in OURS.values())]
        row += [cell(race.tallies.get((case.name, operation, other))) for other in others]
        copy, (qlty, _) = ours.rate(COPY_EXISTING), fastest_qlty(case, operation, race)
        row.append(f"{ours.rate(EXISTING) / copy:.2f}" if copy else "")
        row.append(f"{ours.rate() / qlty:.2f}" if qlty else "")
        rows.append(row)
    return table([f"{operation}, GB/s", *OURS, *others, "× copy", "fresh × qlty"], 1, rows)


def large(found: list[Large]) -> str:
    rows = []
    for case in found:
        for contestant, tally in case.tallies.items():
            if not tally.seconds or tally.failure:
                rows.append([case.name, contestant, "not measured", "", "", "", ""])
                continue
            spread = f"{min(tally.seconds):.2f}–{max(tally.seconds):.2f}"
            ours = case.tallies[PATCHWEAVE].median
            ratio = f"{tally.median / ours:.1f}" if ours else ""
            memory = [f"{n / 2**20:.0f} MiB" for n in (tally.peak_bytes, tally.rise_bytes)]
            rows.append([case.name, contestant, f"{tally.median:.2f}", spread, ratio, *memory])
    header = ["large", "contestant", "median s", "min–max", "patchweave is × as fast", "peak memory", "by the quilt"]
    return table(header, 2, rows) if rows else ""


def goals(cases: list[Case], race: Race) -> list[str]:
    lines = []
    for operation in CONTESTANTS:
        beside_copy, beside_qlty = [], []
        for case in cases:
            ours = race.tallies[case.name, operation, PATCHWEAVE]
            if copy := ours.rate(COPY_EXISTING):
                beside_copy.append((ours.rate(EXISTING) / copy, case.name))
            qlty, path = fastest_qlty(case, operation, race)
            if qlty:
                beside_qlty.append((ours.rate() / qlty, f"{case.name}, {path}"))
        for goal, what, found in (
            (COPY_GOAL, "the plain copy, into memory that exists", beside_copy),
            (QLTY_GOAL, "the fastest path of qlty, into fresh memory", beside_qlty),
        ):
            what = f"{operation}: at least {goal:g} × {what}"
            if not found:
                lines.append(f"not measured: {what}")
                continue
            (least, where), (most, _) = min(found), max(found)
            missed = [f"{name} ({factor:.2f})" for factor, name in sorted(found) if factor < goal]
            verdict = f"missed in {len(missed)} of {len(found)} cases" if missed else f"ok in {len(found)} cases"
            text = f"{verdict}: {what}: reached {least:.2f} ({where}) to {most:.2f}"
            lines.append(f"{text}; missed: {', '.join(missed)}" if missed else text)
    return lines


def large_goals(found: list[Large]) -> list[str]:
    lines = []
    for case in found:
        ours, qlty = case.tallies[PATCHWEAVE], case.tallies[QLTY]
        speed, memory = f"at least {LARGE_GOAL} × qlty", f"at most {MEMORY_GOAL:g} × the peak memory of qlty"
        if not (ours.median and qlty.median):
            lines += [f"not measured: {case.name}: {what}" for what in (speed, memory)]
            continue
        factor, part = qlty.median / ours.median, ours.peak_bytes / qlty.peak_bytes
        lines.append(f"{'ok' if factor >= LARGE_GOAL else 'missed'}: {case.name}: {speed}: {factor:.1f}")
        lines.append(f"{'ok' if part <= MEMORY_GOAL else 'missed'}: {case.name}: {memory}: {part:.3f}")
    return lines


def outcome(cases: list[Case], race: Race, found: list[Large]) -> str:
    lines = [*(goals(cases, race) if cases else []), *large_goals(found)]
    disagreements = race.disagreements + [text for case in found for text in case.disagreements]
    lines.append(f"disagreements: {len(disagreements)}")
    lines += disagreements
    for contestant in dict.fromkeys(contestant for _, contestant in race.refusals):
        of_it = {case: reason for (case, name), reason in race.refusals.items() if name == contestant}
        for reason in dict.fromkeys(of_it.values()):
            where = [case for case, why in of_it.items() if why == reason]
            lines.append(f"no part: {contestant}: {', '.join(where)}: {reason}")
    lines += [f"failed: {', '.join(names)}: {t.failure}" for names, t in race.tallies.items() if t.failure]
    lines += [f"failed: {c.name}, {name}: {t.failure}" for c in found for name, t in c.tallies.items() if t.failure]
    checked: dict[tuple[str, str], list[float | None]] = {}
    for (_, operation, contestant), tally in race.tallies.items():
        checked.setdefault((operation, contestant), []).append(tally.off)
    for case in found:
        for contestant, tally in case.tallies.items():
            checked.setdefault(("large", contestant), []).append(tally.off)
    for names, differences in checked.items():
        if compared := [difference for difference in differences if difference is not None]:
            text = f"within {max(compared):.0e}" if max(compared) else "equal"
            lines.append(f"checked: {', '.join(names)}: {len(compared)} of {len(differences)} cases, {text}")
    return "\n".join(lines)
