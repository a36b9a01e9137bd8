"""Processes forked from one that has read the libraries: they are at work at once, and may be killed."""

from __future__ import annotations

import multiprocessing
from functools import cache
from multiprocessing import forkserver
from typing import Any

import pytest

LIBRARIES = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.core.management",
    "django_tasks_db",
    "pydantic",
    "pypinyin",
    "tenure.warehouse.mirror",
    "tenure.warehouse.sequences.index",
    "tenure.warehouse.workspace",
    "tenure.warehouse.arrivals.flusher",
    "whitenoise",
]
"""None of them asks for a setting or the language when it is read."""


@cache
def forks() -> Any:
    """The process that the others are forked from. It must not know the settings of the tests: each has its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DJANGO_SETTINGS_MODULE", raising=False)
        forkserver.ensure_running()
    return context
