"""Tables of people, keys, the audit trail, imports and the outbox."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    OPERATOR = "operator", _("Operator")
    SUCCESS = "success", _("Customer success")
    SALES = "sales", _("Sales")
    ANALYST = "analyst", _("Analyst")
    VIEWER = "viewer", _("Viewer")
    AGENT = "agent", _("Agent")


SENDER = "sender"
CAPTURER = "capturer"
KEY_ROLES = {**dict(Role.choices), SENDER: _("Sender of events"), CAPTURER: _("Sender of leads")}
"""What a key may be: all that a member may be, or one that may send only: events (browsers show it to everybody), or
leads."""


class Language(models.TextChoices):
    ENGLISH = "en", _("English")
    CHINESE = "zh-hans", _("Simplified Chinese")


class Scope(models.TextChoices):
    """Whose accounts one sees: those one owns, those of one's team, or every account."""

    OWN = "own", _("My accounts only")
    TEAM = "team", _("My team's accounts only")
    ALL = "all", _("All accounts")


class Team(models.Model):
    """Members who see each other's accounts."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class MemberManager(BaseUserManager["Member"]):
    def get_by_natural_key(self, username: str | None) -> Member:
        return self.get(email__iexact=username)


class Member(AbstractBaseUser):
    """A person who works in Tenure. One signs in by e-mail address and password, or by a one-time link."""

    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = models.CharField(_("name"), max_length=200)
    language = models.CharField(_("language"), max_length=10, choices=Language.choices, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="members")
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.ALL)
    owns_as = models.CharField(max_length=200, blank=True)
    """the word by which the accounts' `owner` names this member, besides the e-mail address"""
    appearance = models.JSONField(default=dict, blank=True)
    """what they chose of `appearance.CHOICES`"""
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MemberManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name", "role"]

    class Meta:
        constraints = (
            models.UniqueConstraint(models.functions.Lower("email"), name="workspaces_member_email"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="workspaces_member_role"),
            models.CheckConstraint(condition=models.Q(scope__in=Scope.values), name="workspaces_member_scope"),
            models.CheckConstraint(
                condition=~models.Q(scope=Scope.TEAM) | models.Q(team__isnull=False), name="workspaces_member_in_team"
            ),
            models.UniqueConstraint(
                fields=["owns_as"], condition=~models.Q(owns_as=""), name="workspaces_member_owns_as"
            ),
        )

    def __str__(self) -> str:
        return self.display_name or self.email


class LinkPurpose(models.TextChoices):
    ENTER = "enter"
    INVITE = "invite"
    RESET = "reset"


class LoginLink(models.Model):
    """A link that signs a member in once; only its hash is kept. To invite or to reset, it asks for a new password."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="login_links")
    digest = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=10, choices=LinkPurpose.choices, default=LinkPurpose.ENTER)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(purpose__in=LinkPurpose.values), name="workspaces_loginlink_purpose"
            ),
        )

    def __str__(self) -> str:
        return f"login link of member {self.member_id}"


class ApiKey(models.Model):
    """A key that programs sign in with; shown once, kept as prefix and hash."""

    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    role = models.CharField(max_length=20, choices=list(KEY_ROLES.items()))
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="keys")
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.ALL)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(role__in=list(KEY_ROLES)), name="workspaces_apikey_role"),
            models.CheckConstraint(
                condition=models.Q(scope=Scope.ALL) | models.Q(scope=Scope.TEAM, team__isnull=False),
                name="workspaces_apikey_scope",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class Door(models.TextChoices):
    """By which door a change came in."""

    PAGE = "page", _("A page")
    API = "api", _("The API")
    COMMAND = "command", _("A command")
    JOB = "job", _("A job")


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("The audit trail is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only.")


class AuditEntry(models.Model):
    """Who did what to which object, when and from where: append-only.

    `detail` holds `before` and `after`, by column, where something changed; `address` is where a request came from.
    """

    at = models.DateTimeField()
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=300)
    verb = models.CharField(max_length=100)
    kind = models.CharField(max_length=100)
    key = models.TextField()
    detail = models.JSONField(default=dict)
    door = models.CharField(max_length=10, choices=Door.choices, blank=True)
    address = models.CharField(max_length=64, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["kind", "key"], name="workspaces_audit_object"),
            models.Index(fields=["at"], name="workspaces_audit_at"),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(door__in=["", *Door.values]), name="workspaces_audit_door"),
        )

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.kind} {self.key}"

    @property
    def before(self) -> Any:
        """The values that were, by column."""
        return self.detail.get("before")

    @property
    def after(self) -> Any:
        """The values that are, by column; of what changed nothing, what else was noted."""
        rest = {k: v for k, v in self.detail.items() if k not in ("before", "row_id", "former", "fields", "reason")}
        return rest.get("after") or rest or None

    @property
    def reason(self) -> str:
        """Why, in the words of who did it."""
        return str(self.detail.get("reason") or "")

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("The audit trail is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only.")


class ImportState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    CHECKING = "checking", _("Being checked")
    QUEUED = "queued", _("Queued")
    STAGED = "staged", _("Staged")
    APPLIED = "applied", _("Applied")
    UNDONE = "undone", _("Undone")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class ImportRun(models.Model):
    """One file that somebody imported, with what it changed.

    `upload` names the kept file while it is a draft or a job is to read it; `options` are the choices about reading it;
    `outcome` is what was said last: the check of a draft, the summary of what was imported, or the refusal. `repairs`
    is the import whose refused rows this one brings, repaired.
    """

    kind = models.CharField(max_length=50)
    file_name = models.CharField(max_length=500)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.STAGED)
    rows_read = models.BigIntegerField(default=0)
    rows_bad = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    report_path = models.TextField(blank=True)
    upload = models.CharField(max_length=100, blank=True)
    options = models.JSONField(null=True)
    outcome = models.JSONField(null=True)
    repairs = models.ForeignKey("self", models.SET_NULL, null=True, related_name="repaired_by")

    class Meta:
        indexes = (models.Index(fields=["-started_at"], name="workspaces_importrun_recent"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(state__in=ImportState.values), name="workspaces_importrun_state"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"


class Shared(models.TextChoices):
    PRIVATE = "private", _("Only me")
    TEAM = "team", _("My team")
    ALL = "all", _("Everybody")


class SavedView(models.Model):
    """What a page showed, kept under a name: the query of its address. It shows a reader what they may see."""

    name = models.CharField(_("name"), max_length=100)
    page = models.CharField(max_length=50)
    query = models.TextField(blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="views")
    """who made it; none: a program or command, for everybody"""
    shared = models.CharField(max_length=10, choices=Shared.choices, default=Shared.PRIVATE)
    pinned = models.BooleanField(default=False)
    cockpit = models.BooleanField(default=False)
    """whether its figure is a tile of the cockpit, for everybody who sees the view"""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=["page"], name="workspaces_savedview_page"),)
        constraints = (
            models.UniqueConstraint(fields=["owner", "page", "name"], name="workspaces_savedview_name"),
            models.UniqueConstraint(
                fields=["page", "name"], condition=models.Q(owner=None), name="workspaces_savedview_unowned_name"
            ),
            models.CheckConstraint(condition=models.Q(shared__in=Shared.values), name="workspaces_savedview_shared"),
            models.CheckConstraint(
                condition=models.Q(owner__isnull=False) | models.Q(shared=Shared.ALL),
                name="workspaces_savedview_owned",
            ),
        )

    def __str__(self) -> str:
        return self.name


class OutboxEntry(models.Model):
    """Rows on their way to the lake, written in the transaction of the change; deleted once the lake has them."""

    class Operation(models.TextChoices):
        INSERT = "insert"
        SUPERSEDE = "supersede"

    position = models.BigAutoField(primary_key=True)
    table = models.CharField(max_length=50)
    op = models.CharField(max_length=10, choices=Operation.choices)
    payload = models.BinaryField()
    rows = models.IntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(op__in=["insert", "supersede"]), name="workspaces_outbox_op"),
        )

    def __str__(self) -> str:
        return f"{self.position}: {self.op} {self.rows} {self.table}"


class FieldType(models.TextChoices):
    """What a custom field holds."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    MONEY = "money", _("Money")
    DATE = "date", _("Day")
    BOOLEAN = "boolean", _("Yes or no")
    CHOICE = "choice", _("One of a list")
    MULTI = "multi", _("Some of a list")
    MEMBER = "member", _("Member")
    URL = "url", _("Web address")


class CustomField(models.Model):
    """A field that an installation adds to a kind of record; its values are in the records' `attributes`.

    Once removed it stays here: its values stay, too, and what was personal remains so.
    """

    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=40)
    label_en = models.CharField(max_length=100, blank=True)
    label_zh = models.CharField(max_length=100, blank=True)
    type = models.CharField(max_length=10, choices=FieldType.choices)
    options = models.JSONField(default=list)
    """what can be chosen; of money its currency"""
    required = models.BooleanField(default=False)
    personal = models.BooleanField(default=False)
    """whether only those see it who may read personal data"""
    position = models.IntegerField(default=0)
    made_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["kind", "position"], name="workspaces_customfield_order"),)
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "key"], condition=models.Q(removed_at=None), name="workspaces_customfield_key"
            ),
            models.CheckConstraint(condition=models.Q(type__in=FieldType.values), name="workspaces_customfield_type"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
