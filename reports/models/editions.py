"""What has been published: numbered editions as they were, and the corrections that stand beside them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models import ReportingPeriod, ReportingUnit

from .submissions import Submission


class EditionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Editions of units below which `user` reads, those units included: a reporter reads none."""
        scope = Q(pk__in=[])
        for membership in user.memberships.prefetch_related("unit__places"):
            if membership.reads_below:
                for place in membership.unit.places.all():
                    scope |= Q(path__startswith=place.path)
        return self.filter(scope)


class Edition(models.Model):
    """A unit at a period, all its forms, as published. `reports.publishing.editions.publish` writes it; nothing changes it.

    The number is the period's ordinal as it then was. A reissue has the next `issue`: 第6期（第2版）.
    """

    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="editions", verbose_name="单位")
    period = models.ForeignKey(
        ReportingPeriod, models.PROTECT, related_name="editions", verbose_name="报告期"
    )
    path = models.CharField(max_length=200, db_index=True)
    """Of the place that the unit held in the period: who reads below it or above reads the edition."""
    number = models.PositiveSmallIntegerField("期次")
    issue = models.PositiveSmallIntegerField("版次", default=1)
    reason = models.TextField("再版原因", blank=True)
    content = models.JSONField("数据")
    """{"forms": {code: {"cumulative": as `roll_up` prints it, "increment": the same, …}}}: `reports.publishing.editions`."""
    checksum = models.CharField("校验码", max_length=64)
    workbook = models.BinaryField("官方表")
    workbook_checksum = models.CharField("官方表校验码", max_length=64)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="发布人"
    )
    """None = 导入."""
    publisher = models.CharField("发布人", max_length=50)
    """The name at the time."""
    published_at = models.DateTimeField("发布时间")

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "发布"
        ordering = ["-period__ends_on", "path", "-issue"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "period", "issue"], name="one_edition_an_issue")
        ]

    def __str__(self):
        return f"{self.unit} {self.title}"

    @property
    def title(self):
        """第6期, a reissue 第6期（第2版）."""
        return f"第{self.number}期" + (f"（第{self.issue}版）" if self.issue > 1 else "")


class Correction(models.Model):
    """更正: beside an edition, which of its figures a report moved that was accepted after it was published."""

    class Kind(models.TextChoices):
        CORRECTION = "correction", "更正"
        LATE = "late", "补报"

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="corrections", verbose_name="发布")
    submission = models.ForeignKey(
        Submission, models.PROTECT, related_name="corrections", verbose_name="报表"
    )
    kind = models.CharField("种类", max_length=20, choices=Kind)
    reason = models.TextField("原因", blank=True)
    """Why the report was reopened or returned last; "" where it never was."""
    changes = models.JSONField("变化", default=list)
    """[{"form", "annex", "column", "label", "decimals", "measure", "was": "30", "now": "32"}]: null = none reported."""
    actor_name = models.CharField("操作人", max_length=50)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = verbose_name_plural = "更正"
        ordering = ["pk"]

    def __str__(self):
        return f"{self.edition} {self.get_kind_display()}"
