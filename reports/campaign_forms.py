"""What is typed on the campaign's pages: read here, judged by `reports.managing.changes` and `campaigns.places`."""

from datetime import datetime
from zoneinfo import ZoneInfo

from crispy_forms.helper import FormHelper
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from campaigns.definition.kinds import FIRST_DAY, LAST_DAY
from campaigns.models import UnitPlace
from campaigns.models.units import Level
from reports.managing.changes import LONGEST_REASON

_DAY = {"required": "请选择日期。", "invalid": "日期应写成 2024-02-18 这样。"}
_YEARS = f"日期应在{FIRST_DAY.year}年至{LAST_DAY.year}年之间，请检查年份。"
# As in a definition; the day before and the day after are days as well.
_DAYS = [MinValueValidator(FIRST_DAY, _YEARS), MaxValueValidator(LAST_DAY, _YEARS)]
_CLOCK = {"required": "请填写时刻。", "invalid": "时刻应写成 17:30 这样。"}


def _day(label: str, **more: object) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages=_DAY,
        validators=_DAYS,
        **more,
    )


class _Plain(forms.Form):
    """Drawn inside a form of the page's own."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class ReasonForm(_Plain):
    reason = forms.CharField(
        label="理由",
        max_length=LONGEST_REASON,
        error_messages={"required": "请写明理由。"},
    )


class DueForm(ReasonForm):
    """A due time on the clocks of the campaign."""

    day = _day("日期")
    clock = forms.TimeField(label="时刻", error_messages=_CLOCK)

    def due_at(self, zone: ZoneInfo) -> datetime:
        return datetime.combine(self.cleaned_data["day"], self.cleaned_data["clock"], zone)


class AnnouncementForm(_Plain):
    title = forms.CharField(label="标题", max_length=100, error_messages={"required": "请填写标题。"})
    text = forms.CharField(
        label="内容",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "请填写内容。"},
    )
    unit = forms.ModelChoiceField(label="发布单位", queryset=None, empty_label=None)

    def __init__(self, *args, units, **kwargs):
        """units: those that the user may write for; the first is offered."""
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units
        if len(units) == 1:
            self.fields["unit"].widget = forms.HiddenInput()
            self.fields["unit"].initial = units[0]


class CloseForm(ReasonForm):
    """停用, or 并入 where a unit carries on: its code or name."""

    on = _day("停用日期（最后一天）")
    into = forms.CharField(label="接续单位的代码或名称（没有就留空）", max_length=100, required=False)
    after_close = forms.ChoiceField(
        label="原有数据",
        choices=[
            (UnitPlace.AfterClose.STOP, "停止计入：接续单位的累计数已经包含它；此后的报告期不再计入"),
            (UnitPlace.AfterClose.KEEP, "继续计入：工作已结束，数据保留在汇总中"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择停用后原有数据怎样处理。"},
    )
    field_order = ("on", "into", "after_close", "reason")


class MoveForm(ReasonForm):
    parent = forms.CharField(
        label="新的上级单位：代码或名称", max_length=100, error_messages={"required": "请填写新的上级单位。"}
    )
    on = _day("从哪一天起")
    field_order = ("parent", "on", "reason")


class RenameForm(ReasonForm):
    name = forms.CharField(label="名称", max_length=100, error_messages={"required": "请填写名称。"})
    short = forms.CharField(label="简称", max_length=40, error_messages={"required": "请填写简称。"})
    on = _day("从哪一天起（留空：原来写错了，各期一并更正）", required=False)
    field_order = ("name", "short", "on", "reason")


class OpenForm(ReasonForm):
    code = forms.CharField(label="代码", max_length=40, error_messages={"required": "请填写代码。"})
    name = forms.CharField(label="名称", max_length=100, error_messages={"required": "请填写名称。"})
    short = forms.CharField(label="简称", max_length=40, error_messages={"required": "请填写简称。"})
    level = forms.ChoiceField(
        label="级别",
        choices=[choice for choice in Level.choices if choice[0] != Level.OFFICE],
        initial=Level.COUNTY,
    )
    parent = forms.CharField(
        label="上级单位：代码或名称", max_length=100, error_messages={"required": "请填写上级单位。"}
    )
    line = forms.ChoiceField(label="条线", required=False)
    reports = forms.BooleanField(label="填报本级数据", required=False, initial=True)
    on = _day("从哪一天起")
    field_order = ("code", "name", "short", "level", "parent", "line", "reports", "on", "reason")

    def __init__(self, *args, lines, **kwargs):
        """lines: (code, name) of the campaign's lines; none: the field is left out."""
        super().__init__(*args, **kwargs)
        self.fields["line"].choices = [("", "各条线"), *lines]
        if not lines:
            del self.fields["line"]
