"""延期: a unit that may report later than its period says."""

from django.conf import settings
from django.db import models

from campaigns.models import ReportingPeriod, ReportingUnit


def due_for(period, extended_to):
    """Return the instant up to which a unit is on time: the period's, or its own (None: it has none) if later."""
    return max(period.due_at, extended_to or period.due_at)


class Extension(models.Model):
    """A unit's own due time in a period; the period's stands for everyone else. `Submission.due_at` reads it."""

    period = models.ForeignKey(
        ReportingPeriod, models.PROTECT, related_name="extensions", verbose_name="报告期"
    )
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="extensions", verbose_name="单位")
    due_at = models.DateTimeField("延期至")
    reason = models.CharField("理由", max_length=200)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="批准人"
    )
    granted_at = models.DateTimeField("批准时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "延期"
        constraints = [
            models.UniqueConstraint(fields=["period", "unit"], name="one_extension_a_unit_and_period")
        ]

    def __str__(self):
        return f"{self.period} {self.unit} 延期"
