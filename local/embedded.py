"""Runs MiniStack until standard input ends: by whatever way its parent goes, it saves its data and goes too.

A script of MiniStack's own environment, which has nothing else of this project.
"""

import os
import signal
import sys
import threading

from ministack.app import main  # type: ignore[import-not-found]


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_end_with_parent, daemon=True).start()
main()
