"""The pages of imports. A draft goes from step to step by its own address; nothing is written before the last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.connectors import files, tasks
from tenure.apps.connectors.files import ImportRefused, Options, drafts, rejects
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import ImportRun
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web import uploads
from tenure.web.api.requests import MEGABYTE, MOST_FILE, is_larger
from tenure.web.choices import one_of
from tenure.web.connectors import matching, shown, words
from tenure.web.export import table_file
from tenure.web.listing.store import StoreRows
from tenure.web.pages import Action, is_fragment, page, requires

MOST_FILES = 20
AUTOMATIC = "auto"


@require_GET
@requires("import")
def import_list(request: HttpRequest) -> HttpResponse:
    """Every import, the newest first."""
    listing = shown.listing()
    moved = listing.moved(request)
    if moved is not None:
        return moved
    state = listing.state(request, timezone.localdate())
    return page(
        request,
        "connectors/imports.html",
        heading=_("Imports"),
        actions=[Action(_("Import files"), reverse("import_new"), "upload", primary=True)],
        listing=listing.shown(_runs(), state),
    )


@require_GET
@requires("import")
def import_list_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as a file: the filters, columns and order of the screen."""
    listing = shown.listing()
    return table_file(form, "imports", *listing.file(_runs(), listing.state(request, timezone.localdate())))


def _runs() -> StoreRows:
    return StoreRows(selectors.import_runs(), "id", {"id": "pk", "by": "by__display_name"})


@csrf_exempt  # looked at below, once the size is known to be within bounds: looking reads the whole upload
@require_http_methods(["GET", "POST"])
@requires("import")
def import_new(request: HttpRequest) -> HttpResponse:
    """The first step: choose files. Each becomes a draft."""
    if is_larger(request, MOST_FILE):
        return _choosing(request, [("", _too_large())])
    return _new(request)


@csrf_protect
def _new(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _choosing(request, [])
    given = request.FILES.getlist("files")[: MOST_FILES + 1]
    if not given:
        return _choosing(request, [("", ImportRefused("import.no_file"))])
    if len(given) > MOST_FILES:
        return _choosing(request, [("", ImportRefused("import.too_many_files", limit=MOST_FILES))])
    uploads.spend(request.user)
    kept, refused = [], []
    chosen = request.POST.get("kind") or AUTOMATIC
    for file in given:
        try:
            kind = None if chosen == AUTOMATIC else chosen
            kept.append(drafts.keep(uploads.content(file), by=request.user, name=file.name, kind=kind))
        except TenureError as problem:
            refused.append((str(file.name), problem))
    if refused:
        return _choosing(request, refused, kept)
    return HttpResponseRedirect(reverse("import_columns", args=[kept[0].pk]))


def _choosing(
    request: HttpRequest, refused: list[tuple[str, TenureError]], kept: list[ImportRun] | None = None
) -> HttpResponse:
    chosen = request.GET.get("kind", AUTOMATIC) if request.method == "GET" or not kept else AUTOMATIC
    kinds = [(AUTOMATIC, _("Tell by the headings"), _("each file for itself")),
             *((code, name, said) for code, (name, said) in words.KINDS.items())]  # fmt: skip
    return page(
        request,
        "connectors/new.html",
        status=422 if refused else 200,
        heading=_("Import files"),
        steps=shown.steps(1, broken=bool(refused)),
        kinds=[{"code": code, "label": name, "said": said, "chosen": code == chosen} for code, name, said in kinds],
        refused=[{"name": name, "said": words.refusal(problem)} for name, problem in refused],
        kept=[{"name": run.file_name, "href": reverse("import_columns", args=[run.pk])} for run in kept or []],
        waiting=[] if kept else [
            {"name": run.file_name, "kind": words.kind(run.kind), "href": reverse("import", args=[run.pk])}
            for run in selectors.drafts_of(request.user)
        ],
        megabytes=MOST_FILE // MEGABYTE,
        days=drafts.KEPT_DAYS,
    )  # fmt: skip


def _too_large() -> TenureError:
    return ImportRefused("import.too_large", megabytes=MOST_FILE // MEGABYTE)


@require_http_methods(["GET", "POST"])
@requires("import")
def import_columns(request: HttpRequest, run_id: int) -> HttpResponse:
    """The second step: which column is which, and how the file is read."""
    run = selectors.import_run(run_id)
    if run.state != "draft":
        return _to(run)
    if request.method == "GET":
        return _matching(request, run, drafts.refusal_of(run))
    try:
        return _matched(request, run)
    except TenureError as problem:
        return _matching(request, run, problem, request.POST)


def _matched(request: HttpRequest, run: ImportRun) -> HttpResponse:
    post = request.POST
    kind, options = post.get("kind", run.kind), matching.read_options(post)
    name = post.get("mapping") or matching.GENERIC
    again = post.get("do") == "again" or kind != run.kind
    if not again:
        seen = drafts.look(run, replace(options, mapping=None))
        again = post.get("mark") != matching.mark(seen)
    if again:
        drafts.choose(run, kind, replace(options, mapping=None if name == matching.GENERIC else name))
        return HttpResponseRedirect(reverse("import_columns", args=[run.pk]))
    drafts.choose(run, kind, matching.read_columns(post, kind, seen, options))
    save_as = post.get("save_as", "").strip()
    if save_as:
        drafts.save_mapping(run, save_as)
        messages.success(request, _("The matching is kept as “%(name)s”.") % {"name": save_as})
    return _check(run)


def _check(run: ImportRun) -> HttpResponse:
    """Check a draft: at once if it is small, else by the worker."""
    if drafts.size_of(run) > uploads.MOST_AT_ONCE:
        tasks.queue_check(run)
    else:
        drafts.carry_out_check(run.pk)
        run.refresh_from_db()
    return HttpResponseRedirect(reverse("import_check", args=[run.pk]))


def _matching(request: HttpRequest, run: ImportRun, problem: TenureError | None, post: Any = None) -> HttpResponse:
    try:
        seen = drafts.look(run)
    except TenureError as unreadable:
        seen, problem = None, problem or unreadable
    return page(
        request,
        "connectors/columns.html",
        status=422 if post is not None else 200,
        heading=run.file_name,
        steps=shown.steps(2, broken=problem is not None),
        run=run,
        refused=None if problem is None else words.refusal(problem, run.kind),
        before=shown.before(run),
        form=matching.form(run, seen, post),
    )


@require_http_methods(["GET", "POST"])
@requires("import")
def import_check(request: HttpRequest, run_id: int) -> HttpResponse:
    """The third step: what importing would do; POST starts it."""
    run = selectors.import_run(run_id)
    found = drafts.found_of(run)
    if request.method == "POST" and found is not None:
        chosen = one_of(request.POST, "duplicates", shown.DUPLICATES, "import")
        options = drafts.options_of(run)
        options = replace(options, skip_bad=request.POST.get("skip_bad") == "yes", duplicates=chosen)
        tasks.queue_draft(run, options, by=request.user)
        return HttpResponseRedirect(reverse("import", args=[run.pk]))
    if run.state == "checking":
        return _running(request, run, 3)
    if run.state != "draft" or found is None:
        return _to(run)
    return page(
        request,
        "connectors/check.html",
        heading=run.file_name,
        steps=shown.steps(3),
        run=run,
        kind=words.kind(run.kind),
        check=shown.check(run, found),
    )


@require_GET
@requires("import")
def import_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """The last step: how far the import is, and what became of it."""
    run = selectors.import_run(run_id)
    if run.state in ("draft", "checking"):
        return _to(run)
    if run.state in ("queued", "staged"):
        return _running(request, run, 4)
    return _result(request, run)


def _result(request: HttpRequest, run: ImportRun, **more: Any) -> HttpResponse:
    return page(
        request,
        "connectors/run.html",
        status=422 if more else 200,
        heading=run.file_name,
        run=run,
        result=shown.result(run, **more),
    )


def _running(request: HttpRequest, run: ImportRun, step: int) -> HttpResponse:
    return page(
        request,
        "connectors/running.html",
        heading=run.file_name,
        steps=shown.steps(step),
        progress=shown.progress(run),
    )


@require_GET
@requires("import")
def import_progress(request: HttpRequest, run_id: int) -> HttpResponse:
    """How far it is, as the page asks every second; at the end it is sent on."""
    run = selectors.import_run(run_id)
    if run.state in ("checking", "queued", "staged") and is_fragment(request):
        return page(request, "components/progress.html", progress=shown.progress(run))
    response = HttpResponse(status=204 if is_fragment(request) else 302)
    response["HX-Redirect" if is_fragment(request) else "Location"] = reverse("import", args=[run.pk])
    return response


@require_POST
@requires("import")
def import_cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    """Stop it; a draft is thrown away."""
    run = files.cancel(run_id, by=request.user)
    if run.state == "cancelled":
        messages.success(request, _("%(file)s is not imported; nothing was written.") % {"file": run.file_name})
        return HttpResponseRedirect(reverse("imports"))
    return _to(run)


@require_http_methods(["GET", "POST"])
@requires("import")
def import_undo(request: HttpRequest, run_id: int) -> HttpResponse:
    """Take an import back, after asking."""
    run = selectors.import_run(run_id)
    if request.method == "POST":
        done = files.undo(run_id, by=request.user)
        said = _(
            "Taken back: %(withdrawn)s rows withdrawn, %(restored)s restored, %(kept)s left as they changed since."
        )
        messages.success(
            request, said % {name: f.exact(getattr(done, name)) for name in ("withdrawn", "restored", "kept")}
        )
        return HttpResponseRedirect(reverse("import", args=[run.pk]))
    return page(
        request,
        "connectors/undo.html",
        crumbs=[(run.file_name, reverse("import", args=[run.pk]))],
        heading=_("Undo this import"),
        run=run,
        is_undoable=run.state == "applied",
        result=shown.result(run),
    )


@require_GET
@requires("import")
def import_rejects(request: HttpRequest, run_id: int) -> HttpResponse:
    """The refused rows as a file, with what is wrong with each."""
    run = selectors.import_run(run_id)
    if not drafts.rejects_of(run).is_file():
        return HttpResponseRedirect(reverse("import", args=[run.pk]))
    response = StreamingHttpResponse(rejects.as_csv(drafts.rejects_of(run)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{run.pk}-refused.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@requires("import")
def import_rows(request: HttpRequest, run_id: int) -> HttpResponse:
    """Import refused rows that were repaired in the page, as a run of their own."""
    run = selectors.import_run(run_id)
    heads, refused = drafts.refused_rows(run)
    lines = shown.repaired_lines(refused, len(heads), request.POST)
    if not lines:
        return HttpResponseRedirect(reverse("import", args=[run.pk]))
    done = drafts.repair(run, lines, by=request.user)
    if isinstance(done, files.Preview):
        return _result(request, run, given=request.POST, rejects=(heads, drafts.still_refused(lines, done)))
    count = done.created + done.changed + done.unchanged
    said = ngettext("%(count)s repaired row is imported.", "%(count)s repaired rows are imported.", count)
    messages.success(request, said % {"count": f.exact(count)})
    return HttpResponseRedirect(reverse("import", args=[done.run]))


@csrf_exempt  # as for new files
@require_POST
@requires("import")
def import_return(request: HttpRequest, run_id: int) -> HttpResponse:
    """A file of refused rows comes back repaired: a draft that is read as the first file was, checked at once."""
    if is_larger(request, MOST_FILE):
        raise _too_large()
    return _returned(request, selectors.import_run(run_id))


@csrf_protect
def _returned(request: HttpRequest, run: ImportRun) -> HttpResponse:
    file = request.FILES.get("files")
    if file is None:
        raise ImportRefused("import.no_file")
    options: Options = drafts.repair_options(run)
    draft = drafts.keep(
        uploads.content(file), by=request.user, name=file.name, kind=run.kind, options=options, repairs=run
    )
    return _check(draft)


def _to(run: ImportRun) -> HttpResponse:
    """Where a run is to be seen in its state."""
    step = "import"
    if run.state == "checking" or (run.state == "draft" and drafts.found_of(run) is not None):
        step = "import_check"
    elif run.state == "draft":
        step = "import_columns"
    return HttpResponseRedirect(reverse(step, args=[run.pk]))
