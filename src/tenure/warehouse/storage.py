"""Where the files of a lake lie: a folder of this machine, or a bucket that speaks the S3 protocol.

Hides how a file is named, opened, listed and kept, who may write at the same time, and what a bucket's refusals mean.
In a folder a lock lets one writer in. A bucket has none: a commit is one object that may be put only where there is
none yet, so of several machines one wins and the others see it; and what was put is durable.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import re
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote

import pyarrow as pa
import pyarrow.fs as pafs
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from tenure.core.errors import SettingRefused, TenureError

SCHEME = "s3://"
LOG = "_delta_log"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NO_PREFIX = re.compile(r"[%\\\x00-\x1f\x7f]|(^|/)\.{0,2}(/|$)")
"""What Delta, Arrow and Spark do not all read alike: percent signs, backslashes, control characters, empty steps."""
_ENDPOINT = re.compile(r"https?://[^\s/?#@]+/?")
_AT_ONCE = 16
_CONNECT_SECONDS, _ANSWER_SECONDS, _TRIES = 5, 60, 3
_TURNS, _LONGEST_PAUSE = 12, 2.0


class Storage(Protocol):
    """The files of one lake, by their path in it (events/part-1.parquet) or by their address, which says all."""

    place: str
    """The folder, or s3://BUCKET/PREFIX."""
    shared: bool
    """Whether other machines write too, without a lock."""
    files: pafs.FileSystem | None
    """What opens the paths that `inside` gives; None: they are files of this machine."""

    def address(self, path: str) -> str:
        """The address of a file of the lake."""

    def inside(self, address: str) -> str:
        """The file as `files` knows it."""

    def table(self, name: str, version: int | None = None) -> DeltaTable:
        """A table that exists, at a version or the latest."""

    def make(self, name: str, shape: pa.Schema) -> DeltaTable:
        """The table, made if nobody has made it yet."""

    def has_table(self, name: str) -> bool:
        """Whether the table exists."""

    def there(self, paths: Collection[str]) -> set[str]:
        """Those of the paths that exist."""

    def missing(self, addresses: Collection[str]) -> list[str]:
        """Those files of one table that do not exist."""

    def names(self, folder: str) -> list[str]:
        """The names in a folder of the lake, in order; empty if there is none."""

    def size(self, address: str) -> int:
        """The bytes of a file."""

    def opened(self, address: str) -> IO[bytes]:
        """A file, open for reading."""

    def read(self, path: str) -> bytes:
        """A small file. Raises: FileNotFoundError."""

    def write(self, path: str, content: bytes) -> None:
        """Put a small file in the place of what is there, whole or not at all, and durably."""

    def bring(self, path: str, source: Path) -> None:
        """Put a file of this machine into the lake."""

    def aside(self) -> Any:
        """A context that gives a folder, as `files` knows it, for what is only on its way; it is gone afterwards."""

    def lock(self, name: str) -> Any:
        """A context in which nobody else of this machine holds the lock."""

    def refusals(self) -> Any:
        """A context that turns what the storage says into what a person can do about it."""


def storage_of(place: str | Path, locks: Path | None = None) -> Storage:
    """The storage of a place: a folder, or s3://BUCKET/PREFIX with the usual AWS_* variables of the environment.

    Raises: SettingRefused.
    """
    if isinstance(place, str) and place.startswith(SCHEME):
        return Bucket(place, os.environ, locks)
    return Folder(Path(place))


def bucket_of(place: str) -> tuple[str, str] | None:
    """(bucket, prefix) of s3://BUCKET/PREFIX; None if it cannot be one."""
    bucket, _, prefix = place.removeprefix(SCHEME).rstrip("/").partition("/")
    fits = place.startswith(SCHEME) and _BUCKET.fullmatch(bucket) and not (prefix and _NO_PREFIX.search(prefix))
    return (bucket, prefix) if fits else None


def check_access(environ: Mapping[str, str]) -> None:
    """Whether the variables by which a bucket is reached can be meant so; what is secret is not repeated.

    Raises: SettingRefused.
    """
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    if endpoint and not _ENDPOINT.fullmatch(endpoint):
        raise SettingRefused(
            "setting.refused",
            "AWS_ENDPOINT_URL is not the address of a storage server.",
            fix="Set AWS_ENDPOINT_URL to https://HOST:PORT or http://HOST:PORT, or remove it for Amazon's own.",
            variable="AWS_ENDPOINT_URL",
            value="(hidden)" if "@" in endpoint else endpoint,
            allowed="https://HOST:PORT or http://HOST:PORT",
        )
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    absent = [name for name in names if not environ.get(name)]
    if len(absent) == 1:
        raise SettingRefused(
            "setting.refused",
            f"{absent[0]} is not set, but the other half of the key is.",
            fix=f"Set {' and '.join(names)}, or neither where the machine has a role of its own.",
            variable=absent[0],
            value="",
            allowed="both or neither",
        )


def turns() -> Iterator[None]:
    """The turns that a commit gets against other machines; between two of them a pause, longer each time and by chance,
    so that those who met once do not meet again.
    """
    for taken in range(_TURNS):
        yield
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.02 * 2**taken)))


class Folder:
    """A folder of this machine. A lock is held by the kernel for a process, so it dies with it."""

    shared = False
    files = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)

    def address(self, path: str) -> str:
        return str(self.path.absolute() / path)

    def inside(self, address: str) -> str:
        return address

    def table(self, name: str, version: int | None = None) -> DeltaTable:
        return DeltaTable(str(self.path / name), version=version)

    def make(self, name: str, shape: pa.Schema) -> DeltaTable:
        (self.path / name).mkdir(parents=True, exist_ok=True)
        return DeltaTable.create(str(self.path / name), shape, mode="ignore", name=name)

    def has_table(self, name: str) -> bool:
        return bool(DeltaTable.is_deltatable(str(self.path / name)))

    def there(self, paths: Collection[str]) -> set[str]:
        return {path for path in paths if (self.path / path).exists()}

    def missing(self, addresses: Collection[str]) -> list[str]:
        return [address for address in addresses if not Path(address).exists()]

    def names(self, folder: str) -> list[str]:
        place = self.path / folder
        return sorted(file.name for file in place.iterdir()) if place.is_dir() else []

    def size(self, address: str) -> int:
        return Path(address).stat().st_size

    def opened(self, address: str) -> IO[bytes]:
        return Path(address).open("rb")

    def read(self, path: str) -> bytes:
        return (self.path / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        file = self.path / path
        draft = file.with_suffix(f".{os.getpid()}.draft")
        with draft.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)

    def bring(self, path: str, source: Path) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        source.rename(file)

    def sync(self, path: str) -> None:
        """Have a file, or the names in a folder, on the disk itself."""
        descriptor = os.open(self.path / path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def aside(self) -> Iterator[str]:
        folder = self.path.absolute().parent / "cache" / "cluster" / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            yield str(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        with _locked(self.path / ".locks" / f"{name}.lock"):
            yield

    @contextmanager
    def refusals(self) -> Iterator[None]:
        yield


class Bucket:
    """A prefix of a bucket. Its locks keep out processes of this machine only; commits need none."""

    shared = True

    def __init__(self, place: str, environ: Mapping[str, str], locks: Path | None = None) -> None:
        found = bucket_of(place)
        if found is None:
            raise SettingRefused(
                "setting.refused",
                f"{place!r} is no place in object storage.",
                fix="Write s3://BUCKET/PREFIX, without percent signs, backslashes or empty steps.",
                variable="lake",
                value=place,
                allowed="s3://BUCKET/PREFIX",
            )
        check_access(environ)
        self.bucket, self._prefix = found
        self.place = SCHEME + "/".join(filter(None, found))
        mark = hashlib.sha256(self.place.encode()).hexdigest()[:16]
        self._locks = Path(tempfile.gettempdir()) / f"tenure-{os.getuid()}-{mark}" if locks is None else locks
        self._secrets = [
            value
            for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")
            if (value := environ.get(name))
        ]
        self._options = _delta_options(environ)
        self.files: pafs.FileSystem = _file_system(environ)
        self._seen = False
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bucket")
        self._guard = threading.Lock()

    def address(self, path: str) -> str:
        return f"{self.place}/{path}"

    def inside(self, address: str) -> str:
        return address.removeprefix(SCHEME)

    def _inside(self, path: str) -> str:
        return self.inside(self.address(path) if path else self.place)

    def _url(self, name: str) -> str:
        return f"{SCHEME}{self.bucket}/{quote('/'.join(filter(None, (self._prefix, name))))}"

    def table(self, name: str, version: int | None = None) -> DeltaTable:
        return DeltaTable(self._url(name), version=version, storage_options=self._options)

    def make(self, name: str, shape: pa.Schema) -> DeltaTable:
        try:
            return DeltaTable.create(self._url(name), shape, mode="ignore", name=name, storage_options=self._options)
        except DeltaError:
            if not self.has_table(name):
                raise
            return self.table(name)  # another machine was first

    def has_table(self, name: str) -> bool:
        if self.files.get_file_info(self._inside(f"{name}/{LOG}")).type != pafs.FileType.NotFound:
            return True
        self._check_bucket()
        return False

    def there(self, paths: Collection[str]) -> set[str]:
        def is_there(path: str) -> bool:
            try:
                with self.files.open_input_file(self._inside(path)):  # asks once; to look it up would list, too
                    return True
            except FileNotFoundError:
                return False

        return {path for path, is_so in zip(paths, self._pool.map(is_there, paths), strict=True) if is_so}

    def missing(self, addresses: Collection[str]) -> list[str]:
        folders = {address.rpartition("/")[0] for address in addresses}
        known = {f"{folder}/{name}" for folder in folders for name in self._listed(self.inside(folder))}
        return [address for address in addresses if address not in known]

    def names(self, folder: str) -> list[str]:
        found = self._listed(self._inside(folder))
        if not found:
            self._check_bucket()
        return found

    def _listed(self, inside: str) -> list[str]:
        found = self.files.get_file_info(pafs.FileSelector(inside, allow_not_found=True))
        return sorted(one.base_name for one in found)

    def _check_bucket(self) -> None:
        """A bucket that is not there looks like an empty one: ask for it by name, once."""
        with self._guard:
            if not self._seen and self.files.get_file_info(self.bucket).type == pafs.FileType.NotFound:
                raise self.refusal("NoSuchBucket")
            self._seen = True

    def size(self, address: str) -> int:
        return int(self.files.get_file_info(self.inside(address)).size)

    def opened(self, address: str) -> IO[bytes]:
        return self.files.open_input_file(self.inside(address))  # type: ignore[no-any-return]

    def read(self, path: str) -> bytes:
        with self.files.open_input_stream(self._inside(path)) as opened:
            return bytes(opened.read())

    def write(self, path: str, content: bytes) -> None:
        with self.files.open_output_stream(self._inside(path)) as opened:
            opened.write(content)

    def bring(self, path: str, source: Path) -> None:
        pafs.copy_files(str(source), self._inside(path), pafs.LocalFileSystem(), self.files)

    @contextmanager
    def aside(self) -> Iterator[str]:
        folder = self._inside(f"_cluster/{uuid.uuid4().hex}")
        try:
            yield folder
        finally:
            with suppress(OSError):  # nothing may have been written
                self.files.delete_dir(folder)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        with _locked(self._locks / f"{name}.lock"):
            yield

    @contextmanager
    def refusals(self) -> Iterator[None]:
        try:
            yield
        except (OSError, DeltaError) as error:
            # the cause is told in the refusal, without what a server repeats of the key
            raise self.refusal(str(error)) from None

    def refusal(self, said: str) -> TenureError:
        """What a person can do about what the storage said."""
        for secret in self._secrets:
            said = said.replace(secret, "***")
        where = {"lake": self.place, "bucket": self.bucket, "detail": re.sub(r"\x1b\[\d*m", "", said)[:1000]}
        if re.search(r"NoSuchBucket|NO_SUCH_BUCKET", said):
            return TenureError(
                "lake.no_bucket",
                f"There is no bucket {self.bucket!r}.",
                fix="Make the bucket, or correct TENURE_LAKE, AWS_REGION or AWS_ENDPOINT_URL.",
                **where,
            )
        if re.search(_DENIED, said):
            return TenureError(
                "lake.access_refused",
                f"The storage refuses this key in the bucket {self.bucket!r}.",
                fix="Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the key must list, read, put and delete there.",
                **where,
            )
        if re.search(_GONE, said):
            return TenureError(
                "lake.unreachable",
                f"The storage of {self.place} does not answer.",
                fix="Nothing is lost: what comes in waits. Check AWS_ENDPOINT_URL and whether the storage server runs.",
                **where,
            )
        return TenureError(
            "lake.storage_failed",
            f"The storage of {self.place} could not do what was asked of it.",
            fix="Ask again; if it stays, the log of the storage server says more.",
            **where,
        )


_DENIED = (
    r"ACCESS_DENIED|AccessDenied|InvalidAccessKeyId|INVALID_ACCESS_KEY_ID|SignatureDoesNotMatch|SIGNATURE_DOES_NOT_MATCH"
    r"|InvalidToken|ExpiredToken|CredentialsNotLoaded|missing credentials|HTTP status 40[13]|HTTP response code 40[13]"
    r"|\b40[13] (Unauthorized|Forbidden)"
)
_GONE = (
    r"NETWORK_CONNECTION|curlCode|error sending request|tcp connect|dns error|timed out"
    r"|[Tt]imeout|[Cc]onnection refused|HTTP (status|response code) 50[234]|\b50[234] (Bad|Service|Gateway)|SLOW_DOWN"
    r"|SlowDown"
)


def _delta_options(environ: Mapping[str, str]) -> dict[str, str]:
    """How Delta reaches the bucket; a commit is put only where no object is (its default for S3)."""
    given = {
        name: environ[name]
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")
        if environ.get(name)
    }
    return {
        **given,
        "AWS_REGION": _region(environ),
        "AWS_CONDITIONAL_PUT": "etag",
        "AWS_ALLOW_HTTP": str(environ.get("AWS_ENDPOINT_URL", "").startswith("http://")).lower(),
        "connect_timeout": f"{_CONNECT_SECONDS}s",
        "timeout": f"{_ANSWER_SECONDS}s",
        "max_retries": str(_TRIES),
        "retry_timeout": f"{_ANSWER_SECONDS}s",
    }


def _file_system(environ: Mapping[str, str]) -> pafs.FileSystem:
    """How Arrow reaches the bucket."""
    scheme, _, host = environ.get("AWS_ENDPOINT_URL", "").rstrip("/").rpartition("://")
    return pafs.S3FileSystem(
        access_key=environ.get("AWS_ACCESS_KEY_ID") or None,
        secret_key=environ.get("AWS_SECRET_ACCESS_KEY") or None,
        session_token=environ.get("AWS_SESSION_TOKEN") or None,
        region=_region(environ),
        scheme=scheme or "https",
        endpoint_override=host or None,
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_ANSWER_SECONDS,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=_TRIES),
    )


def _region(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Nobody else on this machine is in the block of the same file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)
