"""What a command's arguments name: campaign, form, unit and period, or a sentence that says what there is."""

from collections.abc import Iterable
from datetime import date

from django.core.management.base import CommandError

from campaigns.models import Campaign, ReportForm, ReportingPeriod, ReportingUnit


def named_form(campaign_code: str, form_code: str) -> ReportForm:
    """Return the form, its campaign read with it. Raises CommandError."""
    campaign = Campaign.objects.filter(code=campaign_code).first()
    if campaign is None:
        known = _known("已有的活动", Campaign.objects.values_list("code", flat=True))
        raise CommandError(f"没有代码为“{campaign_code}”的活动，请核对。{known}")
    form = campaign.forms.select_related("campaign").filter(code=form_code).first()
    if form is None:
        known = _known("已有的报表", campaign.forms.values_list("code", flat=True))
        raise CommandError(f"{campaign}没有代码为“{form_code}”的报表，请核对。{known}")
    return form


def named_unit(campaign: Campaign, code: str | None) -> ReportingUnit:
    """Return the unit with a place in the campaign. Raises CommandError."""
    if code is None:
        raise CommandError("请用 --unit 写明单位代码，例如 --unit 320000。")
    unit = ReportingUnit.objects.filter(code=code, places__campaign=campaign).first()
    if unit is None:
        raise CommandError(f"代码为“{code}”的单位不在{campaign}的单位名录中，请核对 --unit。")
    return unit


def named_period(campaign: Campaign, text: str | None) -> ReportingPeriod:
    """Return the period that ends on the ISO date `text`. Raises CommandError."""
    if text is None:
        raise CommandError("请用 --period 写明报告期的截止日，例如 --period 2024-02-23。")
    try:
        ends_on = date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}”不是日期，--period 应写成 2024-02-23 这样的形式。") from error
    period = campaign.periods.select_related("campaign").filter(ends_on=ends_on).first()
    if period is None:
        known = _known("各期截止日", campaign.periods.values_list("ends_on", flat=True))
        raise CommandError(f"{campaign}没有截至 {ends_on} 的报告期，请核对 --period。{known}")
    return period


def _known(what: str, values: Iterable[object]) -> str:
    return f"{what}：{'、'.join(str(value) for value in values) or '无'}。"
