"""What a refusal becomes outside: an HTTP status, and sentences in the reader's language.

A floor below refuses with a stable code, an English sentence, a remedy and the place. Here the code chooses the status
(nowhere else) and the translated sentence; a code without a translation keeps its English one, which is never lost.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import Any

from django.http import JsonResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tenure.apps.connectors.files.problems import ImportRefused
from tenure.core.errors import TenureError
from tenure.web.error_texts import TEXTS

log = logging.getLogger(__name__)

STATUS = {
    "request.not_json": 400,
    "request.forged": 403,
    "request.unknown_address": 404,
    "request.wrong_method": 405,
    "request.too_large": 413,
    "request.too_many": 429,
    "request.failed": 500,
    "login.required": 401,
    "login.link_refused": 410,
    "login.passkey_refused": 403,
    "login.provider_failed": 502,
    "login.address_not_verified": 403,
    "login.not_invited": 403,
    "login.no_passwords": 403,
    "permission.denied": 403,
    "permission.scope": 403,
    "permission.not_yours": 403,
    "question.not_in_answer": 404,
    "page.no_contract": 404,
    "page.not_shown": 404,
    "account.unknown": 404,
    "lead.unknown": 404,
    "lead.by_a_person": 403,
    "lead.wrong_status": 409,
    "lead.account_of_others": 409,
    "form.unknown": 404,
    "form.too_often": 429,
    "event.unknown": 404,
    "contract.unknown": 404,
    "subscription.unknown": 404,
    "team.unknown_number": 404,
    "key.unknown": 404,
    "import.unknown_run": 404,
    "engine.cancelled": 409,
    "engine.cluster_failed": 502,
    "engine.cluster_lost": 503,
    "batch.unknown": 404,
    "duplicate.unknown": 404,
    "merge.unknown": 404,
    "merge.undone": 409,
    "merge.already": 409,
    "view.unknown": 404,
    "field.unknown": 404,
    "webhook.unknown": 404,
    "webhook.unknown_delivery": 404,
    "member.unknown_number": 404,
    "contact.unknown": 404,
    "record.changed": 409,
    "reconcile.unknown": 404,
    "prospect.unknown": 404,
    "collection.unknown": 404,
    "record.unknown": 404,
    "record.unknown_kind": 404,
    "record.bad_key": 404,
    "member.owners_only": 403,
}
"""Code -> HTTP status; whatever is not here is a request that was understood and refused: 422."""


@dataclass(frozen=True, slots=True)
class Said:
    """A refusal in the reader's language."""

    code: str
    message: str
    fix: str


def status(problem: TenureError) -> int:
    return STATUS.get(problem.code, 422)


def translated(problem: TenureError) -> Said:
    """The refusal in the language in force, by its code; in English where that is the language or no text fits."""
    if isinstance(problem, ImportRefused):
        return Said(problem.code, *problem.localised())
    texts = TEXTS.get(problem.code)
    if texts is None or (get_language() or "en").startswith("en"):
        return Said(problem.code, problem.message, problem.fix)
    places = {name: _written(value) for name, value in problem.where.items() if value not in (None, [], "")}
    return Said(problem.code, _filled(texts.message, places, problem.message), _filled(texts.fix, places, problem.fix))


def as_json(problem: TenureError) -> dict[str, Any]:
    """The one JSON shape of every refusal: {"error": {code, message, fix, and the place}}."""
    said = translated(problem)
    return {"error": {**problem.as_dict(), "message": said.message, "fix": said.fix}}


def answer(problem: TenureError) -> JsonResponse:
    """A refusal as the API sends it."""
    response = JsonResponse(as_json(problem), status=status(problem), json_dumps_params={"default": str})
    response["Cache-Control"] = "no-store"
    return response


def unexpected(problem: BaseException) -> TenureError:
    """What is said of a fault of ours: nothing of its inside, but a number under which the log has it all."""
    number = secrets.token_hex(4)
    log.error("Fault %s", number, exc_info=problem)
    return TenureError(
        "request.failed",
        "Something went wrong in Tenure itself.",
        fix="Nothing was changed by this request. Try again; if it stays, send the number"
        f" {number} to whoever runs this.",
        number=number,
    )


def _filled(sentence: str, places: dict[str, str], own: str) -> str:
    """The translated sentence with its places, or the refusal's own where it does not name them all."""
    if not sentence:
        return own
    try:
        return _(sentence) % places
    except KeyError:
        return own


def _written(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return "、".join(str(v) for v in value)
    return str(value)
