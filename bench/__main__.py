"""`make bench`: measures everything, and writes it into pages of the documentation, with pictures beside them.

With --quick, small accounts and few rounds, and everything into .bench instead: to see that it works.
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

from bench import growth, handlers, hot, plots, report, speed, sweep
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
    quick = parser.parse_args().quick
    folder = ROOT / "docs"
    if quick:
        folder = ROOT / ".bench"
        folder.mkdir(exist_ok=True)
        for page in ("costs.md", "handlers.md", "sweeper.md"):
            shutil.copy(ROOT / "docs" / page, folder)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what the functions log and count
    try:
        with running_engine() as url:
            os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=url)
            measure(folder, patient_client(), quick=quick)
    except EngineError as error:
        sys.exit(f"error: {error}")
    sys.stderr.write(f"Written: costs.md, handlers.md, sweeper.md and the pictures, in {folder}\n")


def measure(folder: Path, engine: Any, *, quick: bool) -> None:
    """Measure on an engine, and write into a folder when all is done."""
    with tables(engine):
        answers = ask_all()
        grown = growth.grow(engine, 100 if quick else 100_000)
        crowds = hot.compare_in_virtual_time([hot.CLIENTS] if quick else [4, hot.CLIENTS], seeds=1 if quick else 8)
        crowds_on_engine = hot.compare_on_engine(1 if quick else 5)
        rounds, sizes = (2, [100]) if quick else (20, [1_000, 10_000])
        swept = sweep.measure(50 if quick else 2_000)
        times = {lines: speed.measure(engine, lines, rounds) for lines in sizes}
    page = folder / "costs.md"
    report.put(page, "answers", report.verdicts(answers))
    for growth_along in grown:
        report.put(page, growth_along.axis, report.growth(growth_along))
    report.put(page, "prices", report.priced(grown))
    report.put(page, "crowds in virtual time", report.crowds(crowds))
    report.put(page, "crowds on the engine", report.crowds(crowds_on_engine))
    report.put(page, "speed", report.speeds(times))
    report.put(folder / "handlers.md", "handlers", "\n".join(handlers.tables(handlers.rows_of())))
    report.put(folder / "sweeper.md", "sweep", report.sweep(swept))
    plots.draw(folder, grown, crowds)


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
