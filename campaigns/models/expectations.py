"""What is expected beyond figures: targets, duties in words, and who is exempted from a period.

Which unit owes which form is not stored: a place that files its own figures owes every form of its line
(`reports.tasks.owes`), so that the list can never fall out of step with the tree.
"""

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from .calendar import Campaign, ReportingPeriod
from .forms import Indicator
from .units import Level, ReportingUnit


class Target(models.Model):
    class Over(models.TextChoices):
        CAMPAIGN = "campaign", "整个活动"
        WEEK = "week", "每周"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="targets", verbose_name="专项活动")
    position = models.PositiveSmallIntegerField("次序")
    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="targets", verbose_name="指标")
    at_least = models.DecimalField("不少于", max_digits=15, decimal_places=2)
    over = models.CharField("期间", max_length=20, choices=Over)
    each = models.CharField("每个", max_length=20, choices=Level, blank=True)
    say = models.CharField("说明", max_length=200, blank=True)

    history = HistoricalRecords(verbose_name="目标变更", verbose_name_plural="目标变更")

    class Meta:
        verbose_name = verbose_name_plural = "目标"
        ordering = ["campaign", "position"]

    def __str__(self):
        return self.say or f"{self.indicator} ≥ {self.at_least}"


class TextDuty(models.Model):
    """A duty in words. `each` is a level, or "reporter" for every unit that files figures."""

    class Kind(models.TextChoices):
        CASE = "case", "特色亮点"
        PROGRESS = "progress", "工作进展情况"
        PLAN = "plan", "工作方案"
        SUMMARY = "summary", "工作总结"
        CONTACT = "contact", "联系人"
        EVENT = "event", "会议活动"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="texts")
    position = models.PositiveSmallIntegerField("次序")
    kind = models.CharField("种类", max_length=20, choices=Kind)
    title = models.CharField("名称", max_length=100, blank=True)
    each_period = models.BooleanField("每期一次", default=False)
    due = models.DateField("截止", null=True, blank=True)
    at_least = models.PositiveSmallIntegerField("不少于", null=True, blank=True)
    each = models.CharField("每个", max_length=20, blank=True)
    line = models.CharField("条线", max_length=20, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "文字材料"
        ordering = ["campaign", "position"]

    def __str__(self):
        return self.title or self.get_kind_display()


class Exemption(models.Model):
    """免报: a unit (None = every unit) owes nothing in a period; its last accepted report still counts."""

    period = models.ForeignKey(ReportingPeriod, models.CASCADE, related_name="exemptions")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, null=True, blank=True, related_name="exemptions")
    reason = models.CharField("理由", max_length=200)
    granted_by = models.CharField("批准人", max_length=50)
    granted_at = models.DateTimeField("批准时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "免报"
        constraints = [
            models.UniqueConstraint(fields=["period", "unit"], name="one_exemption_a_unit"),
            models.UniqueConstraint(
                fields=["period"], condition=Q(unit__isnull=True), name="one_exemption_for_all"
            ),
        ]

    def __str__(self):
        return f"{self.period} {self.unit or '全部单位'} 免报"
