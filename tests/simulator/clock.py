"""Time that passes only when somebody waits."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


def moment(elapsed: float, fast: float = 0.0) -> datetime:
    """Return what a clock shows after so many seconds, if it is so many ahead."""
    return START + timedelta(seconds=elapsed) + timedelta(seconds=fast)


class VirtualClock:
    """A clock, as the storage asks for one, whose sleep takes no time at all."""

    def __init__(self) -> None:
        self._elapsed = 0.0

    def now(self) -> datetime:
        return moment(self._elapsed)

    def elapsed(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self._elapsed += seconds

    def shown_fast(self, seconds: float) -> "FastClock":
        """Return a clock that goes with this one, but shows a later moment, or an earlier."""
        return FastClock(self, seconds)


class FastClock:
    """A clock that goes as another does, and shows another moment."""

    def __init__(self, time: VirtualClock, fast: float) -> None:
        self._time = time
        self._fast = fast

    def now(self) -> datetime:
        return moment(self._time.elapsed(), self._fast)

    def elapsed(self) -> float:
        return self._time.elapsed()

    def sleep(self, seconds: float) -> None:
        self._time.sleep(seconds)
