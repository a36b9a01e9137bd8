"""What a member may choose of how the pages look and answer; the first of each is what nobody chose."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "theme": ("system", "light", "dark"),
        "density": ("normal", "compact", "roomy"),
        "trend": ("blue-orange", "red-green", "green-red"),
        "shortcuts": ("on", "off"),
    }
)


def chosen(kept: Mapping[str, object]) -> dict[str, str]:
    """Every choice, with what nobody chose, or what is no longer there, as it usually is."""
    return {name: value if (value := str(kept.get(name))) in all_ else all_[0] for name, all_ in CHOICES.items()}
