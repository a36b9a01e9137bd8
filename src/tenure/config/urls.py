"""All addresses: the pages and the API are the web floor's."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("tenure.web.urls"))]

handler404 = "tenure.web.refusals.not_found"
handler429 = "tenure.web.refusals.too_many"
handler500 = "tenure.web.refusals.failed"
