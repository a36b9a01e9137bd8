"""What a running import tells and is told: how far it is, and that it shall stop. Hides the two small files for it.

They lie beside the import's folder and not in the store: while that writes an import, it can take nothing else in.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from pathlib import Path

from tenure.apps.connectors.files.reading import Progress
from tenure.apps.connectors.files.staging import imports_folder

_PROGRESS = re.compile(r"\.?(?P<run>\d+)\.progress(\.\d+)?")


def told_by() -> set[int]:
    """The imports that said how far they are, those among them that were killed before they could take it back."""
    found = (_PROGRESS.fullmatch(place.name) for place in imports_folder().glob("*.progress*"))
    return {int(match["run"]) for match in found if match}


class Signs:
    """The signs of one import."""

    def __init__(self, run_id: int) -> None:
        self._progress = imports_folder() / f"{run_id}.progress"
        self._wish = imports_folder() / f"{run_id}.cancel"

    def tell(self, progress: Progress) -> None:
        """Say how far the import is."""
        self._write(self._progress, json.dumps(asdict(progress)))

    def told(self) -> Progress | None:
        """How far the import said it was; None if it does not run."""
        try:
            return Progress(**json.loads(self._progress.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def ask_to_stop(self) -> None:
        """Let the import stop at its next look."""
        self._write(self._wish, "")

    @property
    def asked_to_stop(self) -> bool:
        return self._wish.exists()

    def take_wish(self) -> bool:
        """Remove the wish to stop. Of several who try, one gets True: it decides what becomes of the wish."""
        try:
            self._wish.unlink()
        except FileNotFoundError:
            return False
        return True

    def end(self) -> None:
        """The import does not run any more."""
        for place in (self._progress, *imports_folder().glob(f".{self._progress.name}.*")):
            place.unlink(missing_ok=True)

    def clear(self) -> None:
        """The import does not run any more, and no wish is of account."""
        self.end()
        self._wish.unlink(missing_ok=True)

    @staticmethod
    def _write(place: Path, text: str) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        part.replace(place)
