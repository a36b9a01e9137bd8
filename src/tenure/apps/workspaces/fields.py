"""Column types of the store that Django lacks. Hides how an exact decimal is kept in SQLite."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

PLACES = 12
DIGITS = 38
_UNIT = Decimal(1).scaleb(-PLACES)


def exact(value: Any) -> Decimal:
    """A number as decimal(38,12); refuses what does not fit instead of rounding it."""
    from decimal import localcontext

    with localcontext(prec=DIGITS + PLACES):
        number = Decimal(value)
        fitted = number.quantize(_UNIT)
        if fitted != number or len(fitted.as_tuple().digits) > DIGITS:
            raise InvalidOperation
        return fitted


class ExactDecimalField(models.Field):
    """decimal(38,12) that survives exactly: `numeric` in PostgreSQL, text with twelve places in SQLite.

    Django's own DecimalField goes through a binary float of 15 digits in SQLite. The text form does not sort as a
    number: amounts are summed and compared in the lake, the store only keeps them.
    """

    description = _("exact decimal number")
    empty_strings_allowed = False

    def db_type(self, connection: Any) -> str:
        return f"numeric({DIGITS}, {PLACES})" if connection.vendor == "postgresql" else "text"

    def get_internal_type(self) -> str:
        return "ExactDecimalField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else Decimal(value)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None:
            return None
        try:
            return exact(value)
        except (InvalidOperation, TypeError, ValueError) as error:
            raise ValidationError(
                _("%(value)s is not a decimal number with at most 26 digits and 12 decimals."),
                code="invalid",
                params={"value": value},
            ) from error

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = value if prepared else self.get_prep_value(value)
        return value if value is None or connection.vendor == "postgresql" else format(value, "f")
