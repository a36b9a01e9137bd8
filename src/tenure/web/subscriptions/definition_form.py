"""The form of a metric definition: every setting with its choices. Hides how its values become the service's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenure.core.definition import DAYS, FLAGS, Definition
from tenure.web.definition import OWN
from tenure.web.errors import Said
from tenure.web.subscriptions.definition_words import SETTINGS, Setting

YES_NO = (("false", _("no")), ("true", _("yes")))


def _field(setting: Setting) -> forms.Field:
    said: dict[str, Any] = {"label": setting.label, "help_text": setting.meaning}
    if setting.values:
        return forms.ChoiceField(choices=[*setting.values.items()], **said)
    if setting.name in FLAGS:
        return forms.ChoiceField(choices=YES_NO, **said)
    if setting.name in DAYS:
        empty = {"placeholder": setting.empty} if setting.empty else {}
        widget = forms.NumberInput(attrs={"min": 0, "max": 36600, "inputmode": "numeric", **empty})
        return forms.IntegerField(min_value=0, max_value=36_600, required=not setting.empty, widget=widget, **said)
    usual = {"gross_margin": "0.8", "reporting_currency": "CNY", "timezone": "Asia/Shanghai"}
    widget = forms.TextInput(attrs={"placeholder": usual[setting.name]})
    return forms.CharField(required=not setting.empty, widget=widget, **said)


class DefinitionForm(forms.Form):
    """A name (only of a new one) and every setting."""

    name = forms.CharField(
        max_length=60,
        label=_("Name"),
        help_text=_("How reports and addresses call it, such as board. It cannot be changed later."),
    )

    def __init__(self, *arguments: Any, is_new: bool, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        for setting in SETTINGS:
            self.fields[setting.name] = _field(setting)
        if not is_new:
            del self.fields["name"]
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as the service takes them; empty ones are None."""
        values = {setting.name: self.cleaned_data[setting.name] for setting in SETTINGS}
        flags = {name: values[name] == "true" for name in FLAGS}
        return {name: None if value == "" else value for name, value in {**values, **flags}.items()}

    def refuse(self, field: str | None, said: Said) -> None:
        """Put what the service refused beside its field."""
        self.add_error(field if field in self.fields else None, f"{said.message} {said.fix}".strip())


def initial(definition: Definition) -> dict[str, Any]:
    """The values of a definition as the form shows them."""
    flags = {name: "true" if getattr(definition, name) else "false" for name in FLAGS}
    return {**definition.settings, **flags}


def says(settings: dict[str, Any], name: str, known: Mapping[str, Definition]) -> dict[str, Any]:
    """What a definition is written to say: only what it does otherwise than the workspace's own, which says all.

    So a later change of the workspace's own, such as of its currency, reaches the others too.
    Raises: SettingRefused for a value that a setting cannot have.
    """
    own = known[OWN]
    wanted = own.with_settings(settings).settings
    return {key: value for key, value in wanted.items() if name == OWN or value != own.settings[key]}
