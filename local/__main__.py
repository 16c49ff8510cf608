"""`make run`: serve the template's functions on this machine until told to stop."""

import signal
import sys
from types import FrameType
from typing import NoReturn


def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End without a word, from wherever it has come to."""
    sys.exit(0)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    from local.run import main  # takes a while, in which Ctrl-C must work already

    main()
