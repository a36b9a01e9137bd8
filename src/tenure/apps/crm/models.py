"""Tables of accounts, contacts, deals, committees, tenders, demands and activities, as versions."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tenure.apps.workspaces.fields import ExactDecimalField
from tenure.apps.workspaces.versions import Version


class AccountVersion(Version):
    """One version of an account: a buying company."""

    KIND = "accounts"

    account_id = models.TextField()
    name = models.TextField(null=True)
    legal_name = models.TextField(null=True)
    uscc = models.TextField(null=True)
    domain = models.TextField(null=True)
    parent_id = models.TextField(null=True)
    industry = models.TextField(null=True)
    region = models.TextField(null=True)
    employees = models.IntegerField(null=True)
    tier = models.TextField(null=True)
    icp_fit = models.IntegerField(null=True)
    sales_motion = models.TextField(null=True)
    acquired_channel = models.TextField(null=True)
    pool = models.TextField(null=True)
    owner = models.TextField(null=True)
    product = models.TextField(null=True)
    created_at = models.DateTimeField(null=True)
    merged_into = models.TextField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], name="crm_account_account"),
            models.Index(
                fields=["owner", "account_id"], condition=models.Q(superseded_at=None), name="crm_account_owner"
            ),
            models.Index(fields=["parent_id"], condition=models.Q(superseded_at=None), name="crm_account_parent"),
            models.Index(fields=["merged_into"], condition=models.Q(superseded_at=None), name="crm_account_merged"),
            models.Index(fields=["uscc"], condition=models.Q(superseded_at=None), name="crm_account_uscc"),
            models.Index(fields=["domain"], condition=models.Q(superseded_at=None), name="crm_account_domain"),
            models.Index(
                fields=["account_id"], condition=models.Q(superseded_at=None, pool="public"), name="crm_account_pool"
            ),
        )


class ContactVersion(Version):
    """One version of a contact: a person at an account."""

    KIND = "contacts"
    PERSONAL = ("user_id", "name", "title", "email", "phone", "wechat", "consent", "attributes")

    contact_id = models.TextField()
    account_id = models.TextField(null=True)
    user_id = models.TextField(null=True)
    name = models.TextField(null=True)
    title = models.TextField(null=True)
    department = models.TextField(null=True)
    reports_to = models.TextField(null=True)
    roles = models.TextField(null=True)
    email = models.TextField(null=True)
    phone = models.TextField(null=True)
    wechat = models.TextField(null=True)
    consent = models.TextField(null=True)
    left = models.DateField(null=True)
    left_at = models.DateTimeField(null=True)

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["account_id"], name="crm_contact_account"),)


class DealVersion(Version):
    """One version of a deal: what an account may buy. The versions together are its history of stages."""

    KIND = "deals"

    deal_id = models.TextField()
    account_id = models.TextField()
    name = models.TextField(null=True)
    pipeline = models.TextField(null=True)
    stage = models.TextField(null=True)
    stage_at = models.DateTimeField(null=True)
    owner = models.TextField(null=True)
    amount = ExactDecimalField(null=True)
    mrr = ExactDecimalField(null=True)
    currency = models.TextField(null=True)
    term_months = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    won_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)
    close_date = models.DateField(null=True)
    next_step = models.TextField(null=True)
    next_step_on = models.DateField(null=True)
    competitor = models.TextField(null=True)
    lost_reason = models.TextField(null=True)
    lost_to = models.TextField(null=True)
    partner = models.TextField(null=True)
    contract_id = models.TextField(null=True)
    source_lead = models.TextField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], condition=models.Q(superseded_at=None), name="crm_deal_account"),
            models.Index(fields=["stage"], condition=models.Q(superseded_at=None), name="crm_deal_stage"),
            models.Index(fields=["owner"], condition=models.Q(superseded_at=None), name="crm_deal_owner"),
        )


class CommitteeMemberVersion(Version):
    """One version of what a contact has to say in a deal."""

    KIND = "committee_members"
    PERSONAL = ("concerns", "criteria")

    deal_id = models.TextField()
    contact_id = models.TextField()
    account_id = models.TextField()
    roles = models.TextField(null=True)
    decision_power = models.IntegerField(null=True)
    influence = models.IntegerField(null=True)
    stance = models.IntegerField(null=True)
    concerns = models.TextField(null=True)
    criteria = models.TextField(null=True)
    relationship_owner = models.TextField(null=True)
    influences = models.TextField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], condition=models.Q(superseded_at=None), name="crm_committee_account"),
            models.Index(fields=["contact_id"], condition=models.Q(superseded_at=None), name="crm_committee_contact"),
        )


class TenderVersion(Version):
    """One version of a tender."""

    KIND = "tenders"

    tender_id = models.TextField()
    account_id = models.TextField()
    deal_id = models.TextField(null=True)
    name = models.TextField(null=True)
    project_no = models.TextField(null=True)
    source_url = models.TextField(null=True)
    method = models.TextField(null=True)
    state = models.TextField(null=True)
    owner = models.TextField(null=True)
    budget = ExactDecimalField(null=True)
    currency = models.TextField(null=True)
    published_on = models.DateField(null=True)
    sign_up_by = models.DateTimeField(null=True)
    documents_by = models.DateTimeField(null=True)
    questions_by = models.DateTimeField(null=True)
    deposit_by = models.DateTimeField(null=True)
    submit_by = models.DateTimeField(null=True)
    opening_at = models.DateTimeField(null=True)
    result_by = models.DateTimeField(null=True)
    deposit = ExactDecimalField(null=True)
    deposit_form = models.TextField(null=True)
    deposit_paid = models.DateField(null=True)
    deposit_returned = models.DateField(null=True)
    our_price = ExactDecimalField(null=True)
    winner = models.TextField(null=True)
    winning_price = ExactDecimalField(null=True)
    review = models.TextField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], condition=models.Q(superseded_at=None), name="crm_tender_account"),
            models.Index(fields=["submit_by"], condition=models.Q(superseded_at=None), name="crm_tender_submit"),
        )


class TenderItemVersion(Version):
    """One version of something that a bid must contain."""

    KIND = "tender_items"

    tender_id = models.TextField()
    item = models.TextField()
    account_id = models.TextField()
    kind = models.TextField(null=True)
    title = models.TextField(null=True)
    mandatory = models.BooleanField(null=True)
    owner = models.TextField(null=True)
    due_at = models.DateTimeField(null=True)
    state = models.TextField(null=True)
    certificate_no = models.TextField(null=True)
    valid_until = models.DateField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["tender_id"], condition=models.Q(superseded_at=None), name="crm_tender_item_tender"),
        )


class DemandVersion(Version):
    """One version of a demand."""

    KIND = "demands"

    demand_id = models.TextField()
    title = models.TextField()
    kind = models.TextField(null=True)
    product_area = models.TextField(null=True)
    delivery = models.TextField(null=True)
    state = models.TextField(null=True)
    reason = models.TextField(null=True)
    target_release = models.TextField(null=True)
    effort_days = ExactDecimalField(null=True)
    owner = models.TextField(null=True)
    merged_into = models.TextField(null=True)


class DemandLinkVersion(Version):
    """One version of an account's remark about a demand."""

    KIND = "demand_links"
    PERSONAL = ("quote",)

    link_id = models.TextField()
    demand_id = models.TextField()
    account_id = models.TextField()
    deal_id = models.TextField(null=True)
    contact_id = models.TextField(null=True)
    need = models.TextField(null=True)
    quote = models.TextField(null=True)
    promised_for = models.DateField(null=True)
    custom_price = ExactDecimalField(null=True)
    currency = models.TextField(null=True)
    notified = models.DateField(null=True)
    notified_at = models.DateTimeField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], condition=models.Q(superseded_at=None), name="crm_demand_link_account"),
            models.Index(fields=["demand_id"], condition=models.Q(superseded_at=None), name="crm_demand_link_demand"),
        )


class ActivityVersion(Version):
    """One version of what was done with an account, or is to be done."""

    KIND = "activities"
    PERSONAL = ("body", "outcome")

    activity_id = models.TextField()
    account_id = models.TextField(null=True)
    deal_id = models.TextField(null=True)
    contacts = models.TextField(null=True)
    kind = models.TextField()
    subject = models.TextField(null=True)
    body = models.TextField(null=True)
    owner = models.TextField(null=True)
    occurred_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    outcome = models.TextField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], condition=models.Q(superseded_at=None), name="crm_activity_account"),
            models.Index(fields=["deal_id"], condition=models.Q(superseded_at=None), name="crm_activity_deal"),
            models.Index(fields=["due_at"], condition=models.Q(superseded_at=None), name="crm_activity_due"),
        )


class PairState(models.TextChoices):
    OPEN = "open"
    MERGED = "merged"
    DISTINCT = "distinct"


class DuplicatePair(models.Model):
    """Two records of a kind that may be one, why, and what a person decided; `left` is before `right` as texts."""

    kind = models.TextField()
    left = models.TextField()
    right = models.TextField()
    verdict = models.TextField()
    score = models.IntegerField()
    reasons = models.JSONField(default=list)
    state = models.TextField(choices=PairState.choices, default=PairState.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["kind", "left", "right"], name="crm_duplicate_pair_once"),
            models.CheckConstraint(condition=models.Q(left__lt=models.F("right")), name="crm_duplicate_pair_in_order"),
        )
        indexes = (models.Index(fields=["state", "kind", "verdict", "score"], name="crm_duplicate_pair_open"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.left} {self.right}"


class DuplicateSearch(models.Model):
    """One search for duplicates over everything, and how far it is."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    step = models.TextField(default="waiting")
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    found = models.IntegerField(default=0)
    failed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"search {self.pk}"


class PipelineStage(models.Model):
    """One stage of a pipeline: what it is called, how likely a deal in it is won, and what it asks for."""

    pipeline = models.CharField(max_length=20)
    key = models.CharField(max_length=40)
    name_en = models.CharField(max_length=100)
    name_zh = models.CharField(max_length=100)
    position = models.IntegerField()
    type = models.CharField(max_length=4)
    """open, won or lost"""
    probability = models.IntegerField()
    """percent"""
    rot_days = models.IntegerField(null=True)
    """a deal that stays longer stands still; empty: it never does"""
    required = models.JSONField(default=list)
    """columns of a deal that are filled in before it enters"""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["pipeline", "key"], name="crm_stage_key"),
            models.CheckConstraint(condition=models.Q(type__in=("open", "won", "lost")), name="crm_stage_type"),
            models.CheckConstraint(condition=models.Q(probability__range=(0, 100)), name="crm_stage_probability"),
        )

    def __str__(self) -> str:
        return f"{self.pipeline} {self.key}"
