"""Who has an entry page open."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from campaigns.models import ReportForm, ReportingPeriod, ReportingUnit

PRESENCE_LASTS = timedelta(seconds=75)
"""An open page says so every twenty seconds or so."""


class PresenceQuerySet(models.QuerySet):
    def current(self):
        """Those whose page is open now, as far as is known."""
        return self.filter(at__gte=timezone.now() - PRESENCE_LASTS)


class Presence(models.Model):
    """Somebody has a form open for filling, begun or not: two colleagues see each other. One row a person and form."""

    report_form = models.ForeignKey(ReportForm, models.CASCADE, related_name="+")
    unit = models.ForeignKey(ReportingUnit, models.CASCADE, related_name="+")
    period = models.ForeignKey(ReportingPeriod, models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField("最后在线")

    objects = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "正在填报"
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "period", "report_form", "person"], name="one_presence_a_person_and_form"
            )
        ]

    def __str__(self):
        return f"{self.person}: {self.report_form_id} {self.unit_id}"
