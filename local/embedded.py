"""Runs MiniStack until standard input ends: by whatever way its parent goes, it goes too.

Where JOURNAL names a file, its DynamoDB survives any end: each table that is made and each item that is put becomes a
line of that file, handed to the operating system before the caller has an answer, and is read at the next start. That
is enough for a ledger, which never changes or deletes an item, and it leaves nothing to be saved at the end.

A script of MiniStack's own environment, which has nothing else of this project.
"""

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import dynamodb  # type: ignore[import-not-found]

_create_table = dynamodb._create_table  # noqa: SLF001 (there is no other way in)
_set_item = dynamodb._set_item  # noqa: SLF001 (whatever the request, an item is stored by this)


class _Journal:
    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b")

    def read(self) -> None:
        """Make the tables and put the items again. A last line without an end was never answered, and goes."""
        self._file.seek(0)
        complete = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                self._file.truncate(complete)
                break
            complete += len(line)
            _redo(json.loads(line))

    def write_from_now_on(self) -> None:
        """Have MiniStack note what it is about to answer."""
        dynamodb._create_table = self._create_table  # noqa: SLF001
        dynamodb._set_item = self._set_item  # noqa: SLF001

    def _create_table(self, request: dict[str, Any]) -> tuple[Any, ...]:
        line = _line({"create": request})  # now, since MiniStack adds to it
        answer: tuple[Any, ...] = _create_table(request)
        if answer[0] == 200:
            self._append(line)
        return answer

    def _set_item(self, table: dict[str, Any], partition: str, sort: str, item: dict[str, Any]) -> Any:
        before = _set_item(table, partition, sort, item)
        self._append(_line({"put": [table["TableName"], partition, sort, item]}))
        return before

    def _append(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
        except OSError:
            traceback.print_exc()
            os._exit(1)  # what cannot be kept must neither be answered nor be seen


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _redo(entry: dict[str, Any]) -> None:
    if "create" in entry:
        _create_table(entry["create"])
    else:
        table, *place_and_item = entry["put"]
        _set_item(dynamodb._tables[table], *place_and_item)  # noqa: SLF001


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_end_with_parent, daemon=True).start()
if path := os.environ.get("JOURNAL"):
    journal = _Journal(Path(path))
    journal.read()
    journal.write_from_now_on()
main()
