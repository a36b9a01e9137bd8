"""Leads, what they did, the forms they come by, and the policy by which they are worked."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("acquisition", "0002_spend_touches"),
        ("workspaces", "0012_agents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(max_length=32, unique=True)),
                ("name", models.CharField(max_length=100, unique=True)),
                ("title", models.CharField(max_length=200)),
                ("intro", models.TextField(blank=True)),
                ("fields", models.JSONField(default=list)),
                ("required", models.JSONField(default=list)),
                ("channel", models.CharField(blank=True, max_length=200)),
                ("campaign", models.CharField(blank=True, max_length=200)),
                ("owner", models.CharField(blank=True, max_length=200)),
                ("signal", models.CharField(default="form", max_length=20)),
                ("consent", models.TextField(blank=True)),
                ("consent_version", models.PositiveIntegerField(default=1)),
                ("thanks", models.TextField(blank=True)),
                ("embedded_in", models.TextField(blank=True)),
                ("is_open", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "signal__in",
                                (
                                    "form",
                                    "demo_request",
                                    "trial",
                                    "event",
                                    "download",
                                    "visit",
                                    "reply",
                                    "call",
                                    "referral",
                                ),
                            )
                        ),
                        name="acquisition_leadform_signal",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadSignal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lead_id", models.TextField()),
                ("kind", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=300)),
            ],
            options={
                "indexes": [models.Index(fields=["lead_id", "at"], name="acquisition_signal_of")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                (
                                    "form",
                                    "demo_request",
                                    "trial",
                                    "event",
                                    "download",
                                    "visit",
                                    "reply",
                                    "call",
                                    "referral",
                                ),
                            )
                        ),
                        name="acquisition_signal_kind",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True)),
                ("kind", models.CharField(choices=[("off", "Day off"), ("worked", "Working day")], max_length=10)),
                ("name", models.CharField(blank=True, max_length=100)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["off", "worked"])), name="acquisition_ownday_kind"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rules", models.JSONField(default=list)),
                ("points", models.JSONField(default=dict)),
                ("half_life_days", models.PositiveIntegerField()),
                ("fit_line", models.PositiveSmallIntegerField()),
                ("engagement_line", models.PositiveSmallIntegerField()),
                ("respond_minutes", models.PositiveIntegerField()),
                ("week", models.JSONField(default=dict)),
                ("country", models.CharField(blank=True, max_length=2)),
                ("made_at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("engagement_line__lte", 100), ("fit_line__lte", 100), ("half_life_days__gte", 1)
                        ),
                        name="acquisition_leadpolicy_lines",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version_key", models.TextField()),
                ("row_id", models.TextField()),
                ("source", models.TextField(null=True)),
                ("given_id", models.TextField(null=True)),
                ("attributes", models.TextField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(null=True)),
                ("lead_id", models.TextField()),
                ("account_id", models.TextField(null=True)),
                ("contact_id", models.TextField(null=True)),
                ("deal_id", models.TextField(null=True)),
                ("company_name", models.TextField(null=True)),
                ("person_name", models.TextField(null=True)),
                ("title", models.TextField(null=True)),
                ("email", models.TextField(null=True)),
                ("phone", models.TextField(null=True)),
                ("wechat", models.TextField(null=True)),
                ("industry", models.TextField(null=True)),
                ("region", models.TextField(null=True)),
                ("employees", models.IntegerField(null=True)),
                ("message", models.TextField(null=True)),
                ("channel", models.TextField(null=True)),
                ("utm_source", models.TextField(null=True)),
                ("medium", models.TextField(null=True)),
                ("campaign", models.TextField(null=True)),
                ("keyword", models.TextField(null=True)),
                ("landing", models.TextField(null=True)),
                ("referrer", models.TextField(null=True)),
                ("heard_from", models.TextField(null=True)),
                ("created_at", models.DateTimeField()),
                ("status", models.TextField(null=True)),
                ("fit_score", models.IntegerField(null=True)),
                ("engagement_score", models.IntegerField(null=True)),
                ("grade", models.TextField(null=True)),
                ("mql_at", models.DateTimeField(null=True)),
                ("respond_by", models.DateTimeField(null=True)),
                ("responded_at", models.DateTimeField(null=True)),
                ("sql_at", models.DateTimeField(null=True)),
                ("opportunity_at", models.DateTimeField(null=True)),
                ("won_at", models.DateTimeField(null=True)),
                ("lost_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(null=True)),
                ("owner", models.TextField(null=True)),
                ("consent", models.TextField(null=True)),
                ("capture", models.TextField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workspaces.importrun",
                    ),
                ),
                (
                    "superseded_run",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workspaces.importrun",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("superseded_at", None)),
                        fields=["status", "respond_by"],
                        name="acquisition_lead_status",
                    ),
                    models.Index(
                        condition=models.Q(("superseded_at", None)), fields=["email"], name="acquisition_lead_email"
                    ),
                    models.Index(
                        condition=models.Q(("superseded_at", None)), fields=["phone"], name="acquisition_lead_phone"
                    ),
                    models.Index(
                        condition=models.Q(("superseded_at", None)), fields=["owner"], name="acquisition_lead_owner"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("row_id",), name="acquisition_leadversion_row_id"),
                    models.UniqueConstraint(
                        condition=models.Q(("superseded_at", None)),
                        fields=("version_key",),
                        name="acquisition_leadversion_one_live",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("superseded_at", None), ("superseded_at__gte", models.F("recorded_at")), _connector="OR"
                        ),
                        name="acquisition_leadversion_known_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sender", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="submissions",
                        to="acquisition.leadform",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["form", "sender", "at"], name="acquisition_submission_of")],
            },
        ),
    ]
