"""Finds accounts in which something is due. A schedule starts it every few minutes, and a queue hands it its own jobs.

`points.sweeping.sweep` says how, and why it may die anywhere.
"""

import json
import os
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from points.api.observability import count, logger, measure, metrics
from points.api.runtime import calendar, deadline_of, limits
from points.storage.calendar import Entry
from points.sweeping.queue import Queue, make_client
from points.sweeping.sweep import Job, Search, Sweeper

_DUE = "due"


@cache
def _sweeper() -> Sweeper:
    client = make_client()
    due = Search(Queue(client, os.environ["DUE_ACCOUNTS_URL"]), _due_account, begins_at=calendar().begins_at)
    return Sweeper(calendar(), Queue(client, os.environ["SWEEP_JOBS_URL"]), {_DUE: due}, limits().calendar_shards)


def _due_account(entry: Entry) -> str:
    return json.dumps({"account": entry.account})


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
    count("AccountsQueued", queued)
    logger.info("searched", search=job.search, **job.stretch._asdict(), queued=queued)


if "SWEEP_JOBS_URL" in os.environ:
    _sweeper()  # a function that starts has more processor time than later
