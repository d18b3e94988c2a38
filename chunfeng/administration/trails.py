"""For the audit administrator: who changed what, who logged in, who moved which report. Read, never written.

Figures are not shown: of a report's trail the moves, of a changed cell that it was changed, by whom and when.
"""

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import ForeignKey, OuterRef, Subquery
from django.utils import timezone

from campaigns.models import (
    DayOff,
    Indicator,
    ReportingPeriod,
    ReportingUnit,
    Target,
    UnitPlace,
)
from chunfeng.accounts.models import FailedLogIn, LogIn, Membership, ProposedMembership, User
from reports.models import CampaignEvent, FigureChange, SignOffEvent, SubmissionEvent

from .site import TrailAdmin, site

KINDS = {"+": "新增", "~": "修改", "-": "删除"}


class KindFilter(admin.SimpleListFilter):
    title = "操作"
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return KINDS.items()

    def queryset(self, request, queryset):
        return queryset.filter(history_type=self.value()) if self.value() in KINDS else queryset


class DayFilter(admin.DateFieldListFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = "时间"


class HistoryChangeList(ChangeList):
    def get_results(self, request):
        """Give each row of the page the one before it of the same object: one query for all."""
        super().get_results(request)
        rows = list(self.result_list)
        before = self.model.objects.select_related(*_keys(self.model))
        before = before.in_bulk({row.before_id for row in rows} - {None})
        for row in rows:
            row.before = before.get(row.before_id)
        self.result_list = rows


class HistoryAdmin(TrailAdmin):
    """The history of one kind of row, the latest first, with what each change changed."""

    list_display = ("at", "actor", "kind", "subject", "shown_changes", "note")
    list_filter = (KindFilter, ("history_date", DayFilter))
    search_help_text = "操作人，或对象的名称、代码、账号"
    ordering = ("-history_date", "-history_id")

    def get_changelist(self, request, **_):
        return HistoryChangeList

    def get_queryset(self, request):
        rows = super().get_queryset(request).select_related("history_user", *_keys(self.model))
        earlier = self.model.objects.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
        before = earlier.order_by("-history_id").values("history_id")[:1]
        return rows.annotate(before_id=Subquery(before))

    @admin.display(description="时间", ordering="history_date")
    def at(self, row):
        return _to_the_second(row.history_date)

    @admin.display(description="操作人", ordering="history_user__username")
    def actor(self, row):
        return f"{row.history_user.name}（{row.history_user.username}）" if row.history_user else "服务器命令"

    @admin.display(description="操作", ordering="history_type")
    def kind(self, row):
        return KINDS[row.history_type]

    @admin.display(description="对象")
    def subject(self, row):
        # A historical row has the fields of what it is the history of, and its relations at hand.
        return row.instance_type.__str__(row)

    @admin.display(description="变更")
    def shown_changes(self, row):
        if row.before is None or row.history_type != "~":
            return "—"
        changes = row.diff_against(row.before, foreign_keys_are_objs=True).changes
        names = {field.name: field.verbose_name for field in row.tracked_fields}
        return "；".join(f"{names[one.field]}：{_said(one.old)} → {_said(one.new)}" for one in changes) or "—"

    @admin.display(description="说明")
    def note(self, row):
        return row.history_change_reason


def _to_the_second(at):
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def _keys(model):
    return [field.name for field in model.tracked_fields if isinstance(field, ForeignKey)]


def _said(value):
    if value is None or value == "":
        return "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


ACTOR = ("history_user__name", "history_user__username")
SEARCHED = {
    User: ("username", "name"),
    Membership: ("user__username", "user__name", "unit__code", "unit__name"),
    ProposedMembership: ("user__username", "user__name", "unit__code", "unit__name"),
    ReportingUnit: ("code", "name"),
    UnitPlace: ("name", "unit__code"),
    ReportingPeriod: ("campaign__title",),
    DayOff: ("name",),
    Target: ("say",),
    Indicator: ("label",),
}
for model, searched in SEARCHED.items():
    site.register(model.history.model, HistoryAdmin, search_fields=(*ACTOR, *searched))


@admin.register(LogIn, site=site)
class LogInAdmin(TrailAdmin):
    list_display = ("at", "username_used", "address", "left_at")
    list_filter = (("attempt_time", DayFilter),)
    search_fields = ("username", "ip_address")
    search_help_text = "账号或地址"
    ordering = ("-attempt_time",)

    @admin.display(description="登录时间", ordering="attempt_time")
    def at(self, row):
        return _to_the_second(row.attempt_time)

    @admin.display(description="账号", ordering="username")
    def username_used(self, row):
        return row.username

    @admin.display(description="来自", ordering="ip_address")
    def address(self, row):
        return row.ip_address

    @admin.display(description="退出时间", ordering="logout_time")
    def left_at(self, row):
        return row.logout_time


@admin.register(FailedLogIn, site=site)
class FailedLogInAdmin(LogInAdmin):
    list_display = ("at", "username_used", "address", "locked")

    @admin.display(description="当时已锁定", boolean=True, ordering="locked_out")
    def locked(self, row):
        return row.locked_out


@admin.register(SubmissionEvent, site=site)
class SubmissionEventAdmin(TrailAdmin):
    list_display = ("at", "actor_name", "move", "report", "receipt")
    list_filter = ("move", ("at", DayFilter), "submission__period__campaign")
    list_select_related = ("submission__unit", "submission__report_form", "submission__period")
    search_fields = ("actor_name", "submission__unit__name", "submission__unit__code", "receipt")
    search_help_text = "操作人、单位名称或代码、回执编号"
    ordering = ("-pk",)

    def get_queryset(self, request):
        return super().get_queryset(request).defer("snapshot")

    @admin.display(description="报表")
    def report(self, row):
        return row.submission


@admin.register(FigureChange, site=site)
class FigureChangeAdmin(TrailAdmin):
    """Which cell was changed, by whom and when; not from what to what."""

    list_display = ("changed_at", "shown_actor", "report", "cell")
    list_filter = (("at", DayFilter), "submission__period__campaign")
    list_select_related = (
        "actor",
        "indicator",
        "submission__unit",
        "submission__report_form",
        "submission__period",
    )
    search_fields = ("actor__name", "actor__username", "submission__unit__name", "submission__unit__code")
    search_help_text = "操作人、单位名称或代码"
    ordering = ("-pk",)

    def get_queryset(self, request):
        return super().get_queryset(request).defer("old", "new")

    @admin.display(description="时间", ordering="at")
    def changed_at(self, row):
        return row.at

    @admin.display(description="操作人", ordering="actor__username")
    def shown_actor(self, row):
        return row.actor.name if row.actor else "导入"

    @admin.display(description="报表")
    def report(self, row):
        return row.submission

    @admin.display(description="指标")
    def cell(self, row):
        return row.indicator


@admin.register(SignOffEvent, site=site)
class SignOffEventAdmin(TrailAdmin):
    list_display = ("at", "actor_name", "move", "signed", "receipt")
    list_filter = ("move", ("at", DayFilter), "sign_off__period__campaign")
    list_select_related = ("sign_off__unit", "sign_off__period")
    search_fields = ("actor_name", "sign_off__unit__name", "sign_off__unit__code", "receipt")
    search_help_text = "操作人、单位名称或代码、扎口编号"
    ordering = ("-pk",)

    def get_queryset(self, request):
        return super().get_queryset(request).defer("snapshot", "sign_off__snapshot")

    @admin.display(description="单位和报告期")
    def signed(self, row):
        return row.sign_off


@admin.register(CampaignEvent, site=site)
class CampaignEventAdmin(TrailAdmin):
    list_display = ("at", "actor_name", "kind", "campaign", "subject", "old", "new", "reason")
    list_filter = ("kind", ("at", DayFilter), "campaign")
    list_select_related = ("campaign",)
    search_fields = ("actor_name", "subject", "reason")
    search_help_text = "操作人、对象或理由"
    ordering = ("-pk",)
