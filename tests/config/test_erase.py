"""Of an erased person nothing is left in the workspace, and every figure is what it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tenure

PERSON = {
    "name": "Zyxwvu Qwertzuiop",
    "title": "Oberpfefferkuchenmeister",
    "email": "zyx.qwertz@example.org",
    "phone": "+49-555-918273645",
    "user_id": "user-qqzzxxyy-42",
    "consent": '{"wombatmail": true}',
    "shoe": "shoesize-4711-wide",
}
FORMER = "Antediluvia Qwertzuiop"
WORDS = [
    *(v for n, v in PERSON.items() if n != "consent"),
    *("wombatmail", FORMER, "device-aabbcc", "former-zzyyxx", "device-shared"),
]


def everywhere(home: Path) -> dict[str, list[str]]:
    """Word -> files in which it stands, as bytes, with escapes, or in a decoded Parquet or Arrow file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: dict[str, list[str]] = {}
    for file in (p for p in home.rglob("*") if p.is_file()):
        raw = file.read_bytes()
        if file.suffix == ".parquet":
            raw += str(pq.read_table(file).to_pylist()).encode()
        if file.suffix == ".arrow":
            with pa.memory_map(str(file)) as source:
                raw += str(pa.ipc.open_file(source).read_all().to_pylist()).encode()
        for word in WORDS:
            if word.encode() in raw:
                found.setdefault(word, []).append(file.relative_to(home).as_posix())
    return found


def reported(home: Path) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in home.glob("imports/*/report.csv"))


def did(home: Path) -> None:
    """What the person and another one did: on a device, under an older id, under their own."""
    days = iter(range(1, 9))

    def event(name: str, **said: Any) -> dict[str, Any]:
        return {"event": name, "ts": f"2024-01-0{next(days)}T00:00:00Z", **said}

    opened = tenure.open(home)
    person, other = PERSON["user_id"], {"email": "o@example.com"}
    opened.load("events", [
        event("prices", anonymous_id="device-aabbcc", properties={"phone": PERSON["phone"]}),
        event("prices", user_id="former-zzyyxx"),
        event("pay", user_id=person, properties={"name": PERSON["name"], "amount": 3}),
        event("prices", anonymous_id="device-shared"), event("pay", user_id="u2", properties=other),
        event("pay", user_id="u2"),
    ])  # fmt: skip
    opened.load("identities", [
        {"anonymous_id": "device-aabbcc", "user_id": "former-zzyyxx"},
        {"anonymous_id": "former-zzyyxx", "user_id": person},
        {"anonymous_id": "device-shared", "user_id": person, "valid_from": "2024-01-01"},
        {"anonymous_id": "device-shared", "user_id": "u2", "valid_from": "2024-01-03"},
    ])  # fmt: skip


@pytest.fixture
def filled(script: Any, tmp_path: Path) -> Path:
    """A workspace in which a person was imported, refused in a row, changed, and mirrored; others beside."""
    head = ",".join(["contact_id", "account_id", "left", *PERSON])
    values = [f'"{v.replace(chr(34), chr(34) * 2)}"' for v in PERSON.values()]
    good = f"{head}\nc1,a1,,{','.join(values)}\nc2,a1,,Other,CTO,o@example.com,1,u2,,\n"
    (tmp_path / "bad.csv").write_text(f"{good},a1,{PERSON['email']},{','.join(values)}\n")
    (tmp_path / "contacts.csv").write_text(good)
    (tmp_path / "s.csv").write_text(
        "account_id,subscription_id,amount,start\na1,s1,100,2024-01-01\na1,s2,x,2024-01-01\n"
    )
    done = script(("create-owner", "olga@example.com"), ("import", "contacts", "bad.csv"))
    assert (done.returncode, PERSON["email"] in reported(tmp_path / "home")) == (2, True), done.stderr
    done = script(
        ("import", "contacts", "contacts.csv"),
        ("import", "subscriptions", "s.csv", "--skip-bad"),
        ("mirror",),
        ("edit", "contacts", "c1", f"name={FORMER}"),
    )
    assert done.returncode == 0, done.stderr
    did(tmp_path / "home")
    return tmp_path / "home"


def answers(script: Any) -> str:
    asked = [
        ("movements", "--from", "2024-01", "--to", "2024-12"),
        ("anomalies",),
        ("funnel", "--set", 'steps=[{"event": "prices"}, {"event": "pay"}]'),
        ("trend", "--from", "2024-01", "--to", "2024-02", "--set", "period=month", "--set", "measure=users"),
        ("funnel", "--set", 'steps=[{"event": "pay"}]', "--set", "unit=account"),
    ]
    done = script(*(("ask", *words, "--format", "csv") for words in asked))
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_an_erased_person_is_found_nowhere_and_figures_stay(
    shell: Any, script: Any, filled: Path, tmp_path: Path
) -> None:
    before = answers(script)
    assert everywhere(filled)[PERSON["email"]]
    done = shell("erase-person", PERSON["email"].upper(), "--yes", "--proof", "proof.json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert everywhere(filled) == {}
    proof = (tmp_path / "proof.json").read_text(encoding="utf-8")
    assert not [word for word in WORDS if word in proof]
    told = json.loads(proof)
    assert told["contact_ids"] == ["c1"]
    assert told["replaced"]["events"] == 4 + 4
    assert told["still_found"] == []
    kept = [
        (e["user_id"], e["properties"]) for e in tenure.open(filled).read("events").to_pylist() if e["user_id"] == "u2"
    ]
    assert kept == [("u2", '{"email":"o@example.com"}'), ("u2", None)]
    assert told["replaced"]["store_versions"] == told["replaced"]["lake_rows"] == 2
    assert told["lake_versions"]["contacts"]["after"] > told["lake_versions"]["contacts"]["before"]
    assert answers(script) == before
    healthy = shell("doctor")
    assert healthy.returncode == 0, healthy.stdout
    assert everywhere(filled) == {}
    kept = shell("backup", "b.tenure")
    assert kept.returncode == 0, kept.stderr
    again = shell("erase-person", "c1", "--yes")
    assert again.returncode == 0, again.stderr
    unknown = shell("erase-person", PERSON["email"], "--yes")
    assert (unknown.returncode, "There is no contact" in unknown.stderr) == (2, True)


@pytest.mark.django_db(transaction=True)
def test_who_may_erase_and_what_the_trail_says(
    home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenure.apps.connectors import erasure
    from tenure.apps.crm import services as crm
    from tenure.apps.crm.models import ContactVersion
    from tenure.apps.workspaces import selectors
    from tenure.apps.workspaces.permissions import NotAllowed
    from tenure.apps.workspaces.services import imports
    from tenure.core.errors import TenureError

    owner, operator, viewer = (request.getfixturevalue(name) for name in ("owner", "operator", "viewer"))
    for contact, name in (("c1", PERSON["name"]), ("c2", "Bo")):
        crm.add("contacts", {"contact_id": contact, "name": name, "email": f"{contact}@example.com"}, by="test")
    for nobody in (operator, viewer):
        with pytest.raises(NotAllowed):
            erasure.erase_person("c1", by=nobody)
    with pytest.raises(TenureError, match="no contact"):
        erasure.erase_person("", by=owner)
    run = imports.start_run("contacts", "c.csv", "0", by="test")
    with pytest.raises(TenureError, match="imported now"):
        erasure.erase_person("c1", by=owner)
    imports.fail_run(run, TenureError("import.cancelled", ""), by="test")
    tenure.open(home).load("events", [{"user_id": "user-zz", "event": "a", "ts": "2024-01-01"}])
    crm.edit("contacts", "c1", {"user_id": "user-zz"}, by="test")
    with monkeypatch.context() as broken:
        broken.setattr(erasure.crm, "forget", lambda *_given: 1 / 0)  # the lake is rewritten, the store is not
        with pytest.raises(ZeroDivisionError):
            erasure.erase_person("c1", by=owner)
    proof = erasure.erase_person("c1", by=owner)
    assert proof["still_found"] == []
    (event,) = tenure.open(home).read("events").to_pylist()
    assert event["user_id"].startswith("erased-")
    assert ContactVersion.objects.live().get(contact_id="c1").user_id == event["user_id"]
    names = {v.contact_id: v.name for v in crm.MODELS["contacts"].objects.all()}
    assert names == {"c1": None, "c2": "Bo"}
    entry = selectors.audit("contacts", "c1").first()
    assert entry is not None
    assert (entry.verb, entry.member) == ("erased", owner)
    crm.add("contacts", {"contact_id": "zoe@example.com", "email": "zoe@example.com"}, by="test")
    crm.add("contacts", {"contact_id": "mail-zoe@example.com", "email": "zoe@example.com"}, by="test")
    with pytest.raises(TenureError, match="own id"):
        erasure.erase_person("zoe@example.com", by=owner)
    assert home.exists()
