"""单位 and 单位位置."""

from django import forms
from django.contrib import admin

from campaigns import registry
from campaigns.models import Campaign, ReportingUnit, UnitPlace
from campaigns.resources import PlaceResource, UnitResource
from reports.managing.place_changes import refused_rows

from .importing import CampaignTableForm, ConfirmCampaignTableForm, TableAdmin
from .site import CampaignFilter, OfficeAdmin, site


@admin.register(ReportingUnit, site=site)
class UnitAdmin(TableAdmin, OfficeAdmin):
    list_display = ("code", "name")
    search_fields = ("code", "name")
    search_help_text = "代码或名称"
    fields = ("code", "name")
    import_resource = UnitResource
    sentence = "每行一个单位：代码是新的就新增，已有的就改名称。单位在某次活动中的上下级在“单位位置”里导入。"

    def get_readonly_fields(self, request, obj=None):
        return () if obj is None else ("code",)

    def has_change_permission(self, request, obj=None):
        """Whoever leads one campaign does not rename an office that others know as well."""
        if not super().has_change_permission(request, obj):
            return False
        led = self.admin_site.campaigns_led(request)
        return obj is None or led is None or not obj.places.exclude(campaign__in=led).exists()

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or registry.is_unused(obj))


class PlaceForm(forms.ModelForm):
    """A new place, or a correction of one: `campaigns.registry` decides about both."""

    code = forms.CharField(label="单位代码", max_length=40, required=False)
    above = forms.CharField(label="上级代码", max_length=40, required=False)

    def clean(self):
        cleaned = super().clean()
        campaign = cleaned.get("campaign") or (self.instance.campaign if self.instance.pk else None)
        if campaign is None:
            return cleaned
        stored = self.instance if self.instance.pk else None
        self.planned = registry.plan(campaign, [self._row(cleaned)], meant=[stored], within=self.within)
        for sentence in (*self.planned.mistakes.get(0, ()), *refused_rows(self.planned).values()):
            self.add_error(None, sentence)
        return cleaned

    within = None
    """The campaigns whose offices the user may give a place; None = any. Set by the page."""

    def _row(self, cleaned):
        row = {
            "名称": cleaned.get("name", ""),
            "简称": cleaned.get("short", ""),
            "级别": cleaned.get("level", ""),
            "条线": cleaned.get("line", ""),
            "填报": "是" if cleaned.get("reports") else "否",
        }
        if self.instance.pk:
            return row | {"代码": self.instance.unit.code}
        opens = cleaned.get("opens")
        return row | {
            "代码": cleaned.get("code", ""),
            "上级代码": cleaned.get("above", ""),
            "启用": str(opens or ""),
        }

    def _post_clean(self):
        """The row is not filled from the form: `registry.carry_out` writes it."""


class LineFilter(admin.AllValuesFieldListFilter):
    """By line; a place that belongs to all of them has none of its own."""

    def choices(self, changelist):
        for choice in super().choices(changelist):
            yield choice | {"display": choice["display"] or "各条线"}


@admin.register(UnitPlace, site=site)
class PlaceAdmin(TableAdmin, OfficeAdmin):
    form = PlaceForm
    list_display = ("name", "unit_code", "campaign", "level", "line", "above", "reports", "opens", "closes")
    list_filter = (("campaign", CampaignFilter), "level", ("line", LineFilter), "reports")
    search_fields = ("name", "short", "unit__code")
    search_help_text = "名称、简称或代码"
    ordering = ("campaign", "position")
    import_resource = PlaceResource
    import_form_class = CampaignTableForm
    confirm_form_class = ConfirmCampaignTableForm
    sentence = (
        "列名与 units.csv 相同，也可用中文。新的代码新增单位和位置；已有的位置更正名称、简称，没有填报数据的单位还可以改"
        "级别、条线、是否填报，空格保留原值。调整上级、停用、已有单位另设位置请在活动页面办理。"
    )

    def get_fields(self, request, obj=None):
        corrected = ("name", "short", "level", "line", "reports")
        if obj is None:
            return ("campaign", "code", "above", *corrected, "opens")
        return ("campaign", "unit_code", "parent", *corrected, "opens", "closes", "after_close")

    def get_readonly_fields(self, request, obj=None):
        return () if obj is None else ("campaign", "unit_code", "parent", "opens", "closes", "after_close")

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.within = self.admin_site.campaigns_led(request)
        return form

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("unit", "campaign", "parent__unit")

    def save_model(self, request, obj, form, change):
        [place] = registry.carry_out(form.planned)
        obj.__dict__.update(place.__dict__)

    @admin.display(description="单位代码", ordering="unit__code")
    def unit_code(self, place):
        return place.unit.code

    @admin.display(description="上级")
    def above(self, place):
        return place.parent.short if place.parent else "—"

    # The table is one campaign's, and the user's own.

    def get_import_form_kwargs(self, request):
        return super().get_import_form_kwargs(request) | {"campaigns": self._campaigns(request)}

    def get_confirm_form_kwargs(self, request, import_form=None):
        kwargs = super().get_confirm_form_kwargs(request, import_form)
        return kwargs | {"campaigns": self._campaigns(request)}

    def get_confirm_form_initial(self, request, import_form):
        initial = super().get_confirm_form_initial(request, import_form)
        return initial | {"campaign": import_form.cleaned_data["campaign"].pk} if import_form else initial

    def get_import_resource_kwargs(self, request, form=None, **kwargs):
        campaign = form.cleaned_data.get("campaign") if form is not None and form.is_bound else None
        within = self.admin_site.campaigns_led(request)
        return {"campaign": campaign, "within": within, "refused_rows": refused_rows}

    def _campaigns(self, request):
        return self.admin_site.in_scope(request, Campaign.objects.all())
