"""What coordinators do at the desk before a report moves: looking at it, and accepting many after a pause."""

import math
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from campaigns.models import Campaign

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


class BulkQuerySet(models.QuerySet):
    def pending(self):
        """Neither stopped nor done: those that are due among them as well."""
        return self.filter(stopped_at=None, done_at=None)


class Bulk(models.Model):
    """批量通过: the acceptance of many reports at once, pending until `due_at` and stoppable until it is done."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="审核员")
    made_at = models.DateTimeField("提出", default=timezone.now)
    due_at = models.DateTimeField("到时")
    stopped_at = models.DateTimeField("停止", null=True, blank=True)
    done_at = models.DateTimeField("完成", null=True, blank=True)

    objects = BulkQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "批量通过"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stopped_at=None) | models.Q(done_at=None), name="bulk_stopped_or_done"
            )
        ]
        indexes = [
            models.Index(
                fields=["campaign"],
                condition=models.Q(stopped_at=None, done_at=None),
                name="bulk_pending",
            )
        ]

    def __str__(self):
        return f"{self.by} {self.made_at:%F %T}"

    @property
    def seconds_left(self):
        """Until it is due: whole seconds, 0 where it is."""
        return max(0, math.ceil((self.due_at - timezone.now()).total_seconds()))

    @property
    def taken(self):
        """The items that are to be accepted, or have been."""
        return [item for item in self.items.all() if not item.refusal]

    @property
    def left_out(self):
        return [item for item in self.items.all() if item.refusal]


class BulkItem(models.Model):
    """One report of a bulk acceptance, with the receipt that was seen. refusal: why it was left out, "" = not."""

    bulk = models.ForeignKey(Bulk, models.CASCADE, related_name="items")
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="+")
    receipt = models.CharField("回执编号", max_length=80, blank=True)
    refusal = models.CharField("未通过的原因", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "批量通过的报表"
        constraints = [models.UniqueConstraint(fields=["bulk", "submission"], name="one_item_a_report")]

    def __str__(self):
        return f"{self.submission_id}: {self.refusal}"
