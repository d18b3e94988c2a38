"""公告: what a coordinator tells a unit and all below it."""

from django.conf import settings
from django.db import models

from campaigns.models import Campaign, ReportingPeriod, ReportingUnit, UnitPlace


class AnnouncementQuerySet(models.QuerySet):
    def visible_to(self, user, campaign):
        """Announcements of a campaign by the units at which `user` has a role, and by those above them today."""
        today = ReportingPeriod(campaign=campaign, ends_on=campaign.today())
        own = UnitPlace.objects.held_in(today).filter(unit__memberships__user=user)
        above = {pk for place in own for pk in place.ancestor_ids}
        return self.filter(campaign=campaign, unit__in=UnitPlace.objects.filter(pk__in=above).values("unit"))

    def standing(self):
        """Those that have not been withdrawn, the newest first."""
        return self.filter(withdrawn_at=None)


class Announcement(models.Model):
    """`unit`: whose coordinator wrote it; it and all below read it. Plain text; withdrawn, never deleted."""

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, related_name="announcements", verbose_name="专项活动"
    )
    unit = models.ForeignKey(
        ReportingUnit, models.PROTECT, related_name="announcements", verbose_name="发布单位"
    )
    title = models.CharField("标题", max_length=100)
    text = models.TextField("内容", max_length=5000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="发布人"
    )
    at = models.DateTimeField("发布时间", auto_now_add=True)
    withdrawn_at = models.DateTimeField("撤回时间", null=True, blank=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公告"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return self.title
