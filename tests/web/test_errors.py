"""Every refusal has one shape, a status chosen in one place, and a sentence in the reader's language."""

from __future__ import annotations

import ast
import json
import logging
from pathlib import Path

import pytest
from django.utils import translation

from tenure.core.errors import QuestionRefused, TenureError
from tenure.web import errors
from tenure.web.error_texts import TEXTS

SOURCE = Path(errors.__file__).resolve().parents[1]
REFUSALS = {"TenureError", "QuestionRefused", "LoadRefused", "SettingRefused", "CurrencyMismatch", "NotAllowed"}


def raised():
    """(code, place, whether the floor translates it itself) of every refusal in the code."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS):
                continue
            code = node.args[0] if node.args else None
            if isinstance(code, ast.Constant):
                spoken = len(node.args) > 1 and any(
                    isinstance(n, ast.Name) and n.id in ("_", "gettext", "ngettext") for n in ast.walk(node.args[1])
                )
                yield code.value, f"{path.relative_to(SOURCE)}:{node.lineno}", spoken


def test_every_code_has_a_text_in_the_readers_language():
    missing = {f"{code} ({place})" for code, place, spoken in raised() if not spoken and code not in TEXTS}
    assert not missing


def test_every_refusal_says_what_to_do():
    missing = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS:
                code = node.args[0] if node.args else None
                if isinstance(code, ast.Constant) and "fix" not in {option.arg for option in node.keywords}:
                    missing.append(f"{code.value} ({path.relative_to(SOURCE)}:{node.lineno})")
    assert not missing


def test_a_group_of_codes_has_one_name():
    groups = {code.partition(".")[0] for code, _place, _spoken in raised()}
    assert not {group for group in groups if f"{group}s" in groups}


def test_no_text_is_left_over():
    assert set(TEXTS) <= {code for code, _place, _spoken in raised()}


def test_a_refusal_is_said_in_chinese_by_its_code():
    problem = QuestionRefused(
        "question.unknown", "There is no question 'x'.", fix="Ask one of: a, b.", value="x", allowed=["a", "b"]
    )
    with translation.override("zh-hans"):
        assert errors.translated(problem) == errors.Said(
            "question.unknown", "没有名为 x 的问题。", "请用其中之一：a、b。"
        )
    with translation.override("en"):
        assert errors.translated(problem).message == "There is no question 'x'."


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(TenureError("nobody.knows", "Something is odd.", fix="Look."), id="unknown code"),
        pytest.param(TenureError("question.unknown", "Something is odd.", fix="Look."), id="a place is missing"),
    ],
)
def test_what_cannot_be_translated_is_said_in_english(problem):
    with translation.override("zh-hans"):
        said = errors.translated(problem)
    assert (said.message, said.fix) == ("Something is odd.", "Look.")


def test_a_fault_of_ours_shows_a_number_and_nothing_of_its_inside(signed_in, sample, monkeypatch, caplog):
    monkeypatch.setattr("tenure.web.asking.workspace", lambda: 1 / 0)
    browser = signed_in("viewer")
    browser.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        page = browser.get("/retain/movements/")
        answer = browser.get("/api/questions")
    assert (page.status_code, answer.status_code) == (500, 500)
    said = answer.json()["error"]
    assert said["code"] == "request.failed"
    assert said["number"] in said["fix"]
    assert said["number"] in caplog.text
    assert "division" not in answer.content.decode() + page.content.decode()


@pytest.mark.parametrize("address", ["/nothing/", "/retain/", "/static/nothing.css", "/api/nothing"])
def test_an_address_without_anything_behind_it(client, db, address):
    response = client.get(address)
    assert response.status_code == 404
    if address.startswith("/api/"):
        assert response.json()["error"]["code"] == "request.unknown_address"
    else:
        assert b"request.unknown_address" in response.content


def test_a_form_without_its_token_is_refused(db):
    from django.test import Client

    response = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert b"request.forged" in response.content


def test_the_shape_is_one_for_all(client, db):
    response = client.post("/api/ask", "{}", content_type="application/json", headers={"accept-language": "zh-CN"})
    assert response.status_code == 401
    assert json.loads(response.content) == {
        "error": {
            "code": "login.required",
            "message": "这里需要 API 密钥，而请求没有带密钥或密钥无效。",
            "fix": "请带上请求头 `Authorization: Bearer KEY`；密钥由所有者或管理员用 `tenure api-key create` 生成。",
        }
    }
