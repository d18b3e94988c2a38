"""What coordinators do at the desk before a report moves: looking at it."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from .submissions import Submission

LOOK_LASTS = timedelta(minutes=2)
"""A page that is open says so every minute."""


class LookQuerySet(models.QuerySet):
    def current(self):
        """Those whose page is open now, as far as is known."""
        return self.filter(at__gte=timezone.now() - LOOK_LASTS)


class Look(models.Model):
    """Somebody has a report open for review, so that a colleague takes another one."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="looks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField("最后查看")

    objects = LookQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "正在查看"
        constraints = [models.UniqueConstraint(fields=["submission", "person"], name="one_look_a_person")]

    def __str__(self):
        return f"{self.person}: {self.submission_id}"
