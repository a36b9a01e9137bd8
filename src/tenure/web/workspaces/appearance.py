"""Appearance: language, brightness, density, colours of rise and fall, and keys, as one member likes them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tenure.apps.workspaces.appearance import CHOICES, chosen
from tenure.apps.workspaces.services import members
from tenure.web.looks import LABELS, LANGUAGES, keep_look
from tenure.web.pages import next_address, page, requires


class AppearanceForm(forms.Form):
    language = forms.ChoiceField(
        choices=LANGUAGES, widget=forms.RadioSelect, label=gettext_lazy("Language"), label_suffix=""
    )
    theme = forms.ChoiceField(
        choices=LABELS["theme"].items(), widget=forms.RadioSelect, label=gettext_lazy("Brightness"), label_suffix=""
    )
    density = forms.ChoiceField(
        choices=LABELS["density"].items(),
        widget=forms.RadioSelect,
        label=gettext_lazy("Density of tables"),
        label_suffix="",
    )
    trend = forms.ChoiceField(
        choices=LABELS["trend"].items(),
        widget=forms.RadioSelect,
        label=gettext_lazy("Colours of better and worse"),
        help_text=gettext_lazy("What is better is decided by the metric, not by the sign: a rising cost is worse."),
        label_suffix="",
    )
    shortcuts = forms.ChoiceField(
        choices=LABELS["shortcuts"].items(),
        widget=forms.RadioSelect,
        label=gettext_lazy("Single keys"),
        help_text=gettext_lazy("Keys such as / and j act at once; ? lists them. Ctrl K works in any case."),
        label_suffix="",
    )


@require_http_methods(["GET", "POST"])
@requires("own_account")
def appearance(request: HttpRequest) -> HttpResponse:
    member: Any = request.user
    speaking = translation.get_language() or settings.LANGUAGE_CODE
    kept = {**chosen(member.appearance), "language": speaking}
    form = AppearanceForm(request.POST or None, initial=kept)
    if request.method == "GET" or not form.is_valid():
        status = 200 if request.method == "GET" else 422
        return page(
            request,
            "workspaces/appearance.html",
            status=status,
            heading=_("Appearance"),
            form=form,
            samples=[
                {
                    "trend": trend,
                    "label": label,
                    "better": {"arrow": "up", "mood": "better", "text": "+4.6%"},
                    "worse": {"arrow": "fall", "mood": "worse", "text": "−2.1%"},
                }
                for trend, label in LABELS["trend"].items()
            ],
        )
    wanted = dict(form.cleaned_data)
    language = wanted.pop("language")
    members.set_appearance(member, wanted)
    members.set_language(member, language)
    with translation.override(language):
        messages.success(request, _("Kept. It holds wherever you sign in."))
    response = HttpResponseRedirect(reverse("appearance"))
    keep_look(response, theme=wanted["theme"], language=language)
    return response


@require_POST
def set_look(request: HttpRequest) -> HttpResponse:
    """One choice of the switches that are on every page; a visitor's brightness is kept in a cookie alone."""
    wanted = {name: request.POST[name] for name in CHOICES if request.POST.get(name) in CHOICES[name]}
    response = HttpResponseRedirect(next_address(request))
    if wanted and request.user.is_authenticated:
        members.set_appearance(request.user, wanted)
    keep_look(response, theme=wanted.get("theme"))
    return response
