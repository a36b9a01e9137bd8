"""Every address of the pages and of the HTTP API."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from tenure.web.api import api
from tenure.web.api.docs import docs
from tenure.web.subscriptions import views as subscriptions
from tenure.web.workspaces import views as workspaces

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="movements"), name="home"),
    path("login/", workspaces.how_to_sign_in, name="login"),
    path("login/<str:token>/", workspaces.sign_in, name="sign_in"),
    path("logout/", workspaces.sign_out, name="logout"),
    path("language/", workspaces.set_language, name="language"),
    path("theme/", workspaces.set_theme, name="theme"),
    path("retain/movements/", subscriptions.movements, name="movements"),
    path("retain/movements/movements.csv", subscriptions.movements_file, name="movements_file"),
    path("retain/movements/rows/", subscriptions.movement_rows, name="movement_rows"),
    path("retain/movements/rows/rows.csv", subscriptions.movement_rows_file, name="movement_rows_file"),
    path("retain/cohorts/", subscriptions.cohort_map, name="cohorts"),
    path("retain/cohorts/cohorts.csv", subscriptions.cohorts_file, name="cohorts_file"),
    path("retain/cohorts/accounts/", subscriptions.cohort_rows, name="cohort_rows"),
    path("retain/renewals/", subscriptions.renewals, name="renewals"),
    path("retain/renewals/contracts.csv", subscriptions.renewals_file, name="renewals_file"),
    path("retain/renewals/rates.csv", subscriptions.renewal_rates_file, name="renewal_rates_file"),
    path("retain/renewals/contract/", subscriptions.contract_rows, name="contract_rows"),
    path("retain/renewals/rows/", subscriptions.renewal_rows, name="renewal_rows"),
    path("retain/anomalies/", subscriptions.anomaly_list, name="anomalies"),
    path("api/docs", docs, name="api_docs"),
    path("api/", api.urls),
]
