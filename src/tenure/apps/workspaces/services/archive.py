"""The file of a backup: a tar of entries, packed with zstd, that ends with a manifest. Hides packing and checking.

The first entry says what the file is; the last ones are the manifest, with the size and the SHA-256 of every entry,
and the manifest's own SHA-256. What is cut off, altered or something else altogether is refused.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import secrets
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from django.utils.translation import gettext as _

from tenure.core.errors import TenureError
from tenure.version import __version__

FORMAT = 1
MANIFEST = "manifest.json"
_HEAD, _SEAL = "tenure-backup.json", "manifest.sha256"
_ALLOWED = re.compile(
    r"store\.(sqlite3|dump)|workspace\.json|secret\.key"
    r"|lake/(\.mirror\.json|[a-z_]+/(part-[\w.-]+\.parquet|[\w.-]+\.parquet|_delta_log/[\w.]+))"
    r"|journal/(journal\.json|\d{12}\.log)"
    r"|imports/(uploads/\w+|\d+/(report\.csv|rejects\.jsonl|\.lock))"
)
_CHUNK = 1 << 20


class BackupRefused(TenureError):
    """A backup cannot be made, or a file cannot be restored."""


class Writer:
    """Adds entries to the file of a backup, and closes it with its manifest."""

    def __init__(self, stream: IO[bytes]) -> None:
        own = os.fdopen(os.dup(stream.fileno()), "wb")  # closed with the packing, the caller's stream stays open
        self._packed = pa.CompressedOutputStream(pa.PythonFile(own, "w"), "zstd")
        self._tar = tarfile.TarFile.open(fileobj=self._packed, mode="w|", format=tarfile.PAX_FORMAT)
        self._entries: dict[str, dict[str, Any]] = {}
        self._put(_HEAD, _json({"format": FORMAT, "tenure": __version__}))

    def add(self, name: str, content: bytes | Path | IO[bytes]) -> None:
        """Add an entry: its bytes, or a file that does not change any more."""
        if isinstance(content, bytes):
            self._put(name, content)
        elif isinstance(content, Path):
            with content.open("rb") as source:
                self._copy(name, source)
        else:
            self._copy(name, content, content.size() if isinstance(content, pa.NativeFile) else None)

    def close(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Write the manifest and end the file; gives the manifest."""
        manifest = {"format": FORMAT, "tenure": __version__, **about, "entries": dict(self._entries)}
        text = _json(manifest)
        self._put(MANIFEST, text)
        self._put(_SEAL, hashlib.sha256(text).hexdigest().encode())
        self._tar.close()
        self._packed.close()
        return manifest

    def _put(self, name: str, content: bytes) -> None:
        self._copy(name, io.BytesIO(content), len(content))

    def _copy(self, name: str, source: IO[bytes], size: int | None = None) -> None:
        info = tarfile.TarInfo(name)
        info.size = os.fstat(source.fileno()).st_size if size is None else size
        info.mode = 0o600
        hashed = _Hashed(source)
        self._tar.addfile(info, hashed)  # type: ignore[arg-type]
        self._entries[name] = {"bytes": info.size, "sha256": hashed.digest.hexdigest()}


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        part = self._source.read(size)
        self.digest.update(part)
        return part


@contextmanager
def new_file(target: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when the block has ended well; where the disk can, a killed process leaves nothing.

    Raises: BackupRefused if the name is taken or the folder cannot be written.
    """
    if target.exists():
        raise _exists(target)
    part: Path | None = None
    try:
        try:
            descriptor = os.open(target.parent, os.O_TMPFILE | os.O_RDWR, 0o600)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
                raise
            # a disk without nameless files
            part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
            descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            _name(stream.fileno(), part, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _name(descriptor: int, part: Path | None, target: Path) -> None:
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        if part is None:
            # with a folder given, the link is followed: the nameless file itself gets the name
            os.link(f"/proc/self/fd/{descriptor}", target.name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            os.link(part, target)
        os.fsync(folder)
    except FileExistsError as error:
        raise _exists(target) from error
    finally:
        os.close(folder)


def entries(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The entries of a backup after its head, each to be read before the next one; the manifest comes last.

    Raises: BackupRefused at the first thing that is not as it was written, or at the end if something is missing.
    """
    found: dict[str, dict[str, Any]] = {}
    manifest = b""
    try:
        with pa.input_stream(str(file), compression="zstd") as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None or not member.isreg() or member.name in found:
                    raise damaged(file)
                hashed = _Hashed(content)
                if not found:
                    _check_head(file, member, hashed)
                elif member.name == _SEAL:
                    sealed = content.read(_CHUNK) == hashlib.sha256(manifest).hexdigest().encode()
                    if not sealed or json.loads(manifest)["entries"] != {
                        n: e for n, e in found.items() if n != MANIFEST
                    }:
                        raise damaged(file)
                    return
                elif member.name == MANIFEST:
                    manifest = hashed.read()
                    yield MANIFEST, io.BytesIO(manifest)
                elif manifest or not _ALLOWED.fullmatch(member.name):
                    raise damaged(file)
                else:
                    yield member.name, hashed  # type: ignore[misc]
                    while hashed.read(_CHUNK):
                        pass
                found[member.name] = {"bytes": member.size, "sha256": hashed.digest.hexdigest()}
    except FileNotFoundError as error:
        raise BackupRefused(
            "backup.no_file",
            _("There is no file {file}.").format(file=file),
            fix=_("Check the name of the backup."),
            file=str(file),
        ) from error
    except (OSError, tarfile.TarError, EOFError, ValueError, KeyError) as error:
        raise (damaged(file) if found else _foreign(file)) from error
    raise damaged(file) if found else _foreign(file)


def _check_head(file: Path, member: tarfile.TarInfo, content: _Hashed) -> None:
    if member.name != _HEAD or member.size > _CHUNK:
        raise _foreign(file)
    said = json.loads(content.read())
    if said["format"] > FORMAT:
        raise newer(file, said["tenure"])


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, default=str).encode()


def newer(file: Path, version: str) -> BackupRefused:
    """The refusal of a backup that a later release has made."""
    return BackupRefused(
        "backup.newer",
        _("{file} was made by Tenure {version}, which is newer than this one.").format(file=file, version=version),
        fix=_("Install that version, or a later one, and restore with it."),
        file=str(file),
        version=version,
    )


def damaged(file: Path) -> BackupRefused:
    """The refusal of a backup that is cut off or altered."""
    return BackupRefused(
        "backup.damaged",
        _("{file} is damaged: it is cut off, or was altered after it was made.").format(file=file),
        fix=_("Restore another backup. Nothing was written."),
        file=str(file),
    )


def _foreign(file: Path) -> BackupRefused:
    return BackupRefused(
        "backup.foreign",
        _("{file} is not a backup of Tenure.").format(file=file),
        fix=_("Name a file that `tenure backup` has made. Nothing was written."),
        file=str(file),
    )


def _exists(target: Path) -> BackupRefused:
    return BackupRefused(
        "backup.exists",
        _("There is already a file {file}.").format(file=target),
        fix=_("Choose another name: a backup never replaces one that is there."),
        file=str(target),
    )


def _unwritable(target: Path, error: OSError) -> BackupRefused:
    return BackupRefused(
        "backup.cannot_write",
        _("{file} cannot be written: {reason}.").format(file=target, reason=error.strerror or error),
        fix=_("Name a file in a folder that exists, is writable and has room."),
        file=str(target),
    )
