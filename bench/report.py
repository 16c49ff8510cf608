"""What was measured, as tables in a page of the documentation: each between two comments that name it."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import cast

from bench import holds, hot, prices, speed
from bench.designs import OURS, SUMS, TRANSACTIONS
from bench.growth import HISTORY, Costs, Growth
from bench.meter import Cost
from bench.speed import Times
from bench.sweep import Measured

PRICED_AT = 1_000
"""Lines of the history, for the prices."""


def put(page: Path, name: str, content: str) -> None:
    """Put a table into a page, with its date, in place of the one of that name."""
    text, dated = page.read_text(), f"Measured on {datetime.now(UTC):%-d %B %Y}."
    pattern = rf"(<!-- measured: {name} -->\n).*?(<!-- end -->)"
    replaced, found = re.subn(
        pattern, lambda place: f"{place[1]}\n{content}\n\n{dated}\n\n{place[2]}", text, flags=re.DOTALL
    )
    if found != 1:
        raise ValueError(f"{page} has no place for {name}")
    page.write_text(replaced)


def verdicts(verdicts_of: dict[str, dict[str, str]]) -> str:
    """Show which ledger answers which question rightly, and what it does otherwise."""
    questions = next(iter(verdicts_of.values()))
    rows = [[question, *(_cell(of[question]) for of in verdicts_of.values())] for question in questions]
    return _table(["", *verdicts_of], rows)


def _cell(wrong: str) -> str:
    return f"**no**: {wrong}" if wrong else "yes"


def growth(measured: Growth) -> str:
    """Show what operations cost as an account grows: requests / write units / read units."""
    rows = [
        [operation, design, *(_cost(costs[operation][size]) for size in measured.sizes)]
        for operation in _operations(measured.costs.values())
        for design, costs in measured.costs.items()
        if operation in costs
    ]
    return _table(["operation", "ledger", *(f"{size:,}" for size in measured.sizes)], rows)


def _operations(costs: Iterable[Costs]) -> list[str]:
    return list(dict.fromkeys(operation for of_design in costs for operation in of_design))


def _cost(cost: Cost | str) -> str:
    return str(cost) if isinstance(cost, Cost) else "**refused**"


def priced(grown: Sequence[Growth]) -> str:
    """Show what a million calls cost, and on which terms."""
    history = next(it for it in grown if it.axis == HISTORY)
    size = min(PRICED_AT, history.sizes[-1])
    rows = []
    for operation, by_size in history.costs[OURS.name].items():
        price = prices.price_of(cast(Cost, by_size[size]))
        others = [_price_of(history.costs[design.name], operation, size) for design in (TRANSACTIONS, SUMS)]
        rows.append([operation, *map(_dollars, price), f"**{_dollars(price.total)}**", *others])
    header = ["operation", "HTTP API", "Lambda", "writes", "reads", OURS.name, TRANSACTIONS.name, SUMS.name]
    return f"At {size:,} lines of history:\n\n{_table(header, rows)}\n\n{prices.TERMS}"


def _price_of(costs: Costs, operation: str, size: int) -> str:
    cost = costs.get(operation, {}).get(size)
    return _dollars(prices.price_of(cost).total) if isinstance(cost, Cost) else ""


def _dollars(amount: float) -> str:
    return f"${amount + 1e-9:.2f}"  # half a cent is rounded up


def many_holds(steps_of: holds.Steps) -> str:
    """Show what a hold and a void cost after so many, and what has become of the account."""
    rows = [
        [f"{number:,}", design, str(step.hold), str(step.void), *_shape(step)]
        for number in holds.SHOWN
        for design, steps in steps_of.items()
        if (step := steps.get(number))
    ]
    header = ["holds and voids so far", "ledger", "a hold", "a void", "ranges, at most", "bytes of the line"]
    return _table(header, rows)


def _shape(step: holds.Step) -> list[str]:
    return [f"{step.ranges}", f"{step.line_bytes:,}"] if step.ranges else ["", ""]


def crowds(outcomes: hot.Comparison) -> str:
    """Show how many clients of one account fare: of some runs the median, and the least and the most."""
    rows = [
        [
            way,
            str(clients),
            _spread([it.share for it in runs], ".2f"),
            _spread([it.rate / alone.rate for it, alone in zip(runs, outcomes[way, 1], strict=True)], ".2f"),
            _spread([1_000 * median(it.seconds) for it in runs], ",.0f"),
            _spread([1_000 * max(it.seconds) for it in runs], ",.0f"),
            _spread([it.lost for it in runs], "g"),
        ]
        for (way, clients), runs in outcomes.items()
        if clients > 1
    ]
    header = ["after a lost race, a client …", "clients", "of use", "rate", "median, ms", "slowest, ms", "given up"]
    return _table(header, rows)


def _spread(values: Sequence[float], form: str) -> str:
    middle, least, most = (format(value, form) for value in (median(values), min(values), max(values)))
    return middle if least == most else f"{middle} ({least} to {most})"


def sweep(measured: Iterable[Measured]) -> str:
    """Show what the sweep takes for an account, and for a million."""
    rows = [
        [
            it.what,
            f"{it.each.requests:,.3g} / {it.each.write_units:,.3g} / {it.each.read_units:,.3g}",
            f"{it.accounts / it.seconds:,.0f}",
            _dollars(it.dollars),
        ]
        for it in measured
    ]
    return _table(["an account in which …", "requests / write units / read units", "a second", "a million"], rows)


def speeds(measured: dict[int, Times]) -> str:
    """Show what every ledger takes, of what our storage takes, with the quartiles, or why it has no time."""
    names = list(next(iter(next(iter(measured.values())).values())))
    rows = [
        [operation, f"{lines:,}", *(_ratio(times[operation][name], times[operation][OURS.name]) for name in names)]
        for operation in speed.OPERATIONS
        for lines, times in measured.items()
    ]
    return _table(["operation", "lines", *names], rows)


def _ratio(times: list[float] | str, of: list[float] | str) -> str:
    if isinstance(times, str):
        return times
    if isinstance(of, str):
        return "-"
    if times is of:
        return f"1 = {_two_digits(1_000 * median(times))} ms"
    middle, lower, upper = map(_two_digits, speed.ratios(times, of))
    return f"{middle} ({lower} to {upper})"


def _two_digits(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
