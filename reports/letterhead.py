"""What stands above the table of an official form on a page: who fills it, when, in what unit."""

import re
from datetime import datetime

from campaigns.models import ReportForm, UnitPlace
from campaigns.models.units import Level

_GAP = re.compile("_{2,}")


def heading(form: ReportForm, place: UnitPlace, submitted_at: datetime | None = None) -> tuple[str, ...]:
    """Return the fields above the table from left to right, as printed.

    submitted_at: the first submission, whose day is the 填报日期; None leaves day and month open, as issued.
    """
    fields = [_field(label.rstrip("：: "), form, place, submitted_at) for label in form.head]
    if form.filled_by:
        fields.insert(0, filled_by(form, place))
    if form.printed_unit:
        fields += [form.printed_unit] if fields else ["", form.printed_unit]
    return tuple(fields)


def filled_by(form: ReportForm, place: UnitPlace) -> str:
    """Return the filling unit as the form names it; an office above the lines has a name of its own."""
    if place.level == Level.OFFICE:
        return place.name
    return _GAP.sub(lambda _: place.short, form.filled_by)


def _field(label: str, form: ReportForm, place: UnitPlace, submitted_at: datetime | None) -> str:
    if "填报单位" in label:
        return f"{label}：{place.name}"
    if "日期" not in label:
        return f"{label}："
    if submitted_at is None:
        return f"{label}：{form.campaign.starts.year}年　月　日"
    day = submitted_at.astimezone(form.campaign.zone)
    return f"{label}：{day.year}年{day.month}月{day.day}日"
