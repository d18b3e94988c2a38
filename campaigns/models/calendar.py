"""Campaigns and their reporting periods."""

from functools import cached_property
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from .units import Level


class CampaignQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Campaigns in which an office of `user` has a place."""
        return self.filter(places__unit__memberships__user=user).distinct()


class Campaign(models.Model):
    code = models.CharField("代码", max_length=40, unique=True)
    title = models.CharField("名称", max_length=100)
    theme = models.CharField("主题", max_length=200, blank=True)
    document = models.JSONField("文件", default=dict, blank=True, help_text="number, issued, issuers")
    starts = models.DateField("开始")
    ends = models.DateField("结束")
    counts_from = models.DateField("累计起点")
    time_zone = models.CharField("时区", max_length=40, default="Asia/Shanghai")
    reporting = models.JSONField("报送安排", default=dict, help_text="the key `reporting` of the definition")
    sign_off_by = models.CharField("扎口级别", max_length=20, choices=Level, blank=True)
    closed_at = models.DateTimeField("关闭时间", null=True, blank=True)
    loaded = models.JSONField(default=dict, editable=False)
    """The definition as last loaded: what differs from it now was changed by a coordinator in the portal."""

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "专项活动"
        ordering = ["-starts", "code"]
        constraints = [
            models.CheckConstraint(condition=Q(starts__lte=F("ends")), name="campaign_starts_before_end")
        ]

    def __str__(self):
        return self.title

    @cached_property
    def zone(self):
        return ZoneInfo(self.time_zone)

    def today(self):
        """Today's date where the campaign is run."""
        return timezone.localdate(timezone=self.zone)

    def period_at(self, now):
        """The period to report at `now`: the first whose due time has not passed, else the last; None without any."""
        periods = list(self.periods.all())
        return next((period for period in periods if period.due_at >= now), periods[-1] if periods else None)


class ReportingPeriod(models.Model):
    """A stretch of the campaign at whose end every unit reports: starts_on and ends_on inclusive."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="periods", verbose_name="专项活动")
    number = models.PositiveSmallIntegerField("期次")
    starts_on = models.DateField("开始")
    ends_on = models.DateField("截至")
    due_at = models.DateTimeField("报送截止")
    title = models.CharField("名称", max_length=50, blank=True)

    history = HistoricalRecords(verbose_name="报告期变更", verbose_name_plural="报告期变更")

    class Meta:
        verbose_name = verbose_name_plural = "报告期"
        ordering = ["campaign", "ends_on"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "ends_on"], name="one_period_an_end"),
            models.UniqueConstraint(fields=["campaign", "number"], name="one_period_a_number"),
        ]

    def __str__(self):
        return f"第{self.number}期（截至{self.ends_on.month}月{self.ends_on.day}日）"

    @property
    def is_open(self):
        """Filling and submitting open on the period's first day and stay open until the campaign is closed."""
        return self.campaign.closed_at is None and self.campaign.today() >= self.starts_on


class DayOff(models.Model):
    """An entry over the calendar package: a holiday it does not know, or a working day it takes for one."""

    day = models.DateField("日期", unique=True)
    works = models.BooleanField("上班", default=False)
    name = models.CharField("说明", max_length=50, blank=True)

    history = HistoricalRecords(verbose_name="放假安排变更", verbose_name_plural="放假安排变更")

    class Meta:
        verbose_name = verbose_name_plural = "放假安排"
        ordering = ["day"]

    def __str__(self):
        return f"{self.day} {'上班' if self.works else '放假'}"
