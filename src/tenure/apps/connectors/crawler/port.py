"""What the walk through a site asks of the world: a page, and the time. Tests and other fetchers bring their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class NotFetched(Exception):
    """A page did not come, and why: one of the words that a visit counts."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered; `headers` by lower name, the body as far as the limit went."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_cut: bool = False
    """whether there was more than was read"""


class Web(Protocol):
    """Fetches one address, following nothing."""

    def get(self, url: str, *, most: int, seconds: float) -> Fetched:
        """The answer, of at most `most` bytes once unpacked, within `seconds`.

        Raises: NotFetched.
        """
        ...


class Clock(Protocol):
    """Time, as far as being polite needs it."""

    def monotonic(self) -> float:
        """Seconds from some moment on."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        ...
