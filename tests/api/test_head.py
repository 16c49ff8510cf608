"""HEAD, wherever GET is: the same answer, of which the gateway leaves the body out."""

import pytest

from tests.api.client import READS, Answer, Client, Event

GETS = [call for call in READS if "preview" not in call]


def head(client: Client, call: str, event: Event) -> Answer:
    """Send a GET's event as HEAD."""
    context = event["requestContext"]
    key = event["routeKey"].replace("GET ", "HEAD ")
    asked = context | {"routeKey": key, "http": context["http"] | {"method": "HEAD"}}
    return client.send_event(call, event | {"routeKey": key, "requestContext": asked})


@pytest.mark.parametrize("call", GETS)
def test_it_is_answered_as_get(eventful: Client, call: str) -> None:
    event = eventful.event(call)
    got = eventful.send_event(call, event)
    assert got.status == 200, got.text
    assert head(eventful, call, event) == got


def test_it_is_refused_as_get(client: Client) -> None:
    for event in (client.event("transaction", sequence="7"), client.event("transaction", query={"x": "1"})):
        got = client.send_event("transaction", event)
        assert got.status in {400, 404}
        assert head(client, "transaction", event) == got


@pytest.mark.parametrize("call", ["balance", "account", "lots", "holds", "pending"])
def test_it_tells_whether_something_has_changed(eventful: Client, call: str) -> None:
    first = eventful.get(call)
    again = head(eventful, call, eventful.event(call, if_none_match=first.etag))
    assert (again.status, again.etag, again.text) == (304, first.etag, "")


def test_it_asks_for_the_same_scope(client: Client) -> None:
    stranger = Client(client.subject, scope="points/spend")
    assert head(stranger, "balance", stranger.event("balance")).status == 403


def test_the_log_says_that_it_was_head(client: Client, printed) -> None:
    head(client, "balance", client.event("balance"))
    (logged,) = [line for line in printed() if line.get("message") == "answered"]
    assert logged["route"] == "HEAD /balance"
