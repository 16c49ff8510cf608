"""`make bench`: measures everything, and writes it into pages of the documentation, with pictures beside them.

With --counts, only what is counted: a busy machine does not change that. With --quick, small accounts and few rounds,
and everything into .bench instead: to see that it works.
"""

import argparse
import os
import shutil
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from points.storage.dynamodb import make_client

from bench import growth, handlers, holds, hot, plots, report, speed, sweep
from bench.alternatives.functions import FunctionsLedger
from bench.designs import APPS, DESIGNS, OURS, TABLE, tables
from bench.questions import verdicts
from tools.dynamodb_local import EngineError, patient_client, running_engine

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "TABLE_NAME": TABLE["TableName"],
}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure what the ledger costs, beside others.")
    parser.add_argument("--quick", action="store_true", help="small accounts and few rounds, into .bench")
    parser.add_argument("--counts", action="store_true", help="leave out what is timed")
    told = parser.parse_args()
    docs = ROOT / "docs"
    if told.quick:
        docs = ROOT / ".bench"
        shutil.copytree(ROOT / "docs", docs, dirs_exist_ok=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what the functions log and count
    try:
        with running_engine() as url:
            os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=url)
            engine = patient_client()
            with tables(engine):
                count(docs, engine, quick=told.quick)
                if not told.counts:
                    time(docs, engine, quick=told.quick)
    except EngineError as error:
        sys.exit(f"error: {error}")
    sys.stderr.write(f"Written: costs.md, sweeper.md and the pages and pictures of measurements, in {docs}\n")


def count(docs: Path, engine: Any, *, quick: bool) -> None:
    """Count on an engine and in virtual time, and write it into the pages."""
    answers = ask_all()
    grown = growth.grow(engine, 100 if quick else 100_000)
    held = holds.measure(engine, 10 if quick else 1_000)
    crowds = (
        hot.compare_in_virtual_time([hot.CLIENTS], seeds=1, changes=2)
        if quick
        else hot.compare_in_virtual_time([4, hot.CLIENTS], seeds=8)
    )
    summary, page = docs / "costs.md", docs / "measurements" / "costs.md"
    report.put(page, "answers", report.verdicts(answers))
    for growth_along in grown:
        report.put(
            summary if growth_along.axis == growth.LOTS else page, growth_along.axis, report.growth(growth_along)
        )
    report.put(summary, "prices", report.priced(grown))
    report.put(page, "many holds", report.many_holds(held))
    report.put(page, "crowds in virtual time", report.crowds(crowds))
    plots.draw(page.parent, grown, crowds)


def time(docs: Path, engine: Any, *, quick: bool) -> None:
    """Time on this machine, and write it into the pages."""
    crowds_on_engine = hot.compare_on_engine(1, changes=2) if quick else hot.compare_on_engine(5)
    rounds, sizes = (2, [100]) if quick else (20, [1_000, 10_000])
    swept = sweep.measure(50 if quick else 2_000)
    times = {lines: speed.measure(engine, lines, rounds) for lines in sizes}
    handled = handlers.rows_of(rounds=1 if quick else handlers.ROUNDS)
    pages = docs / "measurements"
    report.put(pages / "costs.md", "crowds on the engine", report.crowds(crowds_on_engine))
    report.put(pages / "costs.md", "speed", report.speeds(times))
    report.put(pages / "handlers.md", "handlers", "\n".join(handlers.tables(handled)))
    report.put(docs / "sweeper.md", "sweep", report.sweep(swept))


def ask_all() -> dict[str, dict[str, str]]:
    """Ask every ledger every question, and return what is wrong with the answers."""
    client = make_client()
    answers = {design.name: verdicts(partial(design.ledger, client)) for design in DESIGNS}
    answers[f"{OURS.name}, through its functions"] = verdicts(FunctionsLedger)
    for app in APPS:
        with ExitStack() as stack:
            answers[app.name] = verdicts(lambda: stack.enter_context(app.ledger()))  # noqa: B023 - called here and now
    return answers


if __name__ == "__main__":
    main()
