"""What stands above and under the table of an official form, on a page as in the workbook: who fills it, when, who signs."""

import re
from dataclasses import dataclass
from datetime import date

from campaigns.models import ReportForm, UnitPlace
from campaigns.models.units import Level
from reports.models import Submission

_GAP = re.compile("_{2,}")


@dataclass(frozen=True)
class SignOff:
    """What goes behind the labels of head and signatures. on: None leaves the day to be written by hand."""

    responsible: str = ""
    prepared_by: str = ""
    phone: str = ""
    on: date | None = None


def sign_off_of(submission: Submission) -> SignOff:
    """Return the sign-off of a report; its 填报日期 is the day of the first submission in the campaign's zone."""
    first = submission.first_submitted_at
    return SignOff(
        responsible=submission.responsible,
        prepared_by=submission.prepared_by,
        phone=submission.phone,
        on=first.astimezone(submission.period.campaign.zone).date() if first else None,
    )


def heading(form: ReportForm, place: UnitPlace, sign_off: SignOff = SignOff()) -> tuple[str, ...]:
    """Return the fields above the table from left to right, as printed."""
    fields = [_field(label, form, place, sign_off) for label in form.head]
    if form.filled_by:
        fields.insert(0, _filled_by(form, place))
    if form.printed_unit:
        fields += [form.printed_unit] if fields else ["", form.printed_unit]
    return tuple(fields)


def signatures(form: ReportForm, place: UnitPlace, sign_off: SignOff = SignOff()) -> tuple[str, ...]:
    """Return the fields of the line under the table."""
    return tuple(_field(label, form, place, sign_off) for label in form.signatures)


def _filled_by(form: ReportForm, place: UnitPlace) -> str:
    """Return the form's name for the unit, its short name in the gap; an office above the lines keeps its own."""
    if place.level == Level.OFFICE:
        return place.name
    return _GAP.sub(lambda _: place.short, form.filled_by)


def _field(label: str, form: ReportForm, place: UnitPlace, sign_off: SignOff) -> str:
    """Return a label with what is known behind it."""
    label = label.rstrip("：: ")
    if "日期" in label:
        on = sign_off.on
        value = f"{on.year}年{on.month}月{on.day}日" if on else f"{form.campaign.starts.year}年  月  日"
    elif "负责人" in label:
        value = sign_off.responsible
    elif "电话" in label:
        value = sign_off.phone
    elif "填表人" in label or "填报人" in label:
        value = sign_off.prepared_by
    elif "填报单位" in label:
        value = place.name
    else:
        value = ""
    return f"{label}：{value}"
