"""What is refused before an event stream or a WebSocket stands; the rest runs in a live server."""

from __future__ import annotations

import json

import pytest
from django.conf import LazySettings

from audit.models import Event
from oms_project.identity.models import User
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.sockets import Socket, run, signed_in

EVENTS = {"Accept": "text/event-stream"}


@pytest.mark.django_db
def test_a_synchronous_server_says_that_it_cannot_stream(graphql: GraphQLClient) -> None:
    found = graphql.ask("subscription { events { resumeToken } }", headers=EVENTS)
    assert graphql.answer.status_code == 501
    assert found["errors"][0]["extensions"]["code"] == "graphql_needs_asgi"


@pytest.mark.django_db
def test_a_batch_is_no_stream(graphql: GraphQLClient) -> None:
    answer = graphql.http.post(
        "/graphql",
        data=json.dumps([{"query": "{ __typename }"}]),
        content_type="application/json",
        headers={**graphql.headers, **EVENTS},
    )
    assert answer.status_code == 406


@pytest.mark.django_db
def test_a_subscription_without_a_stream_says_how_to_open_it(graphql: GraphQLClient) -> None:
    found = graphql.ask("subscription { events { resumeToken } }")
    assert found["errors"][0]["extensions"]["code"] == "graphql_needs_stream"


@pytest.mark.django_db(transaction=True)
def test_where_https_is_demanded_a_plain_socket_is_refused(
    administrator: User, settings: LazySettings
) -> None:
    settings.SECURE_SSL_REDIRECT = settings.TRUST_PROXY_HEADERS = True

    async def scenario() -> bool:
        refused = not (await Socket(headers={"x-forwarded-proto": "http"}).open())[0]
        socket = await signed_in(administrator, headers={"x-forwarded-proto": "https"})
        await socket.end()
        return refused

    assert run(scenario())


@pytest.mark.django_db(transaction=True)
def test_the_address_of_the_client_is_the_one_that_the_gateway_saw(
    administrator: User, settings: LazySettings
) -> None:
    settings.TRUST_PROXY_HEADERS = True

    async def scenario() -> None:
        headers = {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}
        socket = await signed_in(administrator, headers=headers)
        mutation = """mutation { createOntology(input: {name: "fleet", baseIri:
          "https://x.example/"}) { __typename } }"""
        await socket.subscribe("1", mutation)
        await socket.next()
        await socket.end()

    run(scenario())
    assert Event.objects.get(action="ontology.created").address == "198.51.100.7"
