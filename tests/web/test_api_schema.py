"""The OpenAPI document holds for whatever one sends: never a fault of the server, every refusal in the one shape."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from tenure.web.api import api
from tenure.web.api.caller import Patience

TRIES = 8
"""Requests per address and method: half of them keep the document's rules, half break them."""
OPERATIONS = [
    pytest.param(path, method, id=f"{method.upper()} {path}")
    for path, methods in api.get_openapi_schema()["paths"].items()
    for method in methods
]


@pytest.fixture
def document(db, sample, monkeypatch):
    """The document as the server gives it, called as often as one likes."""
    monkeypatch.setattr(Patience, "allow_request", lambda self, request: True)
    for signal in (request_started, request_finished):  # the test's transaction outlives each of its requests
        monkeypatch.setattr(signal, "send", lambda *_sender, **_named: [])
    return schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_whatever_is_sent(document, key, path, method):
    headers = {**key("owner"), "accept-encoding": "identity"}

    @settings(max_examples=TRIES, deadline=None, derandomize=True, database=None, suppress_health_check=HealthCheck)
    @given(data=requests_of(document[path][method]))
    def holds(data):
        response = data.call(headers=headers)
        assert response.status_code < 500, data.as_curl_command()
        if response.status_code >= 400:
            refused = response.json()["error"]
            assert all(refused[said] for said in ("code", "message", "fix"))

    holds()


def requests_of(operation):
    """Requests by the document's rules, and against them."""
    by_the_rules = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    return by_the_rules | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
