"""What stands around the table of an official form, on a page as in the workbook: who fills it, when, who signs.

On paper a report also says how far it is and bears the check code of its figures, by which a stamped sheet can
be tied to the version it was printed from (`reports.check_codes`).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from campaigns.models.units import Level
from reports.models import Submission

_GAP = re.compile("_{2,}")
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH, _HEX_LENGTH = 12, 15
"""Twelve digits of 5 bits hold exactly fifteen of 4: no two beginnings of a checksum share a code."""
_MISREAD = str.maketrans("OIL", "011")
DRAFT_MARK = "草稿"

_UNFINISHED = {
    Submission.Status.DRAFT: "草稿，尚未上报",
    Submission.Status.SUBMITTED: "待审",
    Submission.Status.RETURNED: "被退回，尚未重新上报",
}


@dataclass(frozen=True)
class SignOff:
    """What goes behind the labels of head and signatures. on: None leaves the day to be written by hand."""

    responsible: str = ""
    prepared_by: str = ""
    phone: str = ""
    on: date | None = None


@dataclass(frozen=True)
class Imprint:
    """What a sheet says of itself beside the form as issued.

    foot: at the foot of the page. mark: across the sheet, "" for none. code: of the figures, "" on a blank form.
    """

    foot: str
    mark: str = ""
    code: str = ""


def standing(submission: Submission) -> str:
    """Say how far a report is that is not accepted yet; "" for one that is."""
    return _UNFINISHED.get(Submission.Status(submission.status), "")


def imprint(submission: Submission, checksum: str) -> Imprint:
    """Return what is printed with a report: 草稿 lies across it until it is accepted. checksum: of its figures."""
    status = standing(submission)
    foot = printed_period(submission.period) + (f"　{status}" if status else "")
    return Imprint(foot, DRAFT_MARK if status else "", check_code(checksum))


def printed_period(period: ReportingPeriod) -> str:
    """第4期（截至2024年2月16日）"""
    ends_on = period.ends_on
    return f"第{period.number}期（截至{ends_on.year}年{ends_on.month}月{ends_on.day}日）"


def check_code(checksum: str) -> str:
    """Return what is printed of a checksum, short enough to be typed from paper: 7K2M-9QXT-4H3D.

    Its first 60 bits, in Crockford's digits, which leave out I, L, O and U.
    """
    number = int(checksum[:_HEX_LENGTH], 16)
    digits = "".join(_DIGITS[number >> shift & 31] for shift in range(5 * (_CODE_LENGTH - 1), -1, -5))
    return "-".join(digits[start : start + 4] for start in range(0, _CODE_LENGTH, 4))


def checksum_beginning(code: str) -> str | None:
    """Return the first fifteen digits of the checksums with this code as it was typed; None where it is no code."""
    plain = unicodedata.normalize("NFKC", code).upper().translate(_MISREAD)
    digits = [character for character in plain if character.isalnum()]
    if len(digits) != _CODE_LENGTH or not set(digits) <= set(_DIGITS):
        return None
    number = 0
    for digit in digits:
        number = number << 5 | _DIGITS.index(digit)
    return f"{number:0{_HEX_LENGTH}x}"


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
