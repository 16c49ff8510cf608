"""Finds accounts in which something is due. A schedule starts it every few minutes, and a queue hands it its own jobs.

`points.sweeping.sweep` says how, and why it may die anywhere.
"""

import json
import os
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from points.api.observability import count, logger, measure, metrics
from points.api.runtime import calendar, deadline_of, limits
from points.moments import format_recorded_at
from points.storage.calendar import Entry
from points.sweeping.queue import Queue, make_client
from points.sweeping.sweep import Job, Search, Sweeper

_DUE, _EXPIRING = "due", "expiring"


@cache
def _sweeper() -> Sweeper:
    client = make_client()
    searches = {_DUE: Search(Queue(client, os.environ["DUE_ACCOUNTS_URL"]), _due_account, calendar().begins_at)}
    if days := int(os.environ.get("REMINDER_DAYS", "0")):
        queue = Queue(client, os.environ["EXPIRING_ACCOUNTS_URL"])
        searches[_EXPIRING] = Search(queue, _expiring_account, lambda _: calendar().clock.now(), timedelta(days=days))
    return Sweeper(calendar(), Queue(client, os.environ["SWEEP_JOBS_URL"]), searches, limits().calendar_shards)


def _due_account(entry: Entry) -> str:
    return json.dumps({"account": entry.account})


def _expiring_account(entry: Entry) -> str:
    return json.dumps({"account": entry.account, "at": format_recorded_at(entry.at)})


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Work off the jobs of an event of the queue; any other event begins a run."""
    if "Records" not in event:
        _run(context)
        return
    for record in SQSEvent(event).records:
        _work(Job.from_text(record.body), context)


def _run(context: LambdaContext) -> None:
    behind = {name: time.total_seconds() for name, time in _sweeper().run(deadline_of(context)).items()}
    measure("SweepBehind", behind[_DUE])
    logger.info("begun", behind=behind)


def _work(job: Job, context: LambdaContext) -> None:
    queued = _sweeper().work(job, deadline_of(context))
    if queued:  # most jobs find nothing, and say nothing
        count("AccountsQueued", queued)
        logger.info("found", search=job.search, **job.stretch._asdict(), queued=queued)


if "SWEEP_JOBS_URL" in os.environ:
    _sweeper()  # a function that starts has more processor time than later
