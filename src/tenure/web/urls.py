"""Every address of the pages and of the HTTP API."""

from __future__ import annotations

from django.urls import path, re_path
from django.views.generic import RedirectView

from tenure.web import palette, parts
from tenure.web.api import api
from tenure.web.api.docs import docs
from tenure.web.behaviour import arrival_views as arrivals
from tenure.web.behaviour import event_views as events
from tenure.web.behaviour import views as behaviour
from tenure.web.behaviour.list import SHEETS
from tenure.web.connectors import sample
from tenure.web.connectors import views as connectors
from tenure.web.crm import views as crm
from tenure.web.goals import views as goals
from tenure.web.records import accounts as record_accounts
from tenure.web.records import erasing
from tenure.web.records import lists as record_lists
from tenure.web.records import views as records
from tenure.web.subscriptions import closing_views, reconcile_views, upkeep
from tenure.web.subscriptions import views as subscriptions
from tenure.web.workspaces import (
    account,
    appearance,
    audit,
    computing,
    entrance,
    everything,
    keeping,
    keys,
    members,
    provider,
    saving,
    teams,
)
from tenure.web.workspaces import views as workspaces

urlpatterns = [
    path("", goals.home, name="home"),
    path("cockpit/views/<int:view_id>/", behaviour.tile, name="cockpit_view"),
    path("cockpit/<str:name>/", goals.part, name="cockpit_part"),
    path("targets/", goals.targets, name="targets"),
    path("targets/drop/", goals.drop_target, name="drop_target"),
    path("annotations/", goals.annotate, name="annotate"),
    path("annotations/<str:annotation_id>/drop/", goals.drop_annotation, name="drop_annotation"),
    path("computing/", computing.look, name="computing"),
    path("computing/stop/", computing.stop, name="stop_computing"),
    path("login/", entrance.SignIn.as_view(), name="account_login"),
    path("login/forgotten/", entrance.forgotten, name="forgotten"),
    path("login/second-step/", entrance.SecondFactor.as_view(), name="mfa_authenticate"),
    path("login/passkey/", entrance.Passkey.as_view(), name="mfa_login_webauthn"),
    path("login/again/passkey/", entrance.PasskeyAgain.as_view(), name="mfa_reauthenticate_webauthn"),
    path("login/again/", entrance.PasswordAgain.as_view(), name="account_reauthenticate"),
    path("login/again/second-step/", entrance.SecondFactorAgain.as_view(), name="mfa_reauthenticate"),
    path("login/with/<str:provider_id>/", provider.enter, name="openid_connect_login"),
    path("login/with/<str:provider_id>/back/", provider.back, name="openid_connect_callback"),
    path("login/<str:token>/", entrance.by_link, name="sign_in"),
    path("logout/", workspaces.sign_out, name="logout"),
    path("account/", account.my_account, name="account"),
    path("account/appearance/", appearance.appearance, name="appearance"),
    path("account/", account.my_account, name="mfa_index"),
    path("account/", account.my_account, name="mfa_list_webauthn"),
    path("account/passkeys/", account.add_passkey, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/remove/", account.remove_passkey, name="mfa_remove_webauthn"),
    path("account/password/", account.change_password, name="account_change_password"),
    path("account/sessions/end/", account.end_sessions, name="end_sessions"),
    path("account/second-step/", account.activate_second_factor, name="mfa_activate_totp"),
    path("account/second-step/off/", account.drop_second_factor, name="mfa_deactivate_totp"),
    path("account/recovery-codes/", account.recovery_codes, name="mfa_view_recovery_codes"),
    path("account/recovery-codes/new/", account.new_recovery_codes, name="mfa_generate_recovery_codes"),
    path("settings/members/", members.member_list, name="members"),
    path("settings/members/<int:member_id>/", members.member, name="member"),
    path("settings/members/<int:member_id>/role/", members.member_role, name="member_role"),
    path("settings/members/<int:member_id>/active/", members.member_active, name="member_active"),
    path("settings/members/<int:member_id>/link/", members.member_link, name="member_link"),
    path("settings/members/<int:member_id>/second-step/", members.member_second_factor, name="member_second_factor"),
    path("settings/members/<int:member_id>/scope/", members.member_scope, name="member_scope"),
    path("settings/", RedirectView.as_view(pattern_name="account"), name="settings"),
    path("settings/teams/", teams.team_list, name="teams"),
    path("settings/teams/<int:team_id>/", teams.team, name="team"),
    path("settings/teams/<int:team_id>/delete/", teams.team_delete, name="team_delete"),
    path("settings/keys/", keys.key_list, name="keys"),
    path("settings/keys/<str:prefix>/revoke/", keys.key_revoke, name="key_revoke"),
    path("settings/keeping/", keeping.keeping, name="keeping"),
    path("settings/export/", everything.everything, name="everything"),
    path("settings/audit/", audit.trail, name="audit"),
    path("settings/audit/audit.csv", audit.trail_file, {"form": "csv"}, name="audit_csv"),
    path("settings/audit/audit.xlsx", audit.trail_file, {"form": "xlsx"}, name="audit_xlsx"),
    path("language/", workspaces.set_language, name="language"),
    path("palette/", palette.palette, name="palette"),
    path("parts/", parts.parts, name="parts"),
    path("theme/", appearance.set_look, name="theme"),
    path("navigation/", workspaces.set_navigation, name="navigation"),
    path("activate/events/", events.event_list, name="events"),
    re_path(r"^activate/events/events\.(?P<form>csv|xlsx)$", events.events_file, name="events_file"),
    path("activate/live/", arrivals.live_view, name="live"),
    path("activate/live/rows/", arrivals.live_rows, name="live_rows"),
    path("activate/refused/", arrivals.refused_list, name="refused"),
    path("activate/refused/again/", arrivals.refused_again, name="refused_again"),
    re_path(r"^activate/refused/refused\.(?P<form>csv|xlsx)$", arrivals.refused_file, name="refused_file"),
    path("activate/events/event/", events.event, name="event"),
    path("retain/movements/", subscriptions.movements, name="movements"),
    re_path(r"^retain/movements/movements\.(?P<form>csv|xlsx)$", subscriptions.movements_file, name="movements_file"),
    path("retain/movements/rows/", subscriptions.movement_rows, name="movement_rows"),
    re_path(
        r"^retain/movements/rows/rows\.(?P<form>csv|xlsx)$", subscriptions.movement_rows_file, {}, "movement_rows_file"
    ),
    path("retain/metrics/", subscriptions.metric_board, name="metrics"),
    re_path(r"^retain/metrics/metrics\.(?P<form>csv|xlsx)$", subscriptions.metrics_file, name="metrics_file"),
    re_path(r"^retain/metrics/ltv\.(?P<form>csv|xlsx)$", subscriptions.ltv_file, name="ltv_file"),
    path("retain/metrics/lifetime/", subscriptions.ltv_rows, name="ltv_rows"),
    path("retain/metrics/committed/", subscriptions.committed_rows, name="committed_rows"),
    path("retain/cohorts/", subscriptions.cohort_map, name="cohorts"),
    re_path(r"^retain/cohorts/cohorts\.(?P<form>csv|xlsx)$", subscriptions.cohorts_file, name="cohorts_file"),
    path("retain/cohorts/accounts/", subscriptions.cohort_rows, name="cohort_rows"),
    path("retain/renewals/", subscriptions.renewals, name="renewals"),
    re_path(r"^retain/renewals/contracts\.(?P<form>csv|xlsx)$", subscriptions.renewals_file, name="renewals_file"),
    re_path(r"^retain/renewals/rates\.(?P<form>csv|xlsx)$", subscriptions.renewal_rates_file, {}, "renewal_rates_file"),
    path("retain/renewals/contract/", subscriptions.contract_rows, name="contract_rows"),
    path("retain/renewals/rows/", subscriptions.renewal_rows, name="renewal_rows"),
    path("retain/anomalies/", upkeep.anomaly_list, name="anomalies"),
    path("retain/definitions/", upkeep.definition_list, name="definitions"),
    re_path(r"^retain/definitions/definitions\.(?P<form>csv|xlsx)$", upkeep.definitions_file, name="definitions_file"),
    re_path(r"^retain/definitions/diff\.(?P<form>csv|xlsx)$", upkeep.definition_diff_file, name="definition_diff_file"),
    path("retain/definitions/new/", upkeep.definition_new, name="definition_new"),
    path("retain/definitions/edit/", upkeep.definition_edit, name="definition_edit"),
    path("retain/closing/", closing_views.months, name="closing"),
    re_path(r"^retain/closing/months\.(?P<form>csv|xlsx)$", closing_views.months_file, name="closing_file"),
    path("retain/closing/rows/", closing_views.restatement_rows, name="restatement_rows"),
    path("retain/closing/<str:month>/", closing_views.month, name="closing_month"),
    path("retain/closing/<str:month>/close/", closing_views.close, name="close_month"),
    path("retain/closing/<str:month>/reopen/", closing_views.reopen, name="reopen_month"),
    re_path(
        r"^retain/closing/(?P<month>[^/]+)/restatements\.(?P<form>csv|xlsx)$",
        closing_views.restatements_file,
        name="restatements_file",
    ),
    path("retain/reconcile/", reconcile_views.reconciliations, name="reconcile"),
    path("retain/reconcile/<int:number>/", reconcile_views.reconciliation, name="reconciliation"),
    path("retain/reconcile/<int:number>/rows/", reconcile_views.reconciled_rows, name="reconciled_rows"),
    re_path(
        r"^retain/reconcile/(?P<number>\d{1,9})/periods\.(?P<form>csv|xlsx)$",
        reconcile_views.reconciliation_file,
        name="reconciliation_file",
    ),
    re_path(
        r"^retain/reconcile/(?P<number>\d{1,9})/accounts\.(?P<form>csv|xlsx)$",
        reconcile_views.accounts_file,
        name="reconciled_accounts_file",
    ),
    path("retain/health/", upkeep.data_health, name="health"),
    re_path(r"^retain/health/checks\.(?P<form>csv|xlsx)$", upkeep.health_file, name="health_file"),
    re_path(r"^retain/health/anomalies\.(?P<form>csv|xlsx)$", upkeep.anomalies_file, name="anomalies_file"),
    path("retain/health/row/", upkeep.anomaly_rows, name="anomaly_rows"),
    *(path(sheet.path, behaviour.sheet, {"name": sheet.name}, sheet.name) for sheet in SHEETS.values()),
    *(
        re_path(
            rf"^{sheet.path}{sheet.name}\.(?P<form>csv|xlsx)$",
            behaviour.sheet_file,
            {"name": sheet.name},
            f"{sheet.name}_file",
        )
        for sheet in SHEETS.values()
    ),
    path("behaviour/people/", behaviour.people, name="people"),
    re_path(r"^behaviour/people/people\.(?P<form>csv|xlsx)$", behaviour.people_file, name="people_file"),
    path("behaviour/people/events/", behaviour.people_events, name="people_events"),
    re_path(
        r"^behaviour/people/events/events\.(?P<form>csv|xlsx)$", behaviour.people_events_file, {}, "people_events_file"
    ),
    path("behaviour/names/", behaviour.event_names, name="event_names"),
    path("behaviour/properties/", behaviour.event_properties, name="event_properties"),
    path("behaviour/values/", behaviour.event_values, name="event_values"),
    path("views/", saving.view_list, name="saved_views"),
    path("views/new/", saving.save_view, name="save_view"),
    path("views/<int:view_id>/", saving.saved_view, name="saved_view"),
    path("views/<int:view_id>/remove/", saving.remove_view, name="remove_view"),
    path("customers/accounts/", crm.account_list, name="accounts"),
    re_path(r"^customers/accounts/accounts\.(?P<form>csv|xlsx)$", crm.accounts_file, name="accounts_file"),
    path("customers/accounts/bulk/", crm.accounts_bulk, name="accounts_bulk"),
    path("customers/accounts/bulk/<str:batch>/undo/", crm.accounts_bulk_undo, name="accounts_bulk_undo"),
    path("customers/accounts/summary/", crm.account_summary, name="account_summary"),
    path("sample/", sample.sample_fill, name="sample_fill"),
    path("sample/remove/", sample.sample_remove, name="sample_remove"),
    path("imports/", connectors.import_list, name="imports"),
    re_path(r"^imports/imports\.(?P<form>csv|xlsx)$", connectors.import_list_file, name="imports_file"),
    path("imports/new/", connectors.import_new, name="import_new"),
    path("imports/<int:run_id>/", connectors.import_run, name="import"),
    path("imports/<int:run_id>/columns/", connectors.import_columns, name="import_columns"),
    path("imports/<int:run_id>/check/", connectors.import_check, name="import_check"),
    path("imports/<int:run_id>/progress/", connectors.import_progress, name="import_progress"),
    path("imports/<int:run_id>/cancel/", connectors.import_cancel, name="import_cancel"),
    path("imports/<int:run_id>/undo/", connectors.import_undo, name="import_undo"),
    path("imports/<int:run_id>/refused.csv", connectors.import_rejects, name="import_rejects"),
    path("imports/<int:run_id>/rows/", connectors.import_rows, name="import_rows"),
    path("imports/<int:run_id>/repaired/", connectors.import_return, name="import_return"),
    *(path(f"customers/{kind}/", record_lists.record_list, {"kind": kind}, kind) for kind in record_lists.SHOWN),
    *(
        re_path(rf"^customers/{k}/{k}\.(?P<form>csv|xlsx)$", record_lists.record_file, {"kind": k}, f"{k}_file")
        for k in record_lists.SHOWN
    ),
    path("customers/new/<str:kind>/", records.record_new, name="record_new"),
    path("customers/edit/<str:kind>/<str:key>/", records.record_edit, name="record_edit"),
    path("customers/edit/<str:kind>/<str:key>/<str:column>/", record_accounts.record_fact, name="record_fact"),
    path("customers/end/<str:kind>/<str:key>/", records.record_end, name="record_end"),
    path("customers/withdraw/<str:kind>/<str:key>/", records.record_withdraw, name="record_withdraw"),
    path("customers/erase/<str:key>/", erasing.person_erase, name="person_erase"),
    path("customers/undo/<str:kind>/<str:key>/", records.record_undo, name="record_undo"),
    re_path(rf"^customers/(?P<kind>{'|'.join(record_lists.SHOWN)})/(?P<key>[^/]+)/$", records.record, name="record"),
    path("customers/accounts/usage/", record_accounts.account_usage, name="account_usage"),
    path("customers/accounts/<path:account_id>/", record_accounts.account_record, name="account_record"),
    path("api/docs", docs, name="api_docs"),
    path("api/", api.urls),
]
