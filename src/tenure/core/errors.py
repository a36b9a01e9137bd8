"""One base class for everything Tenure refuses, with one shape for programs and one for people.

An error says what happened, where the value came from and what to do next. `code` is stable and never translated;
`fix` and `message` are English sentences that the floors above translate by code. Only `web` chooses an HTTP status.
"""

from __future__ import annotations

from typing import Any


class TenureError(Exception):
    """What happened, where, and what to do: `str(error)` is a sentence, `as_dict()` is the JSON shape."""

    def __init__(self, code: str, message: str, *, fix: str = "", **where: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix
        self.where = where

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()

    def as_dict(self) -> dict[str, Any]:
        """The one JSON shape: code, message, fix and the place (field, row, column, value ... as given)."""
        return {"code": self.code, "message": self.message, "fix": self.fix, **self.where}


class QuestionRefused(TenureError):
    """A question names a field or a value that does not exist; `where` has the field and the allowed values."""


class LoadRefused(TenureError):
    """Rows handed to `load` cannot be read as a table at all (single bad values become anomalies instead)."""


class SettingRefused(TenureError):
    """A setting has a value outside its allowed ones."""


class CurrencyMismatch(TenureError):
    """Two amounts of different currencies were added or compared."""
