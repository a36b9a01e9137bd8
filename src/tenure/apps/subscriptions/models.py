"""Tables of what is sold, subscribed, signed, billed and defined, as versions."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tenure.apps.workspaces.fields import ExactDecimalField
from tenure.apps.workspaces.versions import Version


class ProductVersion(Version):
    """One version of a product."""

    KIND = "products"

    product = models.TextField()
    name = models.TextField(null=True)


class PlanVersion(Version):
    """One version of a plan: the priced form of a product."""

    KIND = "plans"

    plan = models.TextField()
    product = models.TextField(null=True)
    name = models.TextField(null=True)
    currency = models.TextField(null=True)
    amount = ExactDecimalField(null=True)
    interval = models.TextField(null=True)
    interval_count = models.IntegerField(null=True)


class SubscriptionVersion(Version):
    """One version of a recurring line: what we knew of it from `recorded_at` to `superseded_at`."""

    KIND = "subscriptions"

    account_id = models.TextField()
    subscription_id = models.TextField()
    item = models.TextField(null=True)
    product = models.TextField(null=True)
    plan = models.TextField(null=True)
    currency = models.TextField(null=True)
    amount = ExactDecimalField(null=True)
    quantity = ExactDecimalField(null=True)
    interval = models.TextField(null=True)
    interval_count = models.IntegerField(null=True)
    start = models.DateField()
    start_at = models.DateTimeField(null=True)
    end = models.DateField(null=True)
    end_at = models.DateTimeField(null=True)
    cancelled = models.DateField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    trial_end = models.DateField(null=True)
    trial_end_at = models.DateTimeField(null=True)
    pauses = models.TextField(null=True)
    tax_inclusive_rate = ExactDecimalField(null=True)
    signed = models.DateField(null=True)
    signed_at = models.DateTimeField(null=True)
    unpaid = models.DateField(null=True)
    unpaid_at = models.DateTimeField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], name="subs_subscription_account"),
            models.Index(fields=["subscription_id"], name="subs_subscription_id"),
            models.Index(
                fields=["-start", "version_key"], condition=models.Q(superseded_at=None), name="subs_subscription_start"
            ),
        )


class DiscountVersion(Version):
    """One version of a recurring discount."""

    KIND = "discounts"

    subscription_id = models.TextField()
    kind = models.TextField()
    value = ExactDecimalField()
    duration = models.TextField(null=True)
    start = models.DateField(null=True)
    start_at = models.DateTimeField(null=True)
    end = models.DateField(null=True)
    end_at = models.DateTimeField(null=True)

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["subscription_id"], name="subs_discount_subscription"),)


class ContractVersion(Version):
    """One version of a signed contract."""

    KIND = "contracts"

    contract_id = models.TextField()
    account_id = models.TextField()
    currency = models.TextField(null=True)
    total = ExactDecimalField(null=True)
    start = models.DateField()
    start_at = models.DateTimeField(null=True)
    end = models.DateField(null=True)
    end_at = models.DateTimeField(null=True)
    schedule = models.TextField(null=True)
    renews = models.TextField(null=True)
    kind = models.TextField(null=True)
    product = models.TextField(null=True)
    plan = models.TextField(null=True)
    quantity = ExactDecimalField(null=True)
    notice_days = models.IntegerField(null=True)
    notice_given = models.DateField(null=True)
    notice_given_at = models.DateTimeField(null=True)
    auto_renew = models.BooleanField(null=True)
    signed = models.DateField(null=True)
    signed_at = models.DateTimeField(null=True)

    class Meta(Version.Meta):
        indexes = (
            models.Index(fields=["account_id"], name="subs_contract_account"),
            models.Index(
                fields=["-start", "version_key"], condition=models.Q(superseded_at=None), name="subs_contract_start"
            ),
        )


class InvoiceLineVersion(Version):
    """One version of an invoice line."""

    KIND = "invoice_lines"

    line_id = models.TextField()
    account_id = models.TextField()
    subscription_id = models.TextField(null=True)
    type = models.TextField(null=True)
    invoice_id = models.TextField(null=True)
    plan = models.TextField(null=True)
    amount = ExactDecimalField(null=True)
    tax = ExactDecimalField(null=True)
    currency = models.TextField(null=True)
    interval = models.TextField(null=True)
    interval_count = models.IntegerField(null=True)
    period_start = models.DateField(null=True)
    period_start_at = models.DateTimeField(null=True)
    period_end = models.DateField(null=True)
    period_end_at = models.DateTimeField(null=True)
    full_period_start = models.DateField(null=True)
    full_period_start_at = models.DateTimeField(null=True)
    full_period_end = models.DateField(null=True)
    full_period_end_at = models.DateTimeField(null=True)
    prorated = models.BooleanField(null=True)

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["account_id"], name="subs_invoiceline_account"),)


class TrialVersion(Version):
    """One version of a trial."""

    KIND = "trials"

    trial_id = models.TextField()
    account_id = models.TextField()
    start = models.DateField(null=True)
    start_at = models.DateTimeField(null=True)
    end = models.DateField(null=True)
    end_at = models.DateTimeField(null=True)
    converted = models.DateField(null=True)
    converted_at = models.DateTimeField(null=True)

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["account_id"], name="subs_trial_account"),)


class FxRateVersion(Version):
    """One version of the exchange rate of a day."""

    KIND = "fx_rates"

    day = models.DateField()
    currency = models.TextField()
    rate = ExactDecimalField()


class MetricDefinition(Version):
    """One version of a named set of settings that change numbers; never superseded, a change is the next version."""

    KIND = "metric_definitions"

    name = models.TextField()
    version = models.IntegerField()
    settings = models.TextField()
    author = models.TextField(null=True)


class MonthClose(Version):
    """A month that a person closed; live until somebody opens it again."""

    KIND = "closes"

    month = models.TextField()
    closed_at = models.DateTimeField()
    closed_by = models.TextField()
    note = models.TextField(null=True)


class Reconciliation(models.Model):
    """Totals of another system that somebody compared with ours: what was read of what they gave, and how it is asked.

    `lines` are [period, account ("" of all together), amount as text]; `left_out` are [number, why] of lines that could
    not be read and were left out knowingly.
    """

    made_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=300)
    compare = models.CharField(max_length=10)
    definition = models.TextField(blank=True)
    file_name = models.CharField(max_length=500, blank=True)
    lines = models.JSONField()
    left_out = models.JSONField(default=list)

    class Meta:
        indexes = (models.Index(fields=["-made_at"], name="subscriptions_reconciled"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(compare__in=["mrr", "invoiced"]), name="subscriptions_reconciliation_compare"
            ),
        )

    def __str__(self) -> str:
        return f"reconciliation {self.pk} ({self.compare})"
