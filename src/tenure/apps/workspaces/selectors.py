"""Reads of this app: members, keys, imports, the audit trail."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tenure.apps.workspaces.models import (
    ApiKey,
    AuditEntry,
    ImportRun,
    ImportState,
    Member,
    SavedView,
    Shared,
    Team,
)
from tenure.apps.workspaces.permissions import Caller
from tenure.core.errors import TenureError


def members() -> QuerySet[Member]:
    """Everybody, by name."""
    return Member.objects.select_related("team").order_by("display_name", "pk")


def members_with_state() -> QuerySet[Member]:
    """Everybody, by name, and whether each has a second factor."""
    factors = Authenticator.objects.filter(user_id=OuterRef("pk"))
    return members().annotate(has_second_factor=Exists(factors))


def member(member_id: int) -> Member:
    """One member by number, with whether they have a second factor."""
    found = members_with_state().filter(pk=member_id).first()
    if found is None:
        raise TenureError(
            "member.unknown_number",
            _("There is no such member."),
            fix=_("Choose one from the list of members."),
            value=str(member_id),
        )
    return found


def member_by_address(email: str) -> Member:
    """The member with an address, active or not."""
    found = members().filter(email__iexact=email.strip()).first()
    if found is None:
        raise TenureError(
            "member.unknown",
            _("There is no member with the address %(value)s.") % {"value": repr(email)},
            fix=_("`tenure member list` shows who there is."),
            field="email",
            value=email,
        )
    return found


def team(team_id: int) -> Team:
    """One team by number."""
    found = teams().filter(pk=team_id).first()
    if found is None:
        raise TenureError(
            "team.unknown_number",
            _("There is no such team."),
            fix=_("Choose one from the list of teams."),
            value=str(team_id),
        )
    return found


def teams() -> QuerySet[Team]:
    """Every team, by name, with how many members and keys it has."""
    counted = Team.objects.annotate(size=Count("members", distinct=True), key_count=Count("keys", distinct=True))
    return counted.order_by("name")


def active_member(email: str) -> Member | None:
    """The member with an address, if they have access."""
    return Member.objects.filter(email__iexact=email.strip(), is_active=True).first()


def api_keys() -> QuerySet[ApiKey]:
    """Every key, the newest first."""
    return ApiKey.objects.select_related("created_by", "team").order_by("-created_at", "-pk")


def audit(kind: str | None = None, key: str | None = None) -> QuerySet[AuditEntry]:
    """What was done, the newest first: of one kind of object, of one object, or of all."""
    entries = AuditEntry.objects.select_related("member").order_by("-at", "-pk")
    if kind is not None:
        entries = entries.filter(kind=kind)
    if key is not None:
        entries = entries.filter(key=key)
    return entries


def audit_in_order() -> QuerySet[AuditEntry]:
    """Every entry in the order of writing: writers take turns, so no number is given later than a higher one."""
    return AuditEntry.objects.order_by("pk")


def import_runs(kind: str | None = None) -> QuerySet[ImportRun]:
    """Imports, the newest first, without what each said at its end."""
    runs = ImportRun.objects.defer("outcome").select_related("by", "undone_by").order_by("-started_at", "-pk")
    return runs if kind is None else runs.filter(kind=kind)


def last_imports() -> dict[str, ImportRun]:
    """The last import of each kind that was applied."""
    newest = ImportRun.objects.filter(state=ImportState.APPLIED).values("kind").annotate(newest=Max("pk"))
    runs = ImportRun.objects.defer("outcome").filter(pk__in=newest.values("newest"))
    return {run.kind: run for run in runs}


def import_run(run_id: int) -> ImportRun:
    """One import by its number."""
    run = ImportRun.objects.select_related("by", "undone_by").filter(pk=run_id).first()
    if run is None:
        raise TenureError(
            "import.unknown_run",
            _("There is no import “{value}”.").format(value=run_id),
            fix=_("List the imports with: tenure imports."),
            value=str(run_id),
        )
    return run


def imports_with_upload() -> QuerySet[ImportRun]:
    """Imports for which a file is kept."""
    return ImportRun.objects.exclude(upload="").order_by("pk")


def drafts_of(member: Member | None) -> QuerySet[ImportRun]:
    """Files a member has uploaded and not decided on, in the order they came."""
    found = ImportRun.objects.filter(state=ImportState.DRAFT, by=member, repairs=None)
    return found.order_by("pk") if member is not None else found.none()


def running_imports() -> QuerySet[ImportRun, int]:
    """Numbers of the imports that a process may be at."""
    active = (ImportState.CHECKING, ImportState.QUEUED, ImportState.STAGED)
    return ImportRun.objects.filter(state__in=active).values_list("pk", flat=True)


def applied_from(source: str) -> QuerySet[ImportRun]:
    """Applied imports whose rows were all given this `source`."""
    return ImportRun.objects.filter(state=ImportState.APPLIED, options__constants__source=source)


def applied_before(kind: str, digest: str) -> ImportRun | None:
    """The applied import of the very same file, if there was one."""
    found = ImportRun.objects.filter(kind=kind, digest=digest, state=ImportState.APPLIED)
    return found.order_by("-pk").first()


def views_visible_to(caller: Caller) -> QuerySet[SavedView]:
    """The saved views somebody sees: their own, those of their team, and those for everybody."""
    seen = Q(shared=Shared.ALL)
    if caller.team_id is not None:
        seen |= Q(shared=Shared.TEAM, owner__team_id=caller.team_id)
    if isinstance(caller, Member):
        seen |= Q(owner=caller)
    return SavedView.objects.filter(seen).select_related("owner").order_by("name", "pk")


def views_of_everybody() -> QuerySet[SavedView]:
    """The saved views that are for everybody."""
    return SavedView.objects.filter(shared=Shared.ALL).select_related("owner").order_by("name", "pk")


def view_for(caller: Caller, view_id: int) -> SavedView:
    """One saved view; one the caller does not see is refused as one that is not there."""
    return _the_view(views_visible_to(caller), view_id)


def view_of_everybody(view_id: int) -> SavedView:
    """One saved view that is for everybody."""
    return _the_view(views_of_everybody(), view_id)


def _the_view(views: QuerySet[SavedView], view_id: int) -> SavedView:
    found = views.filter(pk=view_id).first()
    if found is None:
        raise TenureError(
            "view.unknown",
            _("There is no such saved view."),
            fix=_("Choose one from the list of saved views."),
            value=str(view_id),
        )
    return found
