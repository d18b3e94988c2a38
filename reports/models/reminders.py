"""催报: who was reminded of what, when and by whom."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models import ReportingPeriod, ReportingUnit


class Reminder(models.Model):
    """Append-only: one row a unit and reminder. Only `reports.completeness.reminders` writes it.

    Whether it helped is not stored: it is read off the reports that it names (`reports.completeness.reminders.results`).
    """

    class Moment(models.TextChoices):
        MANUAL = "manual", "人工催报"
        BEFORE = "before", "截止前提醒"
        AT = "at", "截止时提醒"
        AFTER = "after", "截止后提醒"

    period = models.ForeignKey(
        ReportingPeriod, models.PROTECT, related_name="reminders", verbose_name="报告期"
    )
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="reminders", verbose_name="单位")
    moment = models.CharField("种类", max_length=20, choices=Moment, default=Moment.MANUAL)
    missing = models.JSONField("缺报", default=list)
    """Codes of the forms that were missing then."""
    text = models.TextField("内容")
    people = models.PositiveSmallIntegerField("通知人数", default=0)
    """How many of the unit's reporters were told; 0 = the text could only be passed on by hand."""
    forced = models.BooleanField("不足间隔仍发送", default=False)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="催报人"
    )
    """None = the timer (`manage.py remind`)."""
    sender_name = models.CharField("催报人", max_length=50)
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "催报记录"
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["period", "unit", "moment"],
                condition=~Q(moment="manual"),
                name="one_timed_reminder_a_moment",
            )
        ]
        indexes = [models.Index(fields=["unit", "-at"], name="reminder_of_unit")]

    def __str__(self):
        return f"{self.period} {self.unit} {self.get_moment_display()}"
