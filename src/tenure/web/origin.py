"""From where requests come: noted beside every change they make, and beside every file they take away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db.utils import OperationalError
from django.http import HttpRequest, HttpResponse

from tenure.apps.workspaces.models import ApiKey, Door, Member
from tenure.apps.workspaces.services.writing import coming_from, writing

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]


def origin(get_response: Handler) -> Handler:
    """Note door and address in the audit entries of a request, and make one of each file that is taken away."""

    def respond(request: HttpRequest) -> HttpResponse:
        door = Door.API if request.path.startswith("/api/") else Door.PAGE
        with coming_from(door, address_of(request)):
            response = get_response(request)
            if response.headers.get("Content-Disposition", "").startswith("attachment"):
                _note_file(request, response)
            return response

    return respond


def address_of(request: HttpRequest) -> str:
    """Where a request comes from; nothing where the server is reached by a socket of the machine."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return ""


def _note_file(request: HttpRequest, response: HttpResponse) -> None:
    """Who took which file; where the store is being written for a long time, the log has it instead."""
    caller: Any = getattr(request, "auth", None) or request.user
    if not isinstance(caller, (Member, ApiKey)):
        return
    name = response.headers["Content-Disposition"].partition("filename=")[2].strip('"')
    try:
        with writing(caller) as write:
            write.audit("exported", "file", name, path=unquote(request.get_full_path()))
    except OperationalError:
        log.exception("The audit trail could not be written: %s took %s.", caller, request.get_full_path())
