"""Tables of accounts and contacts, as versions."""

from __future__ import annotations

from django.db import models

from tenure.apps.workspaces.versions import Version


class AccountVersion(Version):
    """One version of an account: a buying company."""

    KIND = "accounts"

    account_id = models.TextField()
    name = models.TextField(null=True)
    parent_id = models.TextField(null=True)
    industry = models.TextField(null=True)
    region = models.TextField(null=True)
    employees = models.IntegerField(null=True)
    tier = models.TextField(null=True)
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
        )


class ContactVersion(Version):
    """One version of a contact: a person at an account."""

    KIND = "contacts"
    PERSONAL = ("user_id", "name", "title", "email", "phone", "consent", "attributes")

    contact_id = models.TextField()
    account_id = models.TextField(null=True)
    user_id = models.TextField(null=True)
    name = models.TextField(null=True)
    title = models.TextField(null=True)
    roles = models.TextField(null=True)
    email = models.TextField(null=True)
    phone = models.TextField(null=True)
    consent = models.TextField(null=True)
    left = models.DateField(null=True)
    left_at = models.DateTimeField(null=True)

    class Meta(Version.Meta):
        indexes = (models.Index(fields=["account_id"], name="crm_contact_account"),)
