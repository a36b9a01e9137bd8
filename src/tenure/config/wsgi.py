"""The web application as granian loads it."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from tenure.apps.workspaces.processes import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
application = get_wsgi_application()
end_with_parent()
