"""报告期, 放假安排, 目标: dates and amounts; what changes a campaign that runs asks for a reason."""

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.formats import date_format

from campaigns.models import DayOff, ReportingPeriod, Target
from reports.managing import changes

from .site import CampaignFilter, OfficeAdmin, site


class ReasonForm(forms.ModelForm):
    reason = forms.CharField(
        label="理由",
        max_length=changes.LONGEST_REASON,
        help_text="记入活动变更记录，例如“春节假期顺延”。",
    )

    def _post_clean(self):
        """The row is not filled from the form: `reports.managing.changes` writes it, and its log."""


class PeriodForm(ReasonForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "due_at" in self.fields:
            for part, said in zip(self.fields["due_at"].widget.widgets, ("日期", "时间"), strict=True):
                part.attrs["aria-label"] = f"截止{said}"


@admin.register(ReportingPeriod, site=site)
class PeriodAdmin(OfficeAdmin):
    """Only the due time moves: reports hang on the days, and the definition owns the series."""

    form = PeriodForm
    list_display = ("number", "campaign", "starts_on", "ends_on", "due", "title")
    list_filter = (("campaign", CampaignFilter),)
    list_select_related = ("campaign",)
    fields = ("campaign", "number", "title", "starts_on", "ends_on", "due_at", "reason")
    readonly_fields = ("campaign", "number", "title", "starts_on", "ends_on")

    @admin.display(description="截止时间", ordering="due_at")
    def due(self, period):
        return date_format(period.due_at.astimezone(period.campaign.zone), "DATETIME_FORMAT")

    def get_object(self, request, *args, **kwargs):
        """Times are told and typed in the campaign's zone."""
        period = super().get_object(request, *args, **kwargs)
        if period is not None:
            timezone.activate(period.campaign.zone)
        return period

    def save_model(self, request, obj, form, change):
        told = form.cleaned_data
        changes.set_due(obj, told["due_at"], by=request.user, reason=told["reason"])


@admin.register(Target, site=site)
class TargetAdmin(OfficeAdmin):
    form = ReasonForm
    list_display = ("indicator", "campaign", "at_least", "over", "each", "say")
    list_filter = (("campaign", CampaignFilter),)
    list_select_related = ("campaign", "indicator")
    fields = ("campaign", "indicator", "over", "each", "at_least", "say", "reason")
    readonly_fields = ("campaign", "indicator", "over", "each")

    def save_model(self, request, obj, form, change):
        told = form.cleaned_data
        amount = f"{told['at_least'].normalize():f}"
        changes.set_target(obj, amount, told["say"], by=request.user, reason=told["reason"])


@admin.register(DayOff, site=site)
class DayOffAdmin(OfficeAdmin):
    """Over the calendar package. Due times that have been worked out already stay as they are."""

    list_display = ("day", "works", "name")
    list_filter = ("works",)
    date_hierarchy = "day"
    fields = ("day", "works", "name")

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        if "works" in form.base_fields:
            form.base_fields["works"].help_text = "勾选为上班（调休补班），不勾选为放假。"
            form.base_fields["day"].help_text = "用于以后载入活动时推算报送截止日；已经排定的报告期不变。"
        return form
