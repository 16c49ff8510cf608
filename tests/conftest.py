"""How hard Hypothesis tries, and how much there was to see.

Hypothesis goes through the same examples as long as the code is the same, or through many new ones nightly.
"""

import os
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import settings

settings.register_profile("ordinary", derandomize=True, deadline=None, max_examples=200, stateful_step_count=40)
settings.register_profile("nightly", deadline=None, max_examples=5_000, stateful_step_count=60, print_blob=True)
settings.load_profile(os.getenv("HYPOTHESIS_PROFILE", "ordinary"))

_SEEN = "seen"


@pytest.fixture
def saw(record_property: Callable[[str, object], None]) -> Callable[[int, str], None]:
    """Return a function that says how many a test saw of what: `saw(200, "random histories")`."""
    return lambda number, what: record_property(_SEEN, (number, what))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many of what all tests saw together, in whichever processes they ran."""
    seen: Counter[str] = Counter()
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", None) == "teardown":
            seen.update({value[1]: value[0] for name, value in report.user_properties if name == _SEEN})
    if seen:
        terminalreporter.section("seen")
        for what, number in sorted(seen.items()):
            terminalreporter.write_line(f"{number:>16,} {what}")
