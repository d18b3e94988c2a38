"""重要舆情、突发事件、重大情况: what cannot wait for Friday, and who has seen it when."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models import Campaign, ReportingUnit, UnitPlace


class UrgentMatterQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Matters of the units that `user` reads in the campaign, and those that `user` was told of."""
        if not user.is_authenticated:
            return self.none()
        places = UnitPlace.objects.visible_to(user).filter(
            campaign=models.OuterRef("campaign"), unit=models.OuterRef("unit")
        )
        return self.filter(models.Exists(places) | Q(pk__in=user.urgent_sightings.values("matter")))

    def waiting_for(self, user):
        """Those that `user` was told of and has not acknowledged, the oldest first."""
        waiting = UrgentSighting.objects.filter(user=user, acknowledged_at=None)
        return self.filter(pk__in=waiting.values("matter")).order_by("at", "pk")


class UrgentMatter(models.Model):
    """Reported at any time, kept as it was written; what comes to be known later is added (`UrgentNote`)."""

    class Kind(models.TextChoices):
        OPINION = "opinion", "重要舆情"
        INCIDENT = "incident", "突发事件"
        MAJOR = "major", "重大情况"

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="urgent_matters", verbose_name="专项活动"
    )
    unit = models.ForeignKey(
        ReportingUnit, models.PROTECT, related_name="urgent_matters", verbose_name="单位"
    )
    kind = models.CharField("类别", max_length=20, choices=Kind)
    title = models.CharField("标题", max_length=60)
    text = models.TextField("情况", max_length=5000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="报告人"
    )
    at = models.DateTimeField("时间")

    objects = UrgentMatterQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "急报"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return self.title


class UrgentSighting(models.Model):
    """One coordinator who was told: when the matter was opened, and when it was acknowledged."""

    matter = models.ForeignKey(UrgentMatter, models.CASCADE, related_name="sightings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="urgent_sightings")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="+")
    """For which unit the person was told."""
    seen_at = models.DateTimeField("打开", null=True, blank=True)
    acknowledged_at = models.DateTimeField("签收", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "急报签收"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["matter", "user"], name="one_sighting_a_matter_and_person")
        ]

    def __str__(self):
        return f"{self.matter} {self.user}"


class UrgentNote(models.Model):
    """续报 by the unit, or 批示 by a coordinator. Append-only."""

    matter = models.ForeignKey(UrgentMatter, models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    at = models.DateTimeField()

    class Meta:
        verbose_name = verbose_name_plural = "续报和批示"
        ordering = ["pk"]

    def __str__(self):
        return self.text
