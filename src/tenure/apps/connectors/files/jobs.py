"""An import as a job: its file is kept until a worker has read it. Hides where, and what a kill leaves behind."""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.utils import translation

from tenure.apps.connectors.files import importer
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.problems import ImportRefused
from tenure.apps.connectors.files.reading import Given, Progress
from tenure.apps.connectors.files.signs import Signs
from tenure.apps.connectors.files.source import file_name
from tenure.apps.connectors.files.staging import imports_folder
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.permissions import require
from tenure.apps.workspaces.services import imports
from tenure.apps.workspaces.services.writing import Actor, actor_from
from tenure.core.errors import TenureError

log = logging.getLogger(__name__)
Run = imports.ImportRun
_CHUNK = 1 << 20
_ACTIVE = frozenset({"checking", "queued", "staged"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A kept file: its name among the kept ones, what people call it, and what names its content."""

    name: str
    file_name: str
    digest: str


@contextmanager
def kept(given: Given, name: str | None = None) -> Iterator[Upload]:
    """Keep a file for later. Until the block ends nobody sweeps it; if the block fails it is thrown away."""
    with _held_file(uploads_folder()) as (place, stream):
        try:
            if isinstance(given, bytes):
                stream.write(given)
            elif isinstance(given, str | Path):
                with Path(given).open("rb") as source:
                    shutil.copyfileobj(source, stream, _CHUNK)
            else:
                given.seek(0)
                shutil.copyfileobj(given, stream, _CHUNK)
            stream.flush()
            os.fsync(stream.fileno())
            yield Upload(place.name, file_name(given, name), importer.digest(place))
        except BaseException:
            place.unlink(missing_ok=True)
            raise


def queue(upload: Upload, kind: str, options: Options, *, by: Actor) -> Run:
    """A run that waits for its job to read the kept file."""
    return imports.queue_run(kind, upload.file_name, upload.digest, upload.name, asdict(options), by=by)


def carry_out(run_id: int, options: Mapping[str, Any], by: Mapping[str, Any], language: str) -> None:
    """Import the kept file of a run; begun again after a kill it changes nothing that is written already.

    A refusal is kept with the run, in the language of who sent the file.
    """
    run, actor = selectors.import_run(run_id), actor_from(by)
    try:
        with translation.override(language):
            if not imports.begin_run(run):
                importer.settle(run, by=actor)
                return
            if not isinstance(actor, str):
                require(actor, "import")
            importer.carry_out(run, place_of(run), Options.of(options), by=actor, name=run.file_name)
    except TenureError as refused:
        imports.fail_run(run, refused, by=actor)
    except Exception:
        log.exception("Import %s failed.", run_id)
        raise
    finally:
        discard(run)


def give_up(run: Run) -> None:
    """Fail a run whose job is gone, because every worker that took it up was killed; a draft stays one."""
    if run.state == "checking":
        imports.end_check(run, {"refused": ImportRefused("import.killed").as_dict()})
        Signs(run.pk).clear()
        return
    imports.fail_run(run, ImportRefused("import.killed"), by="tenure")
    Signs(run.pk).clear()
    discard(run)


def cancel(run_id: int, *, by: Actor) -> Run:
    """Stop an import. One that waits is cancelled at once; one that runs stops at its next look, with nothing written.

    The check of a draft stops, and leaves the draft; a draft itself is thrown away.
    Raises: ImportRefused if the import has ended already.
    """
    run = selectors.import_run(run_id)
    waiting = run.state
    if waiting in {"draft", "queued"}:
        imports.fail_run(run, ImportRefused("import.cancelled"), by=by)  # unless it began just now
        if waiting == "draft" and run.state == "cancelled":
            discard(run)
    if run.state in _ACTIVE:
        signs = Signs(run.pk)
        signs.ask_to_stop()
        run = selectors.import_run(run_id)
        # If it was written just now, who removes the wish decides: the import, which takes itself back, or we.
        if run.state in _ACTIVE or not signs.take_wish():
            return selectors.import_run(run_id)
    if run.state not in {"cancelled", "draft"}:
        raise ImportRefused("import.not_cancellable", value=str(run_id), status=run.get_state_display())
    return run


def progress_of(run: Run) -> Progress | None:
    """How far a running import is; None if it does not run."""
    return Signs(run.pk).told() if run.state in _ACTIVE else None


def share_of(run: Run) -> float | None:
    """Share of the file that is read, 0 to 1; None where it is not known."""
    if run.state in {"applied", "undone"}:
        return 1.0
    found = progress_of(run)
    if found is None:
        return 0.0 if run.state in _ACTIVE else None
    return None if found.total == 0 else round(min(found.done / found.total, 1.0), 4)


def error_of(run: Run) -> TenureError | None:
    """Why a run failed or was cancelled; None if it was not."""
    if run.state not in {"failed", "cancelled"}:
        return None
    return ImportRefused.kept(run.outcome) if run.outcome else ImportRefused(f"import.{run.state}")


def is_stopping(run: Run) -> bool:
    """Whether a running import was told to stop."""
    return run.state in _ACTIVE and Signs(run.pk).asked_to_stop


# ---------------------------------------------------------------------- the kept files


def discard(run: Run) -> None:
    """Throw the kept file of a run away."""
    if run.upload:
        place_of(run).unlink(missing_ok=True)
        imports.forget_upload(run)


def sweep_uploads() -> int:
    """Throw away kept files that no import waits for, left by a killed process; how many there were."""
    folder = uploads_folder()
    found = sorted(folder.iterdir()) if folder.is_dir() else []  # before the runs are read: a new file has a new run
    wanted = {run.upload for run in selectors.imports_with_upload()}
    swept = 0
    for place in found:
        if place.name not in wanted and _unlocked(place):
            swept += 1
    return swept


def uploads_folder() -> Path:
    """Where files wait for their job."""
    return imports_folder() / "uploads"


def place_of(run: Run) -> Path:
    """Where the kept file of a run lies."""
    return uploads_folder() / run.upload


@contextmanager
def _held_file(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file in the folder that is not swept while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        place = folder / secrets.token_hex(16)
        with place.open("xb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if os.fstat(stream.fileno()).st_nlink == 0:  # swept before it was locked
                continue
            yield place, stream
            return


def _unlocked(place: Path) -> bool:
    """Remove a file that nobody holds; whether it was removed."""
    try:
        with place.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            place.unlink(missing_ok=True)
    except (FileNotFoundError, BlockingIOError):
        return False
    return True
