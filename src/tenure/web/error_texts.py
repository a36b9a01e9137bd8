"""The sentences of refusals by code, for readers of other languages than English.

Floors that know no Django refuse in English; their codes are translated here. Places in a sentence are the names the
refusal carries in `where`. A test walks the code for codes that are raised and not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Text:
    """What happened, and what to do (empty: what the refusal itself says)."""

    message: str
    fix: str = ""


_ONE_OF = _("Use one of: %(allowed)s.")

TEXTS: Mapping[str, Text] = {
    "sla.no_hours": Text(_("The calendar has too few working hours."), _("Give at least one weekday working hours.")),
    "sla.bad_hours": Text(
        _("These are no working hours: %(value)s."),
        _("Write them as 09:00-12:00, 13:00-18:00, in order and within one day; nothing for a day without work."),
    ),
    "lead.bad_rule": Text(
        _("This is no rule of fit: %(value)s."),
        _("Write lines such as: role: director, manager = 40, or employees: 50-500 = 30."),
    ),
    "page.number": Text(_("%(value)s is no whole number."), _("Write one from %(least)s to %(most)s.")),
    "page.window": Text(_("%(value)s is no length of time."), _("Write 30m, 8h, 14d or 4w, or day for the same day.")),
    "page.property": Text(_("A property has to be named."), _("Name a property of the events.")),
    "question.not_an_object": Text(
        _("A question is a JSON object."), _('Write {"question": "movements", "from": "2024-01", "to": "2024-12"}.')
    ),
    "question.unknown": Text(_("There is no question %(value)s."), _ONE_OF),
    "question.unknown_field": Text(_("The question names a field that does not exist: see %(field)s."), _ONE_OF),
    "question.missing_field": Text(_("The question needs the field %(field)s.")),
    "question.bad_value": Text(_("The field %(field)s cannot be %(value)s."), _ONE_OF),
    "question.does_not_fit": Text(_("The field %(field)s does not go with the other fields.")),
    "question.too_many_matchers": Text(
        _("A question cannot tell %(value)s matchers apart."), _("Ask for fewer steps, exclusions or features at once.")
    ),
    "question.no_such_table": Text(_("The answer has no table %(field)s.")),
    "question.unknown_operator": Text(_("There is no operator %(value)s in %(field)s."), _ONE_OF),
    "question.unknown_definition": Text(_("There is no metric definition %(value)s."), _ONE_OF),
    "question.unknown_period": Text(_("The answer has no period %(value)s.")),
    "question.unknown_cell": Text(_("The answer has no such cell: %(value)s."), _ONE_OF),
    "question.not_in_answer": Text(
        _("The answer has no row with %(field)s %(value)s."), _("Take one of the answer's rows.")
    ),
    "close.month_not_over": Text(_("%(month)s is not over."), _("Close it from the first day of the next month on.")),
    "question.backwards": Text(_("The start %(value)s is after the end."), _("Swap them.")),
    "question.too_long": Text(
        _("That is more periods than one question may span."), _("Ask for a shorter stretch or a coarser grain.")
    ),
    "question.too_many_slices": Text(
        _("That is more cells than one answer may have."),
        _("Slice by a field with fewer values, narrow it with `where`, or ask for fewer periods."),
    ),
    "journal.read_elsewhere": Text(
        _("Another process writes the journal into the lake."), _("Let one server at a time work in a workspace.")
    ),
    "journal.written_elsewhere": Text(
        _("Another process writes the journal."), _("Let one server at a time work in a workspace.")
    ),
    "icp.bad_rule": Text(
        _("This is no rule of a profile: see %(field)s."),
        _(
            "A rule has a name of at most 60 characters, something it is about, up to 50 words (or a range such as"
            " 50-500) and points from -100 to 100."
        ),
    ),
    "setting.unknown": Text(_("There is no setting %(field)s."), _ONE_OF),
    "setting.bad_value": Text(_("The setting %(field)s cannot be %(value)s."), _ONE_OF),
    "setting.refused": Text(
        _("%(variable)s is %(value)s, which is not allowed."), _("Set %(variable)s to: %(allowed)s; or remove it.")
    ),
    "setting.unreadable_file": Text(
        _("%(variable)s names %(value)s, which cannot be read."),
        _("Make the file readable for this user, or name another one."),
    ),
    "setting.unknown_timezone": Text(
        _("There is no time zone %(value)s."), _("Use an IANA name such as Asia/Shanghai, Europe/Berlin or UTC.")
    ),
    "permission.denied": Text(
        _("Your role may not do this (%(permission)s)."),
        _("Ask an owner or administrator to do it, or for another role."),
    ),
    "permission.scope": Text(
        _("This speaks of all accounts, and you see only some of them."),
        _("Ask a member who sees all accounts, or an administrator to change your scope."),
    ),
    "import.not_staged": Text(_("Import %(run)s is not waiting to be applied."), _("Start a new import of the file.")),
    "import.not_applied": Text(
        _("There is nothing to undo in import %(run)s."), _("Choose an import that is applied.")
    ),
    "import.no_report": Text(
        _("Import %(run)s has no report: no row was refused."),
        _("Nothing needs to be corrected. GET /api/imports lists what became of each import."),
    ),
    "mirror.store_older_than_lake": Text(
        _("The lake has changes that this store does not know: the store was replaced or restored."),
        _("Run `tenure replay`, which writes the store's records into the lake again."),
    ),
    "engine.cluster_lost": Text(
        _("The cluster does not answer."),
        _("Its keeper starts its master again, or sets TENURE_ENGINE to duckdb; `tenure doctor` looks at the cluster."),
    ),
    "engine.cluster_failed": Text(
        _("The cluster could not compute the answer."),
        _("Ask again. `tenure doctor` looks at the cluster, and its own log says more."),
    ),
    "engine.cancelled": Text(
        _("The question was cancelled."),
        _("Ask it again when you need it."),
    ),
    "engine.not_installed": Text(
        _("%(what)s is not on this machine, which the engine %(value)s needs."),
        _("Its keeper installs it (%(command)s), or sets TENURE_ENGINE to duckdb."),
    ),
    "engine.out_of_memory": Text(
        _("The question needs more memory than this process may use."),
        _("Ask for a shorter range or fewer slices, or raise TENURE_MEMORY_LIMIT."),
    ),
    "engine.cannot_read": Text(
        _("A file of the lake could not be read or the disk is full."),
        _("Ask again; if it stays, check the free space and the permissions of the workspace's folder."),
    ),
    "setting.engine": Text(
        _("The engine refuses the memory limit %(value)s or the number of threads."),
        _("Write a memory limit such as 2GB or 500MB, and at least one thread."),
    ),
    "lake.unknown_table": Text(_("There is no table %(value)s."), _ONE_OF),
    "lake.version_gone": Text(
        _("Version %(version)s of %(table)s cannot be read any more."),
        _("Ask again without a version, or read one that is still kept."),
    ),
    "lake.rows_differ": Text(
        _("The files of %(table)s do not hold the rows its log says."),
        _("Nothing was changed. Restore the table's folder from a backup or mirror the table anew."),
    ),
    "lake.no_bucket": Text(
        _("There is no bucket %(bucket)s."),
        _("Its keeper makes the bucket, or corrects TENURE_LAKE, AWS_REGION or AWS_ENDPOINT_URL."),
    ),
    "lake.access_refused": Text(
        _("The storage refuses this key in the bucket %(bucket)s."),
        _("Its keeper checks AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the key must list, read, put and delete."),
    ),
    "lake.unreachable": Text(
        _("The storage of %(lake)s does not answer."),
        _("Nothing is lost: what comes in waits. Its keeper checks AWS_ENDPOINT_URL and whether the server runs."),
    ),
    "lake.storage_failed": Text(
        _("The storage of %(lake)s could not do what was asked of it."),
        _("Ask again; if it stays, the log of the storage server says more."),
    ),
    "lake.contended": Text(
        _("Others wrote to %(table)s each time this process tried."),
        _("Nothing was changed. Try again."),
    ),
    "lake.overtaken": Text(
        _("Another process has written to %(table)s in between."),
        _("Nothing was changed. Try again."),
    ),
    "load.not_rows": Text(
        _("That is not something rows can be read from."),
        _("Hand over a list of dicts, an Arrow table, a frame, or the path of a file."),
    ),
    "load.not_a_row": Text(_("Row %(row)s is not a dict."), _("Hand over one dict per row.")),
    "load.no_file": Text(_("There is no file %(path)s."), _("Check the path.")),
    "load.unknown_file": Text(
        _("%(path)s is not a kind of file that can be loaded."),
        _("Save it as .csv, .csv.gz, .tsv, .xlsx, .parquet or .jsonl."),
    ),
    "load.unreadable_file": Text(
        _("%(path)s cannot be read."),
        _("Save the file again as UTF-8 CSV or XLSX, or use `tenure import`, which finds encodings itself."),
    ),
    "workspace.unreadable": Text(
        _("%(path)s is not a JSON file."), _("Restore it from a backup, or delete it to start with default settings.")
    ),
    "request.not_json": Text(
        _("The body is not a JSON object."), _('Send a JSON object in UTF-8, such as {"question": "movements"}.')
    ),
    "request.invalid": Text(_("%(field)s cannot be read."), _("Compare the request with /api/docs.")),
    "request.wrong_method": Text(_("This address does not take %(method)s."), _("Compare the request with /api/docs.")),
    "request.too_many": Text(_("Too many requests in a short time."), _("Wait a minute, then go on more slowly.")),
    "request.too_large": Text(
        _("The request is larger than %(megabytes)s MB."),
        _("Send less at once; large files are imported by the command `tenure import`."),
    ),
    "request.failed": Text(
        _("Something went wrong in Tenure itself."),
        _(
            "Nothing was changed by this request. Try again; if it stays, send the number %(number)s to whoever runs"
            " this."
        ),
    ),
    "request.unknown_address": Text(
        _("There is nothing at this address."), _("Check the address, or start from the first page.")
    ),
    "request.forged": Text(
        _("This form did not come from a page of this session."),
        _("Load the page again and repeat what you did; cookies must be allowed."),
    ),
    "login.required": Text(
        _("This needs an API key, and none or an invalid one was given."),
        _(
            "Send the header `Authorization: Bearer KEY`; an owner or administrator makes a key with"
            " `tenure api-key create`."
        ),
    ),
    "page.stretch": Text(
        _("This page cannot show that stretch of time."),
        _("Choose at most %(longest)s periods, the first not after the last."),
    ),
    "simulation.folder_in_use": Text(
        _("%(folder)s has something else in it."),
        _("Choose a folder that is empty, new, or was written by an earlier simulation."),
    ),
    "page.no_contract": Text(_("There is no contract %(value)s."), _("Open the contract from the list of renewals.")),
    "page.not_shown": Text(_("There is no %(value)s here."), _("Open it from the list it is in.")),
    "page.choice": Text(_("%(field)s cannot be %(value)s."), _ONE_OF),
    "page.period": Text(
        _("%(value)s is not a period."),
        _("Write a month (2026-10), a quarter (2026-Q4), a year (2026) or a day (2026-10-31)."),
    ),
}
