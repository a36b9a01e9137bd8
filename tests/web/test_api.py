"""The HTTP API: asking, importing, closing; what it refuses, and how."""

from __future__ import annotations

import io
import json

import pyarrow.parquet as pq
import pytest
from django.test import Client

import tenure
from tenure.web.api import asking as api
from tenure.web.api import requests as bounds
from tenure.web.api.caller import Patience

QUESTION = {"question": "movements", "from": "2024-02", "to": "2024-02"}


@pytest.fixture
def call(client, key):
    """POST JSON with a key of a role; the status and the decoded answer."""

    def send(address, body, role="owner", **headers):
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        response = client.post(
            address, text, content_type="application/json", headers={**(key(role) if role else {}), **headers}
        )
        return response.status_code, json.loads(response.content)

    return send


def test_an_answer_carries_its_proof(call, sample):
    status, answer = call("/api/ask", QUESTION)
    assert status == 200
    row = answer["rows"][0]
    assert (row["period"], row["open"], row["expansion"], row["contraction"], row["churn"]) == (
        "2024-02", "510.000000", "40.000000", "-149.450000", "0.000000",
    )  # fmt: skip
    assert answer["definition"]["settings"]["reporting_currency"] == "USD"
    assert answer["versions"] == tenure.open(sample).versions()
    assert all(check["ok"] for check in answer["checks"])


def test_the_rows_behind_a_cell(call, sample):
    status, answer = call(
        "/api/rows-behind", {"question": QUESTION, "cell": {"period": "2024-02", "kind": "contraction"}}
    )
    assert status == 200
    assert {row["account_id"] for row in answer["rows"]} == {"cedar"}
    assert answer["count"] == len(answer["rows"]) == 2


def test_all_rows_of_an_answer_are_in_its_file(call, client, key, sample, monkeypatch):
    monkeypatch.setattr(api, "MOST_ROWS", 1)
    asked, cell = {**QUESTION, "to": "2024-03"}, {"period": "2024-02", "kind": "contraction"}
    for address, body in (("/api/ask", asked), ("/api/rows-behind", {"question": asked, "cell": cell})):
        status, cut = call(address, body)
        assert (status, len(cut["rows"]), cut["count"]) == (200, 1, 2)
        response = client.get(cut["file"], headers=key("analyst"))
        assert response["Content-Type"] == "application/vnd.apache.parquet"
        whole = pq.read_table(io.BytesIO(b"".join(response.streaming_content)))
        answer = tenure.open(sample).ask(asked)
        assert whole.equals(answer.table if address == "/api/ask" else answer.rows_behind(cell))
        about = json.loads(whole.schema.metadata[b"tenure"])
        assert (about["question"]["question"], about["versions"]) == ("movements", answer.versions)


@pytest.mark.parametrize("query", ["", "question=[]", "question={", "question=" + "[" * 9_000, "question={}&cell=1"])
def test_files_that_nobody_can_mean_are_refused(client, key, sample, query):
    response = client.get(f"/api/answer.parquet?{query}", headers=key("analyst"))
    assert response.status_code == 422
    assert response.json()["error"]["fix"]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        pytest.param("{", 400, "request.not_json", None, id="broken JSON"),
        pytest.param("[]", 400, "request.not_json", None, id="a list"),
        pytest.param(b"\xff\xfe", 400, "request.not_json", None, id="bytes that are no text"),
        pytest.param("[" * 100_000, 400, "request.not_json", None, id="nested beyond reason"),
        pytest.param({}, 422, "question.unknown", "question", id="no question"),
        pytest.param({"question": "tea"}, 422, "question.unknown", "question", id="unknown question"),
        pytest.param({**QUESTION, "colour": "red"}, 422, "question.unknown_field", "colour", id="unknown field"),
        pytest.param({**QUESTION, "grain": "decade"}, 422, "question.bad_value", "grain", id="unknown grain"),
        pytest.param({**QUESTION, "from": "2024-13"}, 422, "question.bad_value", "from", id="no such month"),
        pytest.param({**QUESTION, "by": ["1; DROP TABLE x"]}, 422, "question.unknown_field", "by", id="SQL as a field"),
    ],
)
def test_questions_that_are_refused(call, sample, body, status, code, field):
    got, answer = call("/api/ask", body)
    assert (got, answer["error"]["code"]) == (status, code)
    assert answer["error"]["message"]
    assert answer["error"]["fix"]
    if field:
        assert answer["error"]["field"] == field


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"cell": {}}, "request.invalid", id="no question"),
        pytest.param({"question": QUESTION}, "request.invalid", id="no cell"),
        pytest.param({"question": QUESTION, "cell": {"kind": "churn"}}, "question.unknown_cell", id="no period"),
        pytest.param({"question": QUESTION, "cell": {"period": "2031-01"}}, "question.unknown_period", id="not asked"),
        pytest.param(
            {"question": QUESTION, "cell": {"period": "2024-02", "kind": "x"}}, "question.unknown_cell", id="kind"
        ),
    ],
)
def test_cells_that_are_refused(call, sample, body, code):
    status, answer = call("/api/rows-behind", body)
    assert (status, answer["error"]["code"]) == (422, code)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer x", "Bearer tnr_00000000_00", "Basic dXNlcjpwYXNz", "Bearer \x00"],
)
def test_keys_that_are_none(client, db, header):
    response = client.post("/api/ask", "{}", content_type="application/json", headers={"authorization": header})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "login.required")


def test_a_revoked_key_is_none(client, key, sample):
    from tenure.apps.workspaces.models import ApiKey
    from tenure.apps.workspaces.services.keys import revoke_key

    headers = key("owner")
    assert client.get("/api/tables", headers=headers).status_code == 200
    revoke_key(ApiKey.objects.get().prefix, by="the test")
    assert client.get("/api/tables", headers=headers).status_code == 401


def test_a_session_needs_the_token_of_a_page_to_change_anything(member, sample):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member("owner"))
    assert browser.get("/api/tables").status_code == 200
    response = browser.post("/api/ask", json.dumps(QUESTION), content_type="application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "request.forged")


def test_a_body_that_is_too_large(call, sample):
    status, answer = call("/api/ask", json.dumps({"question": "x" * bounds.MOST_JSON}))
    assert (status, answer["error"]["code"], answer["error"]["megabytes"]) == (413, "request.too_large", 1)


def test_a_file_that_is_too_large(client, key, sample, monkeypatch):
    monkeypatch.setattr("tenure.web.api.imports.MOST_FILE", 100)
    given = {"file": io.BytesIO(b"account_id\n" + b"a\n" * 200), "kind": "accounts"}
    response = client.post("/api/imports", given, headers=key("owner"))
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request.too_large")


def test_too_many_calls(call, sample, monkeypatch):
    monkeypatch.setattr(Patience, "allow_request", lambda self, request: False)
    status, answer = call("/api/ask", QUESTION)
    assert (status, answer["error"]["code"]) == (429, "request.too_many")


def test_each_caller_has_a_count_of_its_own(rf):
    patience = Patience("2/m")
    names = []
    for pk in (1, 2):
        request = rf.get("/")
        request.auth = type("ApiKey", (), {"pk": pk})()
        names.append(patience.get_cache_key(request))
    assert len(set(names)) == 2
    request = rf.get("/", REMOTE_ADDR="10.0.0.9")
    assert [patience.allow_request(request) for _ in range(3)] == [True, True, False]


def test_the_wrong_method_and_address(client, key, sample):
    response = client.get("/api/ask", headers=key("owner"))
    assert (response.status_code, response.json()["error"]["code"]) == (405, "request.wrong_method")
    assert response["Allow"] == "POST"
    response = client.get("/api/nothing", headers=key("viewer"))
    assert (response.status_code, response.json()["error"]["code"]) == (404, "request.unknown_address")


def test_messages_come_in_the_language_of_the_caller(call, sample):
    english = call("/api/ask", {"question": "tea"})[1]["error"]
    chinese = call("/api/ask", {"question": "tea"}, **{"accept-language": "zh-CN"})[1]["error"]
    assert english["message"] == "There is no question 'tea'."
    assert chinese["message"] == "没有名为 tea 的问题。"
    assert english["code"] == chinese["code"]


def test_what_can_be_asked(client, key, sample):
    listed = client.get("/api/questions", headers=key("viewer")).json()
    movements = next(q for q in listed["questions"] if q["question"] == "movements")
    fields = {field["name"]: field for field in movements["fields"]}
    assert fields["grain"]["allowed"] == ["day", "week", "month", "quarter", "year"]
    assert "close" in movements["columns"]
    assert "plan" in listed["fields_of_by_and_where"]
    assert "default" in listed["definitions"]


def test_what_can_be_imported(client, key, sample):
    tables = {t["name"]: t for t in client.get("/api/tables", headers=key("viewer")).json()["tables"]}
    columns = {c["name"] for c in tables["subscriptions"]["columns"]}
    assert {"account_id", "amount", "interval"} <= columns
    assert "row_key" not in columns


FILE = b"account_id,subscription_id,amount,currency,start\na1,s1,100,USD,2024-01-01\na2,s2,50,USD,2024-01-15\n"


@pytest.fixture
def send_file(client, key, home):
    headers = key("operator")

    def send(content=FILE, **fields):
        given = {"file": io.BytesIO(content), "kind": "subscriptions", **fields}
        given["file"].name = "subscriptions.csv"
        return client.post("/api/imports", given, headers=headers)

    send.headers = headers
    return send


def test_a_preview_changes_nothing(client, send_file):
    response = send_file(preview="true")
    assert response.status_code == 200
    assert (response.json()["rows_good"], len(response.json()["rows"])) == (2, 2)
    assert client.get("/api/imports", headers=send_file.headers).json()["imports"] == []


def test_an_import_is_in_the_next_answer_and_can_be_undone(client, send_file, call):
    done = send_file().json()
    assert (done["created"], done["changed"], done["unchanged"]) == (2, 0, 0)
    question = {"question": "movements", "from": "2024-01", "to": "2024-01"}
    assert call("/api/ask", question)[1]["rows"][0]["new"] == "150.000000"
    assert send_file().json()["unchanged"] == 2

    listed = client.get("/api/imports", headers=send_file.headers).json()["imports"]
    assert [run["state"] for run in listed] == ["applied", "applied"]
    undone = client.post(f"/api/imports/{done['run']}/undo", headers=send_file.headers)
    assert (undone.status_code, undone.json()["state"]) == (200, "undone")
    assert call("/api/ask", question)[1]["rows"][0]["new"] == "0.000000"


def test_bad_rows_are_reported_in_a_file(client, send_file):
    response = send_file(FILE + b"a3,s3,much,USD,2024-01-01\n")
    assert (response.status_code, response.json()["error"]["code"]) == (422, "import.rejected")
    run = response.json()["error"]["run"]
    report = client.get(f"/api/imports/{run}/report", headers=send_file.headers)
    text = b"".join(report.streaming_content).decode("utf-8-sig")
    assert "much" in text


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"kind": "tea"}, "import.unknown_kind", id="unknown kind"),
        pytest.param({"options": "["}, "request.invalid", id="options that are no JSON"),
        pytest.param({"options": '{"colour": 1}'}, "import.bad_option", id="unknown option"),
        pytest.param({"options": '{"encoding": 5}'}, "import.bad_option", id="an option of the wrong type"),
        pytest.param({"options": '{"date_format": "x"}'}, "import.bad_option", id="a bad option"),
    ],
)
def test_imports_that_are_refused(send_file, fields, code):
    response = send_file(**fields)
    assert (response.status_code, response.json()["error"]["code"]) == (422, code)


@pytest.mark.parametrize(
    ("method", "address"),
    [
        pytest.param("get", "/api/imports/77/report", id="its report"),
        pytest.param("post", "/api/imports/77/undo", id="taking it back"),
        pytest.param("get", "/api/imports/77", id="how far it is"),
        pytest.param("post", "/api/imports/77/cancel", id="stopping it"),
    ],
)
def test_an_import_that_there_is_not(client, send_file, method, address):
    response = getattr(client, method)(address, headers={**send_file.headers, "accept-language": "zh-CN"})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["value"]) == (404, "import.unknown_run", "77")
    assert error["message"] == "没有编号为「77」的导入。"


def test_an_import_of_which_every_row_was_taken_has_no_report(client, send_file):
    run = send_file().json()["run"]
    error = client.get(f"/api/imports/{run}/report", headers=send_file.headers).json()["error"]
    assert (error["code"], "/api/imports" in error["fix"]) == ("import.no_report", True)


def test_an_import_without_a_file(client, key, home):
    response = client.post("/api/imports", {"kind": "accounts"}, headers=key("owner"))
    assert (response.status_code, response.json()["error"]["field"]) == (422, "file")


def test_closing_a_month(call, home):
    status, closed = call("/api/closes", {"month": "2024-01", "name": "Ada"})
    assert (status, closed["month"], closed["closed_by"]) == (201, "2024-01", "Ada")
    rows = call("/api/ask", {"question": "closes", "from": "2024-01", "to": "2024-01"})[1]["rows"]
    assert [(row["month"], row["closed_by"]) for row in rows] == [("2024-01", "Ada")]
    status, refused = call("/api/closes", {"month": "2024-01"})
    assert (status, refused["error"]["code"]) == (422, "close.already_closed")


def test_the_schema_and_its_page_name_every_address(client, db):
    schema = client.get("/api/openapi.json").json()
    assert "/api/ask" in schema["paths"]
    page = client.get("/api/docs").content.decode()
    for path in schema["paths"]:
        assert path in page
