"""Custom fields: defined for a kind of record, and their values read, checked and put into `attributes`.

A value is kept under its field's key, as JSON: numbers and money as exact texts, days as 2026-03-31. Other keys of
`attributes` (columns of files that no table knows) stay what they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Max
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tenure.apps.workspaces.models import CustomField, FieldType, Member
from tenure.apps.workspaces.permissions import require
from tenure.apps.workspaces.services.rows import as_json
from tenure.apps.workspaces.services.values import ValueRefused, plain_text, refuse, typed
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.core.errors import TenureError
from tenure.core.money import trimmed
from tenure.warehouse import schema

GIVEN = "custom"
"""Under this name services, forms and the API take the values of custom fields, by key."""
KIND = "custom field"
"""The kind of the audit entries about definitions."""
MOST = 100
"""Fields of one kind of record."""
MOST_OPTIONS = 200
_FLAT = f"{GIVEN}."
"""What the name of one custom field begins with where it stands among columns."""
_KEY = re.compile("[a-z][a-z0-9_]{0,39}")
_TAKEN = frozenset({GIVEN, "attributes", "version", "reason", "key", "kind", "constructor", "prototype"})
_CHOSEN = (FieldType.CHOICE, FieldType.MULTI)
_COLUMN: Mapping[str, schema.Kind] = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "number",
    FieldType.MONEY: "number",
    FieldType.DATE: "day",
    FieldType.BOOLEAN: "boolean",
}


def fields(kind: str) -> list[CustomField]:
    """The fields of a kind in their order."""
    return list(CustomField.objects.filter(kind=kind, removed_at=None).order_by("position", "pk"))


def field(number: int) -> CustomField:
    """One field by its number.

    Raises: TenureError field.unknown.
    """
    found = CustomField.objects.filter(pk=number, removed_at=None).first()
    if found is None:
        raise TenureError(
            "field.unknown",
            _("There is no such field."),
            fix=_("Choose one from the list of custom fields."),
            value=str(number),
        )
    return found


def personal_keys(kind: str) -> frozenset[str]:
    """The keys whose values tell of persons, those of removed fields among them."""
    return frozenset(CustomField.objects.filter(kind=kind, personal=True).values_list("key", flat=True))


def named(found: CustomField) -> str:
    """A field's name among columns, in forms and in refusals."""
    return f"{_FLAT}{found.key}"


def label(found: CustomField) -> str:
    """What a field is called in the language in force; in the other one where it has no name in this."""
    first, second = found.label_en, found.label_zh
    if (get_language() or "en").startswith("zh"):
        first, second = second, first
    return first or second or found.key


# ---------------------------------------------------------------------- values


def content(text: str | None) -> dict[str, Any]:
    """What is kept in a record's `attributes`, by key; what is no object stands under `attributes`, as in the lake."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {"attributes": text}
    return found if isinstance(found, dict) else {"attributes": found}


def apart(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
    """The values of columns, and those of custom fields (None if nothing is said of them)."""
    flat = {name.removeprefix(_FLAT): value for name, value in given.items() if str(name).startswith(_FLAT)}
    if GIVEN not in given and not flat:
        return given, None
    rest = {name: value for name, value in given.items() if name != GIVEN and not str(name).startswith(_FLAT)}
    own = given.get(GIVEN)
    return rest, {**own, **flat} if isinstance(own, Mapping) else flat if own is None else own


def without(text: str | None, hidden: Collection[str]) -> str | None:
    """`attributes` without what a reader may not see; `hidden` has names as `named` gives them, among others."""
    keys = {name.removeprefix(_FLAT) for name in hidden if name.startswith(_FLAT)}
    held = content(text) if keys else {}
    if not keys & set(held):
        return text
    return as_json({key: value for key, value in held.items() if key not in keys}) if set(held) - keys else None


def merged(kind: str, text: str | None, given: Any, *, whole: bool = False) -> str | None:
    """`attributes` with the values of custom fields as given; an empty one takes the value out.

    `whole` says that it is all there will be: then a required field must have a value.

    Raises: ValueRefused.
    """
    if not isinstance(given, Mapping):
        raise refuse(GIVEN, given, _('Write the values by key, such as {"size": "12"}.'))
    known = {one.key: one for one in fields(kind)}
    held = content(text)
    new = dict(held)
    for key, value in given.items():
        if key not in known:
            raise ValueRefused(
                "record.unknown_field",
                _("There is no field %(field)s.") % {"field": repr(key)[:80]},
                fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(known) or "–"},
                field=f"{_FLAT}{key}"[:80],
                value=str(value)[:80],
            )
        read = value_of(known[key], value)
        if read is not None:
            new[key] = read
        elif known[key].required:
            raise _missing(known[key])
        else:
            new.pop(key, None)
    lacking = next((one for one in known.values() if whole and one.required and one.key not in new), None)
    if lacking is not None:
        raise _missing(lacking)
    if new == held:
        return text
    return as_json(new) if new else None


def _missing(found: CustomField) -> ValueRefused:
    name = named(found)
    fix = _("Give a value: the record cannot do without it.")
    return ValueRefused("record.missing_value", _("%(field)s is missing.") % {"field": name}, fix=fix, field=name)


def value_of(found: CustomField, given: Any) -> Any:
    """A value as `attributes` keeps it; None for an empty one.

    Raises: ValueRefused.
    """
    name = named(found)
    if given is None or given in ([], {}) or (isinstance(given, str) and not given.strip()):
        return None
    if found.type == FieldType.MULTI:
        return _chosen(found, name, given)
    if isinstance(given, (list, dict)):
        raise refuse(name, given, _("Write one value."))
    if found.type in _COLUMN:
        read = typed(name, _COLUMN[found.type], given)
        if found.type in (FieldType.NUMBER, FieldType.MONEY):
            return f"{trimmed(read):f}"
        return read.isoformat() if found.type == FieldType.DATE else read
    text = plain_text(name, given)
    if found.type == FieldType.CHOICE and text not in found.options:
        raise refuse(name, text, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(found.options)})
    if found.type == FieldType.MEMBER:
        member = Member.objects.filter(email__iexact=text).first()
        if member is None:
            raise refuse(name, text, _("Write the e-mail address of a member."))
        return member.email
    if found.type == FieldType.URL and not _is_address(text):
        raise refuse(name, text, _("Write an address that begins with https:// or http://."))
    return text


def _chosen(found: CustomField, name: str, given: Any) -> list[str] | None:
    items = re.split("[,，、;；|]", given) if isinstance(given, str) else given
    if not isinstance(items, (list, tuple)) or not all(isinstance(one, str) for one in items):
        raise refuse(name, given, _("Write a list of texts."))
    wanted = {one.strip() for one in items if one.strip()}
    wrong = sorted(wanted - set(found.options))
    if wrong:
        raise refuse(name, wrong[0], _("Use some of: %(allowed)s.") % {"allowed": ", ".join(found.options)})
    return [one for one in found.options if one in wanted] or None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable() and " " not in text
    except ValueError:
        return False


# ---------------------------------------------------------------------- definitions


def define(
    kind: str,
    key: str,
    type: str,  # noqa: A002 - pages and the API call it so
    *,
    by: Actor,
    label_en: str = "",
    label_zh: str = "",
    options: Sequence[str] = (),
    required: bool = False,
    personal: bool = False,
    position: int | None = None,
) -> CustomField:
    """A new field of a kind of record; `type` is one of FieldType.

    Raises: TenureError field.bad_key, field.bad_value, field.exists, field.too_many.
    """
    _allow(by)
    _check_key(kind, key)
    values = _checked(type, label_en, label_zh, options, required, personal)
    with writing(by) as write:
        there = CustomField.objects.filter(kind=kind, removed_at=None)
        if there.filter(key=key).exists():
            raise TenureError(
                "field.exists",
                _("There is already a field %(key)s.") % {"key": repr(key)},
                fix=_("Change that one, or choose another key."),
                field="key",
                value=key,
            )
        if there.count() >= MOST:
            raise TenureError(
                "field.too_many",
                _("There are %(most)s fields already.") % {"most": MOST},
                fix=_("Remove one that nobody needs."),
                most=MOST,
            )
        last = there.aggregate(last=Max("position"))["last"]
        place = position if position is not None else 0 if last is None else last + 1
        made = CustomField.objects.create(kind=kind, key=key, made_at=write.now, position=_place(place), **values)
        _note(write, "created", made, after={**values, "position": made.position})
    return made


def change(found: CustomField, *, by: Actor, **given: Any) -> CustomField:
    """Change what a field is called, offers and asks for; its key and type stay. What is None stays, too.

    Raises: TenureError field.bad_value.
    """
    _allow(by)
    names = ("label_en", "label_zh", "options", "required", "personal")
    wanted = {name: given[name] if given.get(name) is not None else getattr(found, name) for name in names}
    values = _checked(found.type, **wanted)
    if given.get("position") is not None:
        values["position"] = _place(given["position"])
    changed = [name for name, value in values.items() if getattr(found, name) != value]
    if changed:
        before = {name: getattr(found, name) for name in changed}
        with writing(by) as write:
            for name in changed:
                setattr(found, name, values[name])
            found.save(update_fields=changed)
            _note(write, "edited", found, before=before, after={name: values[name] for name in changed})
    return found


def remove(found: CustomField, *, by: Actor) -> None:
    """Ask and show a field no more. Its values stay in the records, under its key."""
    _allow(by)
    with writing(by) as write:
        if CustomField.objects.filter(pk=found.pk, removed_at=None).update(removed_at=write.now):
            _note(write, "deleted", found, before={"type": found.type, "label_en": found.label_en})


def _allow(by: Actor) -> None:
    if by is not None and not isinstance(by, str):
        require(by, "define_fields")


def _note(write: Writing, verb: str, found: CustomField, **detail: Any) -> None:
    write.audit(verb, KIND, f"{found.kind}/{found.key}", **detail)


def _check_key(kind: str, key: str) -> None:
    table = schema.TABLES.get(kind)
    if table is None or "attributes" not in table.by_name:
        raise _bad("kind", kind, _("Use the name of a kind of record such as accounts, contacts or deals."))
    taken = key in _TAKEN or key in table.by_name or key in schema.GIVEN_AS
    if not isinstance(key, str) or not _KEY.fullmatch(key) or taken:
        raise TenureError(
            "field.bad_key",
            _("%(key)s cannot be the key of a field.") % {"key": repr(key)[:80]},
            fix=_("Write a small letter and up to 39 small letters, digits and _; no name of a column of the kind."),
            field="key",
            value=str(key)[:80],
        )


def _checked(
    sort: str,
    label_en: str,
    label_zh: str,
    options: Sequence[str],
    required: bool,
    personal: bool,
) -> dict[str, Any]:
    if sort not in FieldType.values:
        raise _bad("type", sort, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(FieldType.values)})
    labels = {"label_en": plain_text("label_en", label_en), "label_zh": plain_text("label_zh", label_zh)}
    long = next((name for name, text in labels.items() if len(text) > 100), None)
    if long is not None:
        raise _bad(long, labels[long], _("Write at most 100 characters."))
    if not any(labels.values()):
        raise _bad("label_en", "", _("Say what the field is called, in one of the languages at least."))
    return {**labels, "type": sort, "options": _options(sort, options), "required": required, "personal": personal}


def _options(sort: str, given: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(text for one in given if (text := plain_text("options", one))))
    if sort == FieldType.MONEY:
        if len(found) != 1 or not re.fullmatch("[A-Z]{3}", found[0]):
            raise _bad("options", ", ".join(found), _("Write the one currency of the amounts, such as CNY or USD."))
        return found
    if sort not in _CHOSEN:
        return []
    if not 0 < len(found) <= MOST_OPTIONS or any(len(one) > 100 for one in found):
        raise _bad("options", ", ".join(found), _("Write 1 to 200 choices of at most 100 characters, one a line."))
    if sort == FieldType.MULTI and any(re.search("[,，、;；|]", one) for one in found):
        raise _bad("options", ", ".join(found), _("Write choices without commas, semicolons and bars."))
    return found


def _place(position: int) -> int:
    return max(0, min(int(position), 10_000))


def _bad(name: str, value: object, fix: str) -> TenureError:
    return TenureError(
        "field.bad_value",
        _("%(field)s cannot be %(value)s.") % {"field": name, "value": repr(value)[:80]},
        fix=fix,
        field=name,
        value=str(value)[:80],
    )
