"""Erasing a person: what is known of a contact is replaced in every place, and a proof says where.

Until its end the erasure is one transaction of the store, in which nobody else writes; files and lake are rewritten
inside it. So an erasure that was killed is begun again by the same words, and finds what it still has to replace.
"""

from __future__ import annotations

import csv
import io
import json
import mmap
import os
import shutil
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from tenure.apps.acquisition.services import erasing as prospects
from tenure.apps.acquisition.services import lead_erasure as leads
from tenure.apps.acquisition.services import reach
from tenure.apps.connectors.files.leftovers import sweep_abandoned
from tenure.apps.connectors.files.staging import imports_folder
from tenure.apps.connectors.webhooks import endpoints
from tenure.apps.crm import services as crm
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.permissions import require
from tenure.apps.workspaces.services import backup, erasure, imports, lake
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError
from tenure.version import __version__
from tenure.warehouse import forgetting
from tenure.warehouse.arrivals import live
from tenure.warehouse.cache import AnswerCache
from tenure.warehouse.sequences.folder import Folder

TABLE = "contacts"


def erase_person(who: str, *, by: Actor) -> dict[str, Any]:
    """Replace what tells who a contact is, named by id or e-mail address; gives the proof, without any of it.

    Raises: NotAllowed; TenureError if there is no such contact, or while contacts are being imported.
    """
    if by is not None and not isinstance(by, str):
        require(by, "erase")
    home, here = Path(settings.TENURE_HOME), lake.lake()
    sweep_abandoned()
    with here.lock(backup.LOCK):
        shutil.rmtree(home / ".backup", ignore_errors=True)  # of a killed backup
        erasure.overwrite_freed()
        with writing(by) as write:
            _check_no_import()
            person, theirs = _person(who)
            lake.flush()
            told = person.words | theirs.words
            words = erasure.replacing(told)
            with here.lock("mirror"):
                before = here.version(TABLE)
                ids = forgetting.ids_of(here, person.user_ids)
                names = forgetting.new_names(ids, settings.SECRET_KEY.encode())
                rows = forgetting.blank(here, TABLE, "contact_id", person.contact_ids, crm.PERSONAL, names)
                after = here.version(TABLE)
                if theirs.lead_ids and here.version(leads.TABLE) is not None:
                    rows += forgetting.blank(here, leads.TABLE, "lead_id", theirs.lead_ids, leads.PERSONAL, {})
            done = forgetting.rename(here, names, told, words)
            replaced = {
                "store_versions": crm.forget(person.contact_ids, names) + leads.forget(theirs.lead_ids),
                "texts": crm.forget_in_texts(words) + prospects.forget_in_texts(words) + reach.forget_in_texts(words),
                "lake_rows": rows,
                "events": sum(told["rows"] for told in done.values()),
                "audit_entries": erasure.blank_trail(TABLE, person.keys, crm.PERSONAL, words)
                + erasure.blank_trail(leads.TABLE, theirs.keys, leads.PERSONAL, words),
                "webhook_answers": endpoints.forget(words),
                "imports_and_jobs": erasure.blank_runs(words),
                "report_cells": _blank_reports(words, person.whole | theirs.whole),
            }
            for contact in person.contact_ids:
                write.audit("erased", TABLE, contact, **replaced)
            for lead in theirs.lead_ids:
                write.audit("erased", leads.TABLE, lead, **replaced)
        kept = [table for table in (TABLE, *done) if here.version(table) is not None]
        files = sum(forgetting.delete_older(here, table) for table in kept)
        tables = (
            *crm.PERSONAL_TABLES,
            *prospects.PERSONAL_TABLES,
            *reach.PERSONAL_TABLES,
            *erasure.SHARED_TABLES,
            endpoints.DELIVERIES,
        )
        cut = erasure.rewrite_store((*tables, leads.STORE_TABLE))
        answers = _drop_answers(home)
        live.forget(home / "journal")
        still = [
            *_files_with(home, told),
            *(f"lake/{name}" for name in forgetting.tables_with(here, told)),
        ]
    return {
        "tenure": __version__,
        "contact_ids": list(person.contact_ids),
        "lead_ids": list(theirs.lead_ids),
        "erased_at": write.now.astimezone(UTC).isoformat(),
        "by": write.actor,
        "finished_at": datetime.now(UTC).isoformat(),
        "columns": list(crm.PERSONAL),
        "replaced": replaced,
        "lake_versions": {
            TABLE: {"before": before, "after": after},
            **{table: {"before": told["before"], "after": told["after"]} for table, told in done.items()},
        },
        "deleted": {"lake_files": files, "kept_answers": answers},
        "store_rewritten": True,
        "store_log_cut": cut,
        "still_found": sorted(set(still)),
        "not_reached": ["backups", "exports", "logs of the database server"],
    }


def _person(who: str) -> tuple[crm.Person, leads.Leads]:
    """The contacts and leads of a person; whoever only ever was a lead has no contact.

    Raises: TenureError contact.unknown if there is neither.
    """
    try:
        person = crm.person(who)
    except TenureError as problem:
        theirs = leads.leads_of([who], ())
        if problem.code != "contact.unknown" or not theirs.lead_ids:
            raise
        return crm.Person((), frozenset(), frozenset(), frozenset(), frozenset()), theirs
    return person, leads.leads_of(person.words, person.contact_ids)


def _check_no_import() -> None:
    """A file on its way could bring the person back."""
    under_way = (selectors.import_runs(table).filter(state__in=imports.UNDER_WAY) for table in (TABLE, leads.TABLE))
    if any(runs.exists() for runs in under_way):
        raise TenureError(
            "erase.import_running",
            _("Contacts are being imported now, and the file may have this person in it."),
            fix=_("Wait until the import has ended, or cancel it, and erase the person then."),
        )


def _blank_reports(words: erasure.Words, whole: Collection[str]) -> int:
    """Replace the words and cells of `whole` in the reports of imports, and the refused rows that name the person."""
    count = 0
    for report in sorted(imports_folder().glob("*/report.csv")):
        with report.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
        new = [[erasure.ERASED if c.lstrip("'") in whole else words(c) for c in row] for row in rows]
        changed = sum(a != b for old, row in zip(rows, new, strict=True) for a, b in zip(old, row, strict=True))
        if changed:
            text = io.StringIO()
            csv.writer(text).writerows(new)
            _replace(report, text.getvalue(), "utf-8-sig")
            count += changed
    for refused in sorted(imports_folder().glob("*/rejects.jsonl")):
        lines = refused.read_text(encoding="utf-8").splitlines()
        new = [_without_row(line, words, whole) for line in lines]
        changed = sum(a != b for a, b in zip(lines, new, strict=True))
        if changed:
            _replace(refused, "".join(line + "\n" for line in new), "utf-8")
            count += changed
    return count


def _without_row(line: str, words: erasure.Words, whole: Collection[str]) -> str:
    """A refused row; one that names the person loses every cell, because all of it is about them."""
    found = json.loads(line)
    cells = found.get("cells", ())
    if not any(cell in whole or words(cell) != cell for cell in cells):
        return line
    problems = [{**problem, "value": "", "detail": {}} for problem in found["problems"]]
    return json.dumps({**found, "cells": [erasure.ERASED] * len(cells), "problems": problems}, ensure_ascii=False)


def _replace(place: Path, text: str, encoding: str) -> None:
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    part.write_text(text, encoding=encoding, newline="")
    part.replace(place)


def _drop_answers(home: Path) -> int:
    """Throw kept answers away, and the sequence index; how many answers there were."""
    Folder(home / "cache" / "sequences").clear()
    answers = AnswerCache(home / "cache" / "answers").forget()
    kept = [file for file in (home / "cache").rglob("*") if file.is_file() and file.suffix == ".arrow"]
    for file in kept:
        file.unlink(missing_ok=True)
    return answers + len(kept)


def _files_with(home: Path, words: Collection[str]) -> Iterator[str]:
    """The files of the workspace, by their path in it, in whose bytes one of the words stands."""
    wanted = [word.encode() for word in words]
    for file in sorted(p for p in home.rglob("*") if p.is_file()):
        try:
            with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                if any(content.find(word) >= 0 for word in wanted):
                    yield file.relative_to(home).as_posix()
        except (FileNotFoundError, ValueError):  # gone, or empty
            continue
