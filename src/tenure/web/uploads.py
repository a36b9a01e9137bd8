"""Large uploads lie in the workspace while their request lasts; what a killed server leaves of them is swept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler

from tenure.apps.connectors.files.jobs import uploads_folder


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
