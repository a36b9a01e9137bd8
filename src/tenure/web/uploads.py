"""Uploads: how many one may make, and where large ones lie.

Large uploads lie in the workspace while their request lasts; what a killed server leaves of them is swept.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler

from tenure.apps.connectors.files.jobs import uploads_folder
from tenure.apps.workspaces.permissions import Caller
from tenure.core.errors import TenureError

MOST_AT_ONCE = 5 * 1024 * 1024
"""A larger file is read by the worker."""


def spend(caller: Caller) -> None:
    """Count an upload of a caller; refuse it where they have made too many in this hour.

    Raises: TenureError request.too_many.
    """
    most, hour = settings.TENURE_UPLOADS_AN_HOUR, int(time.time() // 3600)
    name = f"tenure_uploads_{caller._meta.model_name}{caller.pk}_{hour}"
    cache.add(name, 0, 3600)
    if cache.incr(name) > most > 0:
        raise TenureError(
            "request.too_many",
            "Too many uploads in one hour.",
            fix="Wait a while, then go on more slowly.",
        )


def content(file: UploadedFile) -> Path | bytes:
    """An upload where it lies: on disk if it is large, else in memory."""
    return Path(file.temporary_file_path()) if hasattr(file, "temporary_file_path") else file.read()


class HeldFile(TemporaryUploadedFile):
    """A file among the kept ones, locked until it is closed, so that no sweep takes it."""

    def __init__(self, name: str, content_type: str, charset: str | None, extra: Any) -> None:
        UploadedFile.__init__(self, _locked_file(), name, content_type, 0, charset, extra)


class HeldFileUploadHandler(TemporaryFileUploadHandler):
    """Streams an upload into a `HeldFile`."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = HeldFile(self.file_name, self.content_type, self.charset, self.content_type_extra)


def _locked_file() -> Any:
    folder = uploads_folder()
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        file = tempfile.NamedTemporaryFile(dir=folder)  # noqa: SIM115 - it is closed with the request
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        with contextlib.suppress(FileNotFoundError):  # swept before it was locked
            file.close()
