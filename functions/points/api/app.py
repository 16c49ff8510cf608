"""A handler's resolver and entry point."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from points.api.observability import count_refusal, logger, metrics
from points.api.problems import Problem, problem_of

ANYTHING = "(?s:.+)"
"""A part of a route that the gateway has named; what it may be is for `identity` and `queries` to say."""

NAMED_ACCOUNT = f"/accounts/{ANYTHING}"
"""What stands before a route on a named account."""


def make_app() -> APIGatewayHttpResolver:
    """Make a resolver that answers every error as a problem."""
    app = APIGatewayHttpResolver()
    app.not_found(_no_route)
    app.exception_handler(Exception)(_refuse_for)
    return app


def make_handler(app: APIGatewayHttpResolver) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Make a function's entry point: it logs the request once, by its correlation id, and sends the metrics."""

    @logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
    @metrics.log_metrics
    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        response = app.resolve(_head_as_get(event), context)
        logger.info("answered", route=event["routeKey"], status=response["statusCode"])
        return response

    return handler


def _head_as_get(event: dict[str, Any]) -> dict[str, Any]:
    """Let HEAD be answered as GET, body included: the gateway leaves that out, but tells its length."""
    http = event["requestContext"]["http"]
    if http["method"] != "HEAD":
        return event
    return {**event, "requestContext": {**event["requestContext"], "http": {**http, "method": "GET"}}}


def _refuse(problem: Problem) -> Response[str]:
    count_refusal(problem.kind)
    logger.append_keys(refusal=problem.kind)
    return problem.to_response()


def _refuse_for(error: Exception) -> Response[str]:
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.exception(problem.title)
    return _refuse(problem)


def no_route() -> Problem:
    """Refuse a request to a path that no route has."""
    return Problem(HTTPStatus.NOT_FOUND, "no-route", "There is no such route", "No route has this path.")


def _no_route(_: NotFoundError) -> Response[str]:
    return _refuse(no_route())
