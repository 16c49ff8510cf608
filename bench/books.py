"""`make bench-books`: measures the books' commands on exports of up to a million lines, for `docs/books.md`.

Each command runs as people run it, in a process of its own. Its time is what its processes took of all cores, which
says little on a busy machine, so the time that they computed is told beside it; its memory is the most that one of them
held.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib import pyplot as plt

from bench.ledgers import export_ledger
from bench.plots import STYLE
from bench.report import put

ROOT = Path(__file__).parents[1]
SCRATCH = ROOT / ".bench"
ACCOUNTS = (500, 3_000, 20_000)

COMMANDS = {
    "verify": ["verify"],
    "seal": ["seal", "--at", "2020-06-01", "--out", str(SCRATCH / "seal.json")],
    "statement": ["statement", "--from", "2020-03-01", "--to", "2020-04-01"],
}
_COLOURS = {"verify": "#0b6e4f", "seal": "#c8553d", "statement": "#7768ae"}

_METER = """
import json, os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(json.dumps([time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss]))
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs a command and measures it. A program of its own, since a process counts what its parent held as its memory."""


class Run(NamedTuple):
    """What a command took: seconds, seconds of computing in all its processes, and megabytes of the largest of them."""

    lines: int
    seconds: float
    computing: float
    megabytes: float


def main() -> None:
    """Measure, and write what comes of it into the documentation."""
    parser = argparse.ArgumentParser(prog="bench.books", description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=ACCOUNTS, help="how many the ledgers have")
    parser.add_argument("--quick", action="store_true", help="small ledgers, into .bench: that it works")
    arguments = parser.parse_args()
    SCRATCH.mkdir(exist_ok=True)
    folder = ROOT / "docs"
    if arguments.quick:
        folder = SCRATCH
        shutil.copy(ROOT / "docs/books.md", folder)
    runs: dict[str, list[Run]] = {command: [] for command in COMMANDS}
    for accounts in (20, 60) if arguments.quick else arguments.accounts:
        export, lines = _ledger(accounts)
        for command, words in COMMANDS.items():
            runs[command].append(_run([*words, "--export", str(export)], lines))
            print(command, runs[command][-1], file=sys.stderr)
    put(folder / "books.md", "figures", _table(runs))
    _draw(folder / "books.svg", runs)


def _ledger(accounts: int) -> tuple[Path, int]:
    """Make the export of a ledger, or use the one that was made before."""
    folder = SCRATCH / f"ledger-{accounts}"
    count = folder / "lines"
    if not count.exists():
        shutil.rmtree(folder, ignore_errors=True)
        count.write_text(str(export_ledger(folder, accounts, os.cpu_count() or 1)))
    return folder, int(count.read_text())


def _run(words: Sequence[str], lines: int) -> Run:
    command = [sys.executable, "-c", _METER, sys.executable, "-m", "books", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT, check=True)  # noqa: S603
    seconds, computing, kilobytes = json.loads(done.stdout)
    return Run(lines, seconds, computing, kilobytes / 1024)


def _table(runs: dict[str, list[Run]]) -> str:
    head = ["command", "lines", "time", "computing", "lines a second of computing", "memory of the largest process"]
    rows = [
        [
            f"`{command}`",
            f"{run.lines:,}",
            f"{run.seconds:,.0f} s",
            f"{run.computing:,.0f} s",
            f"{run.lines / run.computing:,.0f}",
            f"{run.megabytes:,.0f} MB",
        ]
        for command, of_command in runs.items()
        for run in of_command
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _draw(file: Path, runs: dict[str, list[Run]]) -> None:
    mpl.use("svg")
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2)
        figure.suptitle("What the books take, by the lines of the ledger", x=0.01, ha="left")
        for command, of_command in runs.items():
            lines, colour = [run.lines for run in of_command], _COLOURS[command]
            left.loglog(lines, [run.computing for run in of_command], color=colour, label=command)
            right.semilogx(lines, [run.megabytes for run in of_command], color=colour, label=command)
        left.set(xlabel="lines", ylabel="seconds of computing")
        right.set(xlabel="lines", ylabel="MB in the largest process")
        right.set_ylim(0)
        left.legend(frameon=False)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
