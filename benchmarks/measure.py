"""What the benchmarks share: timing in turns, the rows of a table, peak memory, and the end of a run."""

from __future__ import annotations

import gc
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

Jobs = dict[str, Callable[[], object]]

missed: list[str] = []

PEAK = """
def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
"""
"""Code for a child process: ``peak()`` is the most memory that it ever had, in KiB."""


def _calls(job: Callable[[], object]) -> int:
    """Return how many calls of *job* take about 5 ms, after a first one that may be slow."""
    job()
    start = time.perf_counter()
    job()
    return max(1, int(0.005 / (time.perf_counter() - start + 1e-9)))


def medians(jobs: Jobs, *, seconds: float = 1.5) -> dict[str, float]:
    """Return the median seconds of each job, run in turns until *seconds* a job are used."""
    calls = {name: _calls(job) for name, job in jobs.items()}
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    end = time.perf_counter() + seconds * len(jobs)
    while time.perf_counter() < end or len(next(iter(taken.values()))) < 5:
        for name, job in jobs.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                job()
            taken[name].append((time.perf_counter() - start) / calls[name])
    return {name: statistics.median(times) for name, times in taken.items()}


def thread_times(
    jobs: Jobs,
    *,
    seconds: float,
    children: Collection[str] = (),
    before: Mapping[str, Callable[[], object]] = MappingProxyType({}),
    of: Callable[[list[float]], float] = min,
) -> dict[str, float]:
    """Return the seconds of each job, by default the shortest, run in turns until *seconds* a job are used.

    Counted is the processor's time of this thread, which other programs disturb least; a job named in *children*, which
    waits for a child process, is timed by the clock. What is to be done *before* each call of a job is not counted.
    """
    clocks = {name: time.perf_counter if name in children else time.thread_time for name in jobs}
    calls = {name: _calls(job) for name, job in jobs.items()}
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    rounds, end = 0, time.perf_counter() + seconds * len(jobs)
    gc.collect()
    gc.freeze()  # what is there is not gone through between the rounds, which empties the processor's caches
    gc.disable()
    while time.perf_counter() < end or rounds < 5:
        rounds += 1
        for name, job in jobs.items():
            clock = clocks[name]
            if name not in children:
                job()  # the one before may have emptied the caches, of the processor or of the library
            if name in before:
                taken[name].append(sum(_alone(job, before[name], clock) for _ in range(calls[name])) / calls[name])
                continue
            start = clock()
            for _ in range(calls[name]):
                job()
            taken[name].append((clock() - start) / calls[name])
        gc.collect()
    gc.enable()
    gc.unfreeze()
    return {name: of(times) for name, times in taken.items()}


def _alone(job: Callable[[], object], before: Callable[[], object], clock: Callable[[], float]) -> float:
    before()
    start = clock()
    job()
    return clock() - start


def row(what: str, value: str, must: str = "", *, ok: bool = True) -> None:
    """Print one row of the table."""
    if not ok:
        missed.append(f"{what}: {value}, must {must}")
    print(f"| {what} | {value} | {must} | {'' if not must else 'yes' if ok else '**NO**'} |", flush=True)


def at_most(what: str, value: float, must: float | None = None, unit: str = "") -> None:
    """Print a row whose *value* must not be larger than *must*."""
    wanted = "" if must is None else f"<= {must:g}{unit}"
    row(what, f"{value:.2f}{unit}", wanted, ok=must is None or value <= must)


def at_least(what: str, value: float, must: float | None = None, unit: str = "") -> None:
    """Print a row whose *value* must not be smaller than *must*."""
    wanted = "" if must is None else f">= {must:g}{unit}"
    row(what, f"{value:.2f}{unit}", wanted, ok=must is None or value >= must)


def head() -> None:
    """Print the head of the table."""
    print("| what | measured | must | met |\n|---|---|---|---|")


def ended() -> int:
    """Name what was missed; return what the run ends with."""
    for line in missed:
        print("missed:", line, file=sys.stderr)
    return 1 if missed else 0


def apart(table: Callable[[], object]) -> None:
    """Make *table* in a process of its own: what it shows depends on nothing that was measured before."""
    forked = multiprocessing.get_context("fork")
    told = forked.SimpleQueue()

    def made() -> None:
        missed.clear()
        table()
        told.put(missed)

    child = forked.Process(target=made)
    child.start()
    child.join()
    if child.exitcode:
        raise RuntimeError(f"a table was not finished: exit code {child.exitcode}")
    missed.extend(told.get())


def peak_mib(code: str, *arguments: str) -> float:
    """Return the MiB that a child interpreter prints as KiB in the last line; ``peak()`` is there for *code*."""
    out = subprocess.run([sys.executable, "-c", PEAK + code, *arguments], check=True, capture_output=True, text=True)
    return int(out.stdout.split()[-1]) / 1024
