"""A handler's resolver and entry point."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from points.api.observability import count_refusal, logger, metrics
from points.api.problems import Problem, problem_of
from points.rules.refusals import Refusal

NAMED_ACCOUNT = "/accounts/{account}"
"""What stands before a route on a named account. Routes are written as the template has them."""


def make_app(*, previews: bool = False) -> APIGatewayHttpResolver:
    """Make a resolver that answers every error as a problem.

    Parameters
    ----------
    previews
        Whether it only asks what the rules would say, which nobody need be alarmed by.
    """
    app = APIGatewayHttpResolver()
    app.not_found(_no_route)
    app.exception_handler(Exception)(partial(_refuse_for, previews=previews))
    return app


def make_handler(app: APIGatewayHttpResolver) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Make a function's entry point: it logs the request once, by its correlation id, and sends the metrics."""

    @logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
    @metrics.log_metrics
    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        response = app.resolve(_routed(event), context)
        logger.info("answered", route=event["routeKey"], status=response["statusCode"])
        return response

    return handler


def _routed(event: dict[str, Any]) -> dict[str, Any]:
    """Put the route that the gateway has found in place of the path, which might read as another route's.

    HEAD is answered as GET, body included: the gateway leaves that out, but tells its length.
    """
    method, _, route = event["routeKey"].partition(" ")
    context = event["requestContext"]
    http = {**context["http"], "method": "GET" if method == "HEAD" else method}
    return {**event, "rawPath": route, "requestContext": {**context, "http": http}}


def _refuse(problem: Problem, *, previewed: bool = False) -> Response[str]:
    count_refusal(problem.kind, previewed=previewed)
    logger.append_keys(refusal=problem.kind)
    return problem.to_response()


def _refuse_for(error: Exception, *, previews: bool) -> Response[str]:
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.exception(problem.title)
    return _refuse(problem, previewed=previews and isinstance(error, Refusal))


def no_route() -> Problem:
    """Refuse a request to a path that no route has."""
    return Problem(HTTPStatus.NOT_FOUND, "no-route", "There is no such route", "No route has this path.")


def _no_route(_: NotFoundError) -> Response[str]:
    return _refuse(no_route())
