"""What coordinators changed in a campaign that runs: dates, labels, readings, targets, its tree."""

from django.conf import settings
from django.db import models

from campaigns.models import Campaign


class CampaignEvent(models.Model):
    """Append-only: one row a change, in words, so that it reads the same when what it names has changed again."""

    class Kind(models.TextChoices):
        DUE = "due", "调整截止时间"
        KEPT = "kept", "截止时间照常"
        EXEMPTED = "exempted", "免报"
        EXEMPTION_LIFTED = "exemption_lifted", "取消免报"
        EXTENDED = "extended", "延期"
        EXTENSION_LIFTED = "extension_lifted", "取消延期"
        LABEL = "label", "核实列名"
        DOUBT = "doubt", "核实事项"
        TARGET = "target", "调整目标"
        PLACE_CLOSED = "place_closed", "停用单位"
        PLACE_MERGED = "place_merged", "并入"
        PLACE_REOPENED = "place_reopened", "撤销停用"
        PLACE_MOVED = "place_moved", "调整上级"
        PLACE_RENAMED = "place_renamed", "更名"
        PLACE_OPENED = "place_opened", "新设单位"
        CLOSED = "closed", "关闭活动"
        REOPENED = "reopened", "重新开放活动"

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="events", verbose_name="专项活动")
    kind = models.CharField("变更", max_length=20, choices=Kind)
    subject = models.CharField("对象", max_length=200)
    old = models.TextField("原值", blank=True)
    new = models.TextField("新值", blank=True)
    reason = models.TextField("理由")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="操作人"
    )
    actor_name = models.CharField("操作人", max_length=50)
    """The name at the time."""
    at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "活动变更记录"
        ordering = ["pk"]
        indexes = [models.Index(fields=["campaign", "kind"], name="event_of_campaign")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.subject}"
