"""Who calls: a program by its key or a member by their session; and how often they may."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer
from ninja.security.apikey import APIKeyCookie
from ninja.throttling import SimpleRateThrottle
from ninja.utils import check_csrf

from tenure.apps.workspaces.models import ApiKey
from tenure.apps.workspaces.permissions import Caller, require
from tenure.apps.workspaces.services.keys import authenticate_key


class Key(HttpBearer):
    """`Authorization: Bearer tnr_...`"""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        return authenticate_key(token)


class Session(APIKeyCookie):
    """The session of a signed-in member; a change needs the token that proves it came from a page of ours."""

    param_name = "sessionid"

    def _get_key(self, request: HttpRequest) -> str | None:
        return request.COOKIES.get(self.param_name)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise HttpError(403, "forged")
        return request.user


class Patience(SimpleRateThrottle):
    """So many requests of one caller in a while; who is not known is counted by address."""

    def get_cache_key(self, request: HttpRequest) -> str:
        caller = getattr(request, "auth", None)
        name = f"{type(caller).__name__}{caller.pk}" if caller is not None else f"from{self.get_ident(request)}"
        return f"tenure_calls_{self.num_requests}_{name}"


CALLERS = [Key(), Session()]


def allowed(request: HttpRequest, permission: str) -> Caller:
    """The caller, if their role has the permission.

    Raises: NotAllowed.
    """
    caller: Caller = request.auth  # type: ignore[attr-defined]
    require(caller, permission)
    return caller
