"""What was measured, as pictures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from bench import hot
from bench.designs import OURS, SUMS, TRANSACTIONS
from bench.growth import HISTORY, LOTS, PAYERS, SPEND_OF_ALL, Costs, Growth
from bench.meter import Cost

mpl.use("svg")

COLOURS = {OURS.name: "#0b6e4f", TRANSACTIONS.name: "#c8553d", SUMS.name: "#7768ae"}
LABELS = {
    OURS.name: "passbook, ours",
    TRANSACTIONS.name: "transactions over every lot",
    SUMS.name: "sums of the whole history",
}
STYLE: Any = {
    "figure.figsize": (7, 3.6),
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.titlesize": 11,
    "font.size": 9,
    "lines.marker": "o",
    "lines.markersize": 4,
    "svg.hashsalt": "points-ledger",  # the same figures give the same file
}


def draw(folder: Path, grown: Sequence[Growth], crowds: hot.Comparison) -> None:
    """Draw all pictures into a folder."""
    by_axis = {growth.axis: growth for growth in grown}
    of_spend = "What a spend writes: write units, by the lots that it draws on"
    _draw_designs(folder / "costs-spend.svg", of_spend, "lots", by_axis[LOTS], SPEND_OF_ALL, "write_units")
    of_history = "What an add reads: read units, by the length of the account's history"
    _draw_designs(folder / "costs-history.svg", of_history, "lines", by_axis[HISTORY], "add", "read_units")
    of_payers = "What an add writes: write units, by the account's payers"
    _draw_designs(folder / "costs-payers.svg", of_payers, "payers", by_axis[PAYERS], "add", "write_units")
    _draw_crowds(folder / "hot-account.svg", crowds)


def _draw_designs(file: Path, title: str, along: str, growth: Growth, operation: str, units_of: str) -> None:
    """Draw an operation's units for each design; where two are the same, one is drawn in dashes over the other."""
    with _axes(file, title, along) as axes:
        labelled: set[float] = set()
        for design, costs in growth.costs.items():
            sizes, units = _series(costs, operation, units_of)
            ours = design == OURS.name
            axes.loglog(sizes, units, color=COLOURS[design], lw=3 if ours else 1.5, ls="-" if ours else "--")
            _label(axes, design, sizes[-1], units[-1], above=units[-1] not in labelled)
            labelled.add(units[-1])
            if sizes[-1] < growth.sizes[-1]:
                end, colour = (sizes[-1], units[-1]), COLOURS[design]
                axes.annotate("no more fit into one", end, (8, -4), textcoords="offset points", color=colour)
                axes.plot(*end, "x", color=colour, ms=9, mew=2)
        axes.set_ylim(0.5, 2 * axes.get_ylim()[1])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda number, _: f"{number:,.0f}")


def _draw_crowds(file: Path, crowds: hot.Comparison) -> None:
    clients = hot.CLIENTS
    with _axes(file, f"{clients} clients on one account: how much of what they ask is of use", "") as axes:
        ways = list(hot.WAYS)
        shares = [median(it.share for it in crowds[way, clients]) for way in ways]
        rates = [
            median(it.rate / alone.rate for it, alone in zip(crowds[way, clients], crowds[way, 1], strict=True))
            for way in ways
        ]
        colours = [COLOURS[OURS.name] if way == hot.AS_IT_IS else "#b9b9b9" for way in ways]
        axes.barh([way.replace(", ", ",\n") for way in ways], shares, color=colours)
        for place, (share, rate) in enumerate(zip(shares, rates, strict=True)):
            text = f"{share:.2f}, {rate:.1f} x one client's rate"
            axes.annotate(text, (share, place), (4, -3), textcoords="offset points")
        axes.axvline(0.5, color="#444444", lw=0.8, ls=":", marker="")
        axes.set_xlim(0, 1)
        axes.invert_yaxis()


def _series(costs: Costs, operation: str, units: str) -> tuple[list[int], list[float]]:
    """Return the sizes at which an operation was done, and its units there."""
    done = {size: getattr(cost, units) for size, cost in costs[operation].items() if isinstance(cost, Cost)}
    return list(done), list(done.values())


def _label(axes: Axes, design: str, x: float, y: float, *, above: bool) -> None:
    place, colour = (0, 7 if above else -13), COLOURS[design]
    axes.annotate(LABELS[design], (x, y), place, textcoords="offset points", ha="right", color=colour, weight="bold")


@contextmanager
def _axes(file: Path, title: str, along: str) -> Iterator[Axes]:
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        figure.suptitle(title, x=0.01, ha="left")
        axes.set_xlabel(along)
        yield axes
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)
