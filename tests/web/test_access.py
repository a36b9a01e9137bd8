"""Who may see and do what: every address, every role, and the visitor who is not signed in."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver

ROLES = ("owner", "admin", "operator", "success", "sales", "analyst", "viewer")
CALLERS = (*ROLES, None)
"""Every role, and a visitor."""
EVERYBODY = frozenset(ROLES)
KEEPERS = frozenset({"owner", "admin"})
IMPORTERS = frozenset({"owner", "admin", "operator"})
WRITERS = frozenset({"owner", "admin", "operator", "success", "sales"})
CLOSERS = frozenset({"owner", "admin", "analyst"})
AIMERS = frozenset({"owner", "admin", "operator", "analyst"})
ANNOTATORS = EVERYBODY - {"viewer"}
BEHIND = "of=trends&grain=month&from=2024-04&to=2024-04&cell.interval=2024-04&cell.series=A"
FIGURE = "grain=month&period=2024-04&kind=churn"
QUESTION = {"question": "movements", "from": "2024-01", "to": "2024-04"}

PAGES = [
    ("home", "/", 200),
    ("cockpit_view", "/cockpit/views/9999/", 404),
    ("cockpit_part", "/cockpit/why/", 200),
    ("computing", "/computing/", 200),
    ("settings", "/settings/", 302),
    ("movements", "/retain/movements/", 200),
    ("movements_file", "/retain/movements/movements.csv", 200),
    ("movement_rows", f"/retain/movements/rows/?{FIGURE}", 200),
    ("movement_rows_file", f"/retain/movements/rows/rows.csv?{FIGURE}", 200),
    ("metrics", "/retain/metrics/", 200),
    ("metrics_file", "/retain/metrics/metrics.csv", 200),
    ("ltv_file", "/retain/metrics/ltv.csv", 200),
    ("ltv_rows", "/retain/metrics/lifetime/", 200),
    ("committed_rows", "/retain/metrics/committed/?kind=cmrr", 200),
    ("cohorts", "/retain/cohorts/", 200),
    ("cohorts_file", "/retain/cohorts/cohorts.csv", 200),
    ("cohort_rows", "/retain/cohorts/accounts/?cohort=2024-01&k=2", 200),
    ("funnels", "/convert/funnels/", 200),
    ("funnels_file", "/convert/funnels/funnels.csv", 200),
    ("trends", "/activate/trends/", 200),
    ("trends_file", "/activate/trends/trends.csv", 200),
    ("paths", "/activate/paths/", 200),
    ("paths_file", "/activate/paths/paths.csv", 200),
    ("retention", "/activate/retention/", 200),
    ("retention_file", "/activate/retention/retention.csv", 200),
    ("features", "/activate/features/", 200),
    ("features_file", "/activate/features/features.csv", 200),
    ("lifecycle", "/activate/lifecycle/", 200),
    ("lifecycle_file", "/activate/lifecycle/lifecycle.csv", 200),
    ("sleepers", "/activate/sleepers/", 200),
    ("sleepers_file", "/activate/sleepers/sleepers.csv", 200),
    ("stickiness", "/activate/stickiness/", 200),
    ("stickiness_file", "/activate/stickiness/stickiness.csv", 200),
    ("seats", "/activate/seats/", 200),
    ("seats_file", "/activate/seats/seats.csv", 200),
    ("people", f"/behaviour/people/?{BEHIND}", 200),
    ("people_file", f"/behaviour/people/people.csv?{BEHIND}", 200),
    ("people_events", f"/behaviour/people/events/?{BEHIND}", 200),
    ("people_events_file", f"/behaviour/people/events/events.csv?{BEHIND}", 200),
    ("event_names", "/behaviour/names/", 200),
    ("event_properties", "/behaviour/properties/", 200),
    ("event_values", "/behaviour/values/?s1.prop=plan", 200),
    ("accounts", "/customers/accounts/", 200),
    ("day", "/customers/day/", 200),
    ("board", "/convert/board/", 200),
    ("accounts_file", "/customers/accounts/accounts.xlsx", 200),
    ("account_summary", "/customers/accounts/summary/?account=acme", 200),
    ("account_usage", "/customers/accounts/usage/?account=acme", 200),
    ("saved_views", "/views/", 200),
    ("saved_view", "/views/9999/", 404),
    ("renewals", "/retain/renewals/", 200),
    ("renewals_file", "/retain/renewals/contracts.csv", 200),
    ("renewal_rates_file", "/retain/renewals/rates.csv", 200),
    ("contract_rows", "/retain/renewals/contract/?account=elm&contract=c2", 200),
    ("renewal_rows", "/retain/renewals/rows/?grain=month&period=2024-04&kind=lost", 200),
    ("anomalies", "/retain/anomalies/", 302),
    ("definitions", "/retain/definitions/", 200),
    ("definitions_file", "/retain/definitions/definitions.csv", 200),
    ("definition_diff_file", "/retain/definitions/diff.csv", 200),
    ("closing", "/retain/closing/", 200),
    ("closing_file", "/retain/closing/months.xlsx", 200),
    ("closing_month", "/retain/closing/2024-03/", 200),
    ("restatements_file", "/retain/closing/2024-03/restatements.csv", 200),
    ("restatement_rows", "/retain/closing/rows/?month=2024-03&account=none", 404),
    ("reconcile", "/retain/reconcile/", 200),
    ("reconciliation", "/retain/reconcile/9999/", 404),
    ("reconciliation_file", "/retain/reconcile/9999/periods.csv", 404),
    ("reconciled_accounts_file", "/retain/reconcile/9999/accounts.csv", 404),
    ("reconciled_rows", "/retain/reconcile/9999/rows/?period=2024-03", 404),
    ("events", "/activate/events/", 200),
    ("events_file", "/activate/events/events.csv", 200),
    ("event", "/activate/events/event/?event=none", 404),
    ("health", "/retain/health/", 200),
    ("health_file", "/retain/health/checks.csv", 200),
    ("anomalies_file", "/retain/health/anomalies.csv", 200),
    ("anomaly_rows", "/retain/health/row/?kind=overlap&row=none", 404),
    ("contracts", "/customers/contracts/", 200),
    ("contracts_file", "/customers/contracts/contracts.csv", 200),
    ("subscriptions", "/customers/subscriptions/", 200),
    ("subscriptions_file", "/customers/subscriptions/subscriptions.csv", 200),
    ("contacts", "/customers/contacts/", 200),
    ("contacts_file", "/customers/contacts/contacts.csv", 200),
    ("products", "/customers/products/", 200),
    ("products_file", "/customers/products/products.csv", 200),
    ("plans", "/customers/plans/", 200),
    ("plans_file", "/customers/plans/plans.csv", 200),
    ("discounts", "/customers/discounts/", 200),
    ("discounts_file", "/customers/discounts/discounts.csv", 200),
    ("deals", "/customers/deals/", 200),
    ("deals_file", "/customers/deals/deals.csv", 200),
    ("committee_members", "/customers/committee_members/", 200),
    ("committee_members_file", "/customers/committee_members/committee_members.csv", 200),
    ("tenders", "/customers/tenders/", 200),
    ("tenders_file", "/customers/tenders/tenders.csv", 200),
    ("tender_items", "/customers/tender_items/", 200),
    ("tender_items_file", "/customers/tender_items/tender_items.csv", 200),
    ("demands", "/customers/demands/", 200),
    ("demands_file", "/customers/demands/demands.csv", 200),
    ("demand_links", "/customers/demand_links/", 200),
    ("demand_links_file", "/customers/demand_links/demand_links.csv", 200),
    ("spend", "/customers/spend/", 200),
    ("spend_file", "/customers/spend/spend.csv", 200),
    ("touches", "/customers/touches/", 200),
    ("touches_file", "/customers/touches/touches.csv", 200),
    ("attribution", "/acquire/attribution/", 200),
    ("channels", "/acquire/channels/", 200),
    ("channels_file", "/acquire/channels/channels.csv", 200),
    ("cac", "/acquire/cac/", 200),
    ("cac_file", "/acquire/cac/cac.csv", 200),
    ("attribution_file", "/acquire/attribution/attribution.csv", 200),
    ("acquired_rows", "/acquire/rows/?of=attribution&cell.channel=%28none%29", 200),
    ("acquired_rows_file", "/acquire/rows/rows.csv?of=attribution&cell.channel=%28none%29", 200),
    ("activities", "/customers/activities/", 200),
    ("activities_file", "/customers/activities/activities.csv", 200),
    ("leads", "/customers/leads/", 200),
    ("leads_file", "/customers/leads/leads.csv", 200),
    ("lead_board", "/acquire/leads/", 200),
    ("lead", "/acquire/leads/none/", 404),
    ("record", "/customers/contracts/none/", 404),
    ("deal", "/customers/deals/none/", 404),
    ("account_record", "/customers/accounts/none/", 404),
    ("account_record", "/customers/accounts/acme/", 200),
]
"""Name, address, status for a signed-in member. Everybody may look; who is not signed in is sent to sign in."""

OWN = [
    ("account", "/account/", 200),
    ("palette", "/palette/?q=mo", 200),
    ("appearance", "/account/appearance/", 200),
    ("parts", "/parts/", 200),
    ("mfa_index", "/account/", 200),
    ("mfa_list_webauthn", "/account/", 200),
    ("mfa_add_webauthn", "/account/passkeys/", 200),
    ("mfa_remove_webauthn", "/account/passkeys/9999/remove/", 404),
    ("mfa_reauthenticate_webauthn", "/login/again/passkey/", 302),
    ("account_change_password", "/account/password/", 200),
    ("mfa_activate_totp", "/account/second-step/", 200),
    ("mfa_deactivate_totp", "/account/second-step/off/", 404),
    ("mfa_view_recovery_codes", "/account/recovery-codes/", 404),
    ("mfa_generate_recovery_codes", "/account/recovery-codes/new/", 200),
    ("account_reauthenticate", "/login/again/", 302),
    ("mfa_reauthenticate", "/login/again/second-step/", 302),
]
"""Pages about oneself: name, address, status for a member without password and second step. Visitors sign in first."""

KEPT = [
    ("person_erase", "get", "/customers/erase/none/", 404),
    ("members", "get", "/settings/members/", 200),
    ("members", "post", "/settings/members/", 422),
    ("member", "get", "/settings/members/{colleague}/", 200),
    ("member_scope", "post", "/settings/members/{colleague}/scope/", 422),
    ("teams", "get", "/settings/teams/", 200),
    ("teams", "post", "/settings/teams/", 422),
    ("team", "get", "/settings/teams/{team}/", 200),
    ("team", "post", "/settings/teams/{team}/", 422),
    ("team_delete", "post", "/settings/teams/{team}/delete/", 302),
    ("keys", "get", "/settings/keys/", 200),
    ("keys", "post", "/settings/keys/", 422),
    ("key_revoke", "post", "/settings/keys/{key}/revoke/", 302),
    ("webhooks", "get", "/settings/webhooks/", 200),
    ("webhooks", "post", "/settings/webhooks/", 422),
    ("webhook", "get", "/settings/webhooks/9999/", 404),
    ("webhook", "post", "/settings/webhooks/9999/", 404),
    ("webhook_do", "post", "/settings/webhooks/9999/test/", 404),
    ("webhook_delivery", "get", "/settings/webhooks/9999/sent/none/", 404),
    ("webhook_again", "post", "/settings/webhooks/9999/sent/none/again/", 404),
    ("audit", "get", "/settings/audit/", 200),
    ("keeping", "get", "/settings/keeping/", 200),
    ("everything", "get", "/settings/export/", 200),
    ("everything", "post", "/settings/export/", 200),
    ("audit_csv", "get", "/settings/audit/audit.csv", 200),
    ("audit_xlsx", "get", "/settings/audit/audit.xlsx", 200),
    ("member_role", "post", "/settings/members/{colleague}/role/", 302),
    ("member_active", "post", "/settings/members/{colleague}/active/", 302),
    ("member_link", "post", "/settings/members/{colleague}/link/", 200),
    ("member_second_factor", "post", "/settings/members/{colleague}/second-step/", 302),
]
"""What owners and administrators alone may: name, method, address, status for them; others get 403."""

DESCRIBING = [
    ("live", "get", "/activate/live/", 200),
    ("live_rows", "get", "/activate/live/rows/", 200),
    ("refused", "get", "/activate/refused/", 200),
    ("refused_file", "get", "/activate/refused/refused.csv", 200),
]
"""What those who describe events may: name, method, address, status for them; others get 403."""

DEFINING = [
    ("definition_new", "get", "/retain/definitions/new/", 200),
    ("definition_new", "post", "/retain/definitions/new/", 422),
    ("definition_edit", "get", "/retain/definitions/edit/", 200),
    ("definition_edit", "post", "/retain/definitions/edit/", 422),
    ("close_month", "post", "/retain/closing/2999-01/close/", 422),
    ("reconcile", "post", "/retain/reconcile/", 422),
    ("reopen_month", "post", "/retain/closing/2024-03/reopen/", 422),
]
"""What those who keep the books may: name, method, address, status for them; others get 403."""

FIELDS = [
    ("fields", "get", "/settings/fields/", 200),
    ("fields", "post", "/settings/fields/", 422),
    ("field", "get", "/settings/fields/9999/", 404),
    ("field", "post", "/settings/fields/9999/", 404),
    ("field_remove", "post", "/settings/fields/9999/remove/", 404),
]
"""What those who import may do about custom fields: name, method, address, status for them; the others get 403."""

WRITTEN = [
    ("duplicates", "get", "/customers/duplicates/", 200),
    ("duplicate", "get", "/customers/duplicates/9999/", 404),
    ("record_new", "get", "/customers/new/contracts/", 200),
    ("record_new", "post", "/customers/new/contracts/", 422),
    ("record_edit", "get", "/customers/edit/contracts/none/", 404),
    ("record_edit", "post", "/customers/edit/contracts/none/", 404),
    ("record_fact", "get", "/customers/edit/accounts/none/tier/", 404),
    ("record_fact", "post", "/customers/edit/accounts/none/tier/", 404),
    ("record_end", "get", "/customers/end/contracts/none/", 404),
    ("record_withdraw", "get", "/customers/withdraw/contracts/none/", 404),
    ("record_undo", "post", "/customers/undo/contracts/none/?version=x", 404),
    ("deal_move", "get", "/customers/deals/none/move/", 404),
    ("deal_move", "post", "/customers/deals/none/move/", 404),
    ("deal_sign", "post", "/customers/deals/none/sign/", 404),
]
"""What those who write records may: name, method, address, status for them; others get 403."""

CALLING = [
    ("prospects", "get", "/acquire/prospects/", 200),
    ("prospects_file", "get", "/acquire/prospects/prospects.csv", 200),
    ("prospect", "get", "/acquire/prospects/9999/", 404),
    ("prospect", "post", "/acquire/prospects/9999/", 404),
    ("prospect_state", "post", "/acquire/prospects/9999/state/", 404),
    ("prospect_convert", "post", "/acquire/prospects/9999/convert/", 404),
]
"""What those who write records may with prospects: name, method, address, status for them; others get 403."""

COLLECTING = [
    ("profile", "get", "/acquire/prospects/profile/", 200),
    ("profile", "post", "/acquire/prospects/profile/", 422),
    ("call_lists", "get", "/acquire/prospects/lists/", 200),
    ("call_lists", "post", "/acquire/prospects/lists/", 422),
    ("collector", "get", "/acquire/prospects/collector/", 200),
    ("collector", "post", "/acquire/prospects/collector/", 422),
    ("collector_off", "post", "/acquire/prospects/collector/off/", 302),
    ("collector_sites", "post", "/acquire/prospects/collector/sites/", 302),
    ("collector_opt_outs", "post", "/acquire/prospects/collector/opt-outs/", 422),
    ("collection_begin", "post", "/acquire/prospects/collections/", 422),
    ("collection", "get", "/acquire/prospects/collections/9999/", 404),
    ("collection_stop", "post", "/acquire/prospects/collections/9999/stop/", 404),
]
"""What those who import may with the collector: name, method, address, status for them; others get 403."""

SETTING_LEADS = [
    ("lead_policy", "get", "/acquire/scores/", 200),
    ("lead_policy", "post", "/acquire/scores/", 422),
    ("lead_day", "post", "/acquire/scores/day/", 422),
    ("lead_forms", "get", "/acquire/forms/", 200),
    ("lead_form_new", "get", "/acquire/forms/new/", 200),
    ("lead_form_new", "post", "/acquire/forms/new/", 422),
    ("lead_form", "get", "/acquire/forms/9999/", 404),
    ("lead_form_code", "get", "/acquire/forms/9999/code.svg", 404),
]
"""What those who set up how leads come may: name, method, address, status for them; others get 403."""

IMPORTING = [
    ("sample_fill", "post", "/sample/", 422),
    ("sample_remove", "post", "/sample/remove/", 302),
    ("imports", "get", "/imports/", 200),
    ("imports_file", "get", "/imports/imports.csv", 200),
    ("import_new", "get", "/imports/new/", 200),
    ("import_new", "post", "/imports/new/", 422),
    ("import", "get", "/imports/9999/", 404),
    ("import_columns", "get", "/imports/9999/columns/", 404),
    ("import_check", "get", "/imports/9999/check/", 404),
    ("import_progress", "get", "/imports/9999/progress/", 404),
    ("import_cancel", "post", "/imports/9999/cancel/", 404),
    ("import_undo", "get", "/imports/9999/undo/", 404),
    ("import_undo", "post", "/imports/9999/undo/", 404),
    ("import_rejects", "get", "/imports/9999/refused.csv", 404),
    ("import_rows", "post", "/imports/9999/rows/", 404),
    ("import_return", "post", "/imports/9999/repaired/", 404),
]
"""What those who import may: name, method, address, status for them; the others get 403."""

OPEN = [
    ("account_login", "/login/", 200, 302),
    ("forgotten", "/login/forgotten/", 200, 200),
    ("mfa_login_webauthn", "/login/passkey/", 302, 302),
    ("mfa_authenticate", "/login/second-step/", 302, 302),
    ("sign_in", "/login/some-token/", 200, 200),
    ("openid_connect_login", "/login/with/nobody/", 404, 404),
    ("openid_connect_callback", "/login/with/nobody/back/", 404, 404),
    ("public_form", "/f/none/", 404, 404),
    ("api_docs", "/api/docs", 200, 200),
    ("api:openapi-json", "/api/openapi.json", 200, 200),
]
"""Name, address, status for a visitor, status for a member."""

API = [
    ("api:members", "get", "/api/members", None, KEEPERS, 200),
    ("api:members", "post", "/api/members", {"email": "none"}, KEEPERS, 422),
    ("api:member", "patch", "/api/members/9999", {}, KEEPERS, 404),
    ("api:teams", "get", "/api/teams", None, KEEPERS, 200),
    ("api:teams", "post", "/api/teams", {"name": ""}, KEEPERS, 422),
    ("api:team", "patch", "/api/teams/9999", {"name": "x"}, KEEPERS, 404),
    ("api:team", "delete", "/api/teams/9999", None, KEEPERS, 404),
    ("api:keys", "get", "/api/keys", None, KEEPERS, 200),
    ("api:keys", "post", "/api/keys", {"name": ""}, KEEPERS, 422),
    ("api:key_revoke", "post", "/api/keys/none/revoke", {}, KEEPERS, 404),
    ("api:api_fields", "get", "/api/fields", None, EVERYBODY, 200),
    ("api:api_fields", "post", "/api/fields", {"kind": "accounts", "key": "Name"}, IMPORTERS, 422),
    ("api:api_field", "patch", "/api/fields/9999", {}, IMPORTERS, 404),
    ("api:api_field", "delete", "/api/fields/9999", None, IMPORTERS, 404),
    ("api:hooks", "get", "/api/webhooks", None, KEEPERS, 200),
    ("api:hooks", "post", "/api/webhooks", {"url": "none"}, KEEPERS, 422),
    ("api:hook", "patch", "/api/webhooks/9999", {}, KEEPERS, 404),
    ("api:hook", "delete", "/api/webhooks/9999", None, KEEPERS, 404),
    ("api:hook_secret", "post", "/api/webhooks/9999/secret", {}, KEEPERS, 404),
    ("api:hook_test", "post", "/api/webhooks/9999/test", {}, KEEPERS, 404),
    ("api:hook_deliveries", "get", "/api/webhooks/9999/deliveries", None, KEEPERS, 404),
    ("api:hook_again", "post", "/api/webhooks/9999/deliveries/none/again", {}, KEEPERS, 404),
    ("api:audit", "get", "/api/audit", None, KEEPERS, 200),
    ("api:export", "get", "/api/export", None, KEEPERS, 200),
    ("api:ask", "post", "/api/ask", QUESTION, EVERYBODY, 200),
    ("api:stop_asking", "post", "/api/ask/stop", QUESTION, EVERYBODY, 200),
    ("api:rows_behind", "post", "/api/rows-behind",
     {"question": QUESTION, "cell": {"period": "2024-03", "kind": "churn"}}, EVERYBODY, 200),
    ("api:answer_file", "get", f"/api/answer.parquet?{urlencode({'question': json.dumps(QUESTION)})}", None,
     EVERYBODY, 200),
    ("api:questions", "get", "/api/questions", None, EVERYBODY, 200),
    ("api:tables", "get", "/api/tables", None, EVERYBODY, 200),
    ("api:imports", "post", "/api/imports", "file", IMPORTERS, 200),
    ("api:sample", "post", "/api/sample", {}, IMPORTERS, 422),
    ("api:sample_remove", "delete", "/api/sample", None, IMPORTERS, 200),
    ("api:import_list", "get", "/api/imports", None, IMPORTERS, 200),
    ("api:import_status", "get", "/api/imports/9999", None, IMPORTERS, 404),
    ("api:import_cancel", "post", "/api/imports/9999/cancel", {}, IMPORTERS, 404),
    ("api:import_undo", "post", "/api/imports/9999/undo", {}, IMPORTERS, 404),
    ("api:import_report", "get", "/api/imports/9999/report", None, IMPORTERS, 404),
    ("api:definitions", "get", "/api/definitions", None, EVERYBODY, 200),
    ("api:define", "post", "/api/definitions", {"name": "tenure"}, CLOSERS, 422),
    ("api:reconciliation_list", "get", "/api/reconciliations", None, EVERYBODY, 200),
    ("api:reconciliation", "get", "/api/reconciliations/9999", None, EVERYBODY, 404),
    ("api:reconcile", "post", "/api/reconciliations", {"text": "tea"}, CLOSERS, 422),
    ("api:close_list", "get", "/api/closes", None, EVERYBODY, 200),
    ("api:reopen", "post", "/api/closes/2024-03/reopen", {}, CLOSERS, 422),
    ("api:cockpit", "get", "/api/cockpit", None, EVERYBODY, 200),
    ("api:lead_capture", "post", "/api/leads", {}, WRITERS, 422),
    ("api:api_targets", "get", "/api/targets", None, EVERYBODY, 200),
    ("api:api_targets", "post", "/api/targets", {"metric": "mrr", "period": "soon", "value": "1"}, AIMERS, 422),
    ("api:api_target", "delete", "/api/targets/mrr/2031-12", None, AIMERS, 404),
    ("api:api_annotations", "get", "/api/annotations", None, EVERYBODY, 200),
    ("api:api_annotations", "post", "/api/annotations", {"day": "soon", "text": "x"}, ANNOTATORS, 422),
    ("api:api_annotation", "delete", "/api/annotations/none", None, ANNOTATORS, 404),
    ("api:api_prospects", "get", "/api/prospects", None, WRITERS, 200),
    ("api:api_prospect", "get", "/api/prospects/9999", None, WRITERS, 404),
    ("api:api_prospect_calls", "post", "/api/prospects/9999/calls", {"outcome": "sold"}, WRITERS, 404),
    ("api:api_prospect_account", "post", "/api/prospects/9999/account", {}, WRITERS, 404),
    ("api:import_refused", "get", "/api/imports/9999/refused", None, IMPORTERS, 404),
    ("api:closes", "post", "/api/closes", {"month": "2024-13"}, CLOSERS, 422),
    ("api:records", "get", "/api/records/contracts", None, EVERYBODY, 200),
    ("api:records", "post", "/api/records/contracts", {"values": {}}, WRITERS, 422),
    ("api:record", "get", "/api/records/contracts/none", None, EVERYBODY, 404),
    ("api:record", "patch", "/api/records/contracts/none", {"values": {}}, WRITERS, 404),
    ("api:record", "put", "/api/records/contracts/none", {"values": {}}, WRITERS, 422),
    ("api:record_end", "post", "/api/records/contracts/none/end", {"day": "2024-01-01"}, WRITERS, 404),
    ("api:record_withdraw", "post", "/api/records/contracts/none/withdraw", {}, WRITERS, 404),
    ("api:record_undo", "post", "/api/records/contracts/none/undo", {"version": "x"}, WRITERS, 404),
    ("api:event_entries", "get", "/api/event-entries", None, AIMERS, 200),
    ("api:event_entry", "patch", "/api/event-entries/a/b", {"feature": "f" * 100}, AIMERS, 422),
    ("api:views", "get", "/api/views", None, EVERYBODY, 200),
    ("api:views", "post", "/api/views", {"name": "House", "page": "accounts"}, EVERYBODY, 201),
    ("api:view", "patch", "/api/views/9999", {}, EVERYBODY, 404),
    ("api:erasures", "post", "/api/erasures", {"who": "nobody"}, KEEPERS, 404),
    ("api:record_history", "get", "/api/records/contracts/none/history", None, EVERYBODY, 404),
]  # fmt: skip
"""Name, method, address, body, who may, and the status for them; the others get 403, callers without a key 401."""

WRITES = [
    ("targets", "/targets/", {"metric": "mrr"}, AIMERS, 422),
    ("stop_computing", "/computing/stop/", {"asked": "made-up"}, EVERYBODY, 302),
    ("drop_target", "/targets/drop/", {"metric": "mrr", "period": "2031"}, AIMERS, 404),
    ("annotate", "/annotations/", {"day": "soon", "text": "x"}, ANNOTATORS, 422),
    ("drop_annotation", "/annotations/none/drop/", {}, ANNOTATORS, 404),
    ("event", "/activate/events/event/?event=none", {"feature": "f" * 100}, AIMERS, 404),
    ("refused_again", "/activate/refused/again/", {}, AIMERS, 302),
    ("lead_accept", "/acquire/leads/none/accept/", {}, WRITERS, 404),
    ("lead_reject", "/acquire/leads/none/reject/", {}, WRITERS, 404),
    ("lead_signal", "/acquire/leads/none/did/", {}, WRITERS, 404),
    ("lead_convert", "/acquire/leads/none/convert/", {}, WRITERS, 404),
    ("accounts_bulk", "/customers/accounts/bulk/", {"action": "set_tier", "key": "acme"}, WRITERS, 200),
    ("search_duplicates", "/customers/duplicates/search/", {}, IMPORTERS, 302),
    ("decide_duplicate", "/customers/duplicates/9999/decide/", {"do": "merge"}, WRITERS, 404),
    ("undo_merge", "/customers/duplicates/merges/9999/undo/", {}, WRITERS, 404),
    ("day_add", "/customers/day/add/", {}, WRITERS, 422),
    ("day_done", "/customers/day/done/none/", {}, WRITERS, 404),
    ("save_view", "/views/new/", {"name": "Mine", "page": "accounts"}, EVERYBODY, 302),
    ("remove_view", "/views/9999/remove/", {}, EVERYBODY, 404),
    ("accounts_bulk_undo", "/customers/accounts/bulk/none/undo/", {}, WRITERS, 404),
]
"""Forms of one page: name, address, fields, who may, the status for them; the others get 403, visitors sign in."""

FORMS = [
    ("logout", "/logout/"),
    ("language", "/language/"),
    ("theme", "/theme/"),
    ("navigation", "/navigation/"),
    ("end_sessions", "/account/sessions/end/"),
]
"""Forms of every page: they answer by sending the browser on."""


@pytest.mark.parametrize(("name", "address", "status"), PAGES)
def test_pages(signed_in, sample, name, address, status):
    for role in CALLERS:
        response = signed_in(role).get(address)
        if role is None and name != "settings":
            assert response.status_code == 302
            assert response["Location"].startswith("/login/?next=")
        else:
            assert response.status_code == status, role


@pytest.mark.parametrize(("name", "address", "status"), OWN)
def test_pages_about_oneself(signed_in, sample, name, address, status):
    for role in CALLERS:
        response = signed_in(role).get(address)
        if role is None:
            assert response.status_code == 302
            assert "/login/" in response["Location"]
        else:
            assert response.status_code == status, role


RESERVED = [(AIMERS, *page) for page in DESCRIBING] + [(CLOSERS, *page) for page in DEFINING]
RESERVED += [(IMPORTERS, *page) for page in (*IMPORTING, *FIELDS, *COLLECTING, *SETTING_LEADS)]
RESERVED += [(WRITERS, *page) for page in (*WRITTEN, *CALLING)]


@pytest.mark.parametrize(("allowed", "name", "method", "address", "status"), RESERVED)
def test_pages_of_some_roles(signed_in, sample, allowed, name, method, address, status):
    for role in CALLERS:
        response = getattr(signed_in(role), method)(address)
        assert response.status_code == (302 if role is None else status if role in allowed else 403), role
        assert role is not None or response["Location"].startswith("/login/")


@pytest.mark.parametrize("scope", ["own", "team"])
@pytest.mark.parametrize(("name", "method", "address", "status"), [*IMPORTING, *SETTING_LEADS])
def test_who_sees_some_accounts_only_imports_nothing(client, member, sample, name, method, address, status, scope):
    from tenure.apps.workspaces.models import Team

    client.force_login(member("operator", scope=scope, team=Team.objects.create(name="North")))
    assert getattr(client, method)(address).status_code == 403


@pytest.mark.parametrize("role", CALLERS)
@pytest.mark.parametrize(("name", "method", "address", "status"), KEPT)
def test_pages_of_keepers(signed_in, sample, name, method, address, status, role):
    from tenure.apps.workspaces.models import Member, Team
    from tenure.apps.workspaces.services.keys import create_key

    colleague = Member.objects.create(email="carl@example.com", display_name="Carl", role="viewer")
    there = {"colleague": colleague.pk, "team": Team.objects.create(name="North").pk}
    browser = signed_in(role)
    address = address.format(**there, key=create_key("a program", "viewer", by="the test")[0].prefix)
    response = browser.get(address) if method == "get" else browser.post(address, {"role": "sales"})
    expected = 302 if role is None else status if role in KEEPERS else 403
    assert response.status_code == expected
    assert role is not None or response["Location"].startswith("/login/")
    if role not in KEEPERS:
        unchanged = Member.objects.get(pk=colleague.pk)
        assert (unchanged.role, unchanged.is_active, unchanged.login_links.count()) == ("viewer", True, 0)


@pytest.mark.parametrize(("name", "address", "outside", "inside"), OPEN)
def test_pages_that_need_no_sign_in(signed_in, sample, name, address, outside, inside):
    for role in CALLERS:
        assert signed_in(role).get(address).status_code == (outside if role is None else inside), role


@pytest.mark.parametrize(("name", "address"), FORMS)
def test_forms(signed_in, sample, name, address):
    for role in CALLERS:
        browser = signed_in(role)
        assert browser.post(address, {"language": "en", "theme": "dark"}).status_code == 302, role
        assert browser.get(address).status_code == 405, role


@pytest.mark.parametrize("role", CALLERS)
@pytest.mark.parametrize(("name", "address", "fields", "allowed", "status"), WRITES)
def test_forms_that_write(signed_in, sample, name, address, fields, allowed, status, role):
    response = signed_in(role).post(address, fields)
    assert response.status_code == (302 if role is None else status if role in allowed else 403)
    assert role is not None or response["Location"].startswith("/login/")


@pytest.mark.parametrize("role", CALLERS)
@pytest.mark.parametrize(("name", "method", "address", "body", "allowed", "status"), API)
def test_api(client, key, sample, tmp_path, name, method, address, body, allowed, status, role):
    headers = key(role) if role else {}
    if body == "file":
        file = tmp_path / "accounts.csv"
        file.write_text("account_id,name\na1,Acme\n")
        with file.open("rb") as opened:
            given = {"file": opened, "kind": "accounts", "preview": "true"}
            response = client.post(address, given, headers=headers)
    elif method in ("post", "patch", "put", "delete"):
        send = getattr(client, method)
        response = send(address, json.dumps(body), content_type="application/json", headers=headers)
    else:
        response = getattr(client, method)(address, headers=headers)
    expected = 401 if role is None else status if role in allowed else 403
    assert response.status_code == expected, response.content
    if expected >= 400:
        assert set(json.loads(response.content)) == {"error"}


TABLES = (PAGES, OWN, KEPT, DESCRIBING, DEFINING, WRITTEN, CALLING, COLLECTING, IMPORTING, FIELDS, OPEN, API)
TABLES = (*TABLES, SETTING_LEADS, WRITES, FORMS)


def test_no_address_is_left_out():
    """A new address needs a line in one of the tables above."""
    assert {name for table in TABLES for name, *_rest in table} == set(_names(get_resolver()))


OF_EVERYTHING = (KEEPERS, CLOSERS, IMPORTERS, AIMERS)
"""Who may what touches all accounts: those of them who see some accounts only may not."""
OF_ACCOUNTS_WITHOUT_OWNER = {
    "account_summary": 404,
    "account_usage": 404,
    "cockpit_part": 404,
    "account_record": 404,
    "contract_rows": 404,
}
"""Pages about one account of the sample, whose accounts are nobody's: the status for who sees some accounts only."""


OF_THE_WHOLE = frozenset(
    {"reconcile", "reconciliation", "reconciliation_file", "reconciled_accounts_file", "reconciled_rows"}
    | {"channels_file", "cac_file"}
    | {"api:reconciliation_list", "api:reconciliation"}
)
"""What everybody may look at who sees all accounts: totals of another system, and spend, are of all of them."""


@pytest.mark.parametrize(("role", "scope"), [*((role, "own") for role in ROLES[1:]), ("sales", "team")])
def test_every_address_for_who_sees_some_accounts(client, member, key, sample, role, scope):
    """Each address of the tables, for each role but the owner's (who sees all), in the narrower scopes."""
    from tenure.apps.workspaces.models import Team
    from tenure.apps.workspaces.services.keys import create_key

    north = Team.objects.create(name="North")
    client.force_login(member(role, scope=scope, team=north))
    headers = {"authorization": f"Bearer {create_key('a program', role, by='the test', team=north)[1]}"}
    calls = [(n, "get", a, {}, EVERYBODY, s) for n, a, s in PAGES]
    calls += [
        (name, method, address.format(colleague=1, team=north.pk, key="k"), {}, allowed, status)
        for table, allowed in (
            (KEPT, KEEPERS),
            (DESCRIBING, AIMERS),
            (DEFINING, CLOSERS),
            (WRITTEN, WRITERS),
            (CALLING, WRITERS),
            (COLLECTING, IMPORTERS),
            (IMPORTING, IMPORTERS),
            (FIELDS, IMPORTERS),
        )
        for name, method, address, status in table
    ]
    calls += [(n, "post", *rest) for n, *rest in WRITES]
    wrong = []
    for name, method, address, fields, allowed, status in calls:
        response = getattr(client, method)(address, fields)
        expected = _narrowed(name, status, role, allowed)
        if response.status_code != expected:
            wrong.append(("page", name, method, address, response.status_code, expected))
    for name, method, address, body, allowed, status in API:
        expected = _narrowed(name, status, role, allowed)
        for door in ({"headers": headers}, {}):
            if body == "file":
                given = {
                    "file": SimpleUploadedFile("a.csv", b"account_id\na1\n"),
                    "kind": "accounts",
                    "preview": "true",
                }
                response = client.post(address, given, **door)
            else:
                arguments = () if method in ("get", "delete") else (json.dumps(body),)
                response = getattr(client, method)(address, *arguments, content_type="application/json", **door)
            if response.status_code != expected:
                wrong.append(("API", name, method, address, response.status_code, expected))
    assert not wrong, wrong


def _narrowed(name, status, role, allowed):
    """The status of an address for who sees some accounts only."""
    if name == "accounts_bulk":  # none of the sample's accounts can be chosen by them
        return 422
    if role not in allowed or allowed in OF_EVERYTHING or name in OF_THE_WHOLE:
        return 403
    return OF_ACCOUNTS_WITHOUT_OWNER.get(name, status)


def _names(resolver, prefix=""):
    for entry in resolver.url_patterns:
        if hasattr(entry, "url_patterns"):
            yield from _names(entry, f"{entry.namespace}:" if entry.namespace else prefix)
        elif entry.name and entry.name != "api-root":
            yield prefix + entry.name


@pytest.mark.parametrize("role", ROLES)
def test_an_inactive_member_is_a_visitor(client, member, sample, role):
    client.force_login(member(role, is_active=False))
    assert client.get("/retain/movements/").status_code == 302
    assert client.post("/api/ask", "{}", content_type="application/json").status_code == 401
