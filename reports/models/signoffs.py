"""Sign-off (扎口上报): a unit states that its consolidated report of a period is final; and its trail."""

from django.conf import settings
from django.db import models
from django.db.models import OuterRef

from campaigns.calendar_rules import is_on_time
from campaigns.models import ReportingPeriod, ReportingUnit

from .deadlines import Extension, due_for
from .trail import TrailEvent


class SignOffQuerySet(models.QuerySet):
    def locking(self):
        """Signed or accepted: the reports of the unit and of those below it stay as they are."""
        return self.filter(status__in=SignOff.LOCKING)

    def with_due_at(self):
        """Read with each sign-off its unit's own extension, so that a list asks for `due_at` without a query a row."""
        own = Extension.objects.filter(period=OuterRef("period"), unit=OuterRef("unit"))
        return self.annotate(extended_to=models.Subquery(own.values("due_at")))


class SignOff(models.Model):
    """The sign-off of one unit for one period, all forms together. Only `reports.publishing.sign_off` writes it."""

    class Status(models.TextChoices):
        SIGNED = "signed", "已扎口"
        ACCEPTED = "accepted", "已通过"
        REOPENED = "reopened", "已重新打开"

    LOCKING = (Status.SIGNED, Status.ACCEPTED)

    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="sign_offs", verbose_name="单位")
    period = models.ForeignKey(
        ReportingPeriod, models.PROTECT, related_name="sign_offs", verbose_name="报告期"
    )
    status = models.CharField("状态", max_length=20, choices=Status)
    first_signed_at = models.DateTimeField("首次扎口")
    """It decides whether the sign-off is on time."""
    signed_at = models.DateTimeField("扎口时间")
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="扎口人"
    )
    """None = 导入, here and below."""
    receipt = models.CharField("扎口编号", max_length=80)
    """Of the latest signing: whoever decides names the one that was seen."""
    accepted_at = models.DateTimeField("通过时间", null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="通过人",
    )
    reopened_reason = models.TextField("重新打开的原因", blank=True)
    """Kept when the unit signs again."""
    missing = models.JSONField("未报单位", default=list)
    """Confirmed at the latest signing: [{"unit": code, "name", "forms": [code]}], in registry order."""
    snapshot = models.JSONField("汇总数", default=dict)
    """As signed last: `reports.publishing.sign_off.Consolidated.snapshot`."""
    checksum = models.CharField("校验码", max_length=64)

    objects = SignOffQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "扎口上报"
        ordering = ["period", "unit"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "period"], name="one_sign_off_a_unit_and_period")
        ]

    def __str__(self):
        return f"{self.unit} {self.period}"

    @property
    def due_at(self):
        """The instant up to which the sign-off is on time: the period's, or the unit's own if that is later."""
        if not hasattr(self, "extended_to"):
            own = Extension.objects.filter(period=self.period_id, unit=self.unit_id)
            self.extended_to = own.values_list("due_at", flat=True).first()
        return due_for(self.period, self.extended_to)

    @property
    def is_late(self):
        """True where the first signing came after the due second."""
        return not is_on_time(self.first_signed_at, self.due_at)

    @property
    def is_locking(self):
        return self.status in self.LOCKING


class SignOffEvent(TrailEvent):
    """Append-only: one row a move, with the totals as they were signed."""

    class Move(models.TextChoices):
        SIGNED = "signed", "扎口上报"
        ACCEPTED = "accepted", "通过"
        REOPENED = "reopened", "重新打开"

    sign_off = models.ForeignKey(SignOff, models.CASCADE, related_name="events")
    move = models.CharField("操作", max_length=20, choices=Move)
    snapshot = models.JSONField(default=dict)
    receipt = models.CharField("扎口编号", max_length=80)
    checksum = models.CharField("校验码", max_length=64)

    class Meta(TrailEvent.Meta):
        verbose_name = verbose_name_plural = "扎口记录"

    def __str__(self):
        return f"{self.sign_off} {self.get_move_display()}"
