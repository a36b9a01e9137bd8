"""Sentences of the command line in the language of TENURE_LANGUAGE, without loading Django: `tenure --help` is fast."""

from __future__ import annotations

import gettext
import os
from functools import lru_cache
from pathlib import Path

LOCALE = Path(__file__).resolve().parent.parent / "locale"


@lru_cache(maxsize=1)
def _catalogue() -> gettext.NullTranslations:
    language = os.environ.get("TENURE_LANGUAGE", "").strip() or "en"
    return gettext.translation("django", str(LOCALE), languages=[language], fallback=True)


def text(sentence: str) -> str:
    """The sentence in the language of the installation."""
    return _catalogue().gettext(sentence)
