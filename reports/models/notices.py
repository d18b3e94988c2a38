"""通知: what one person is told in the portal, beside what pages show everyone."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from campaigns.models import Campaign


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person's own and nobody else's."""
        return self.filter(recipient=user)

    def unread(self):
        return self.filter(read_at=None)


class Notice(models.Model):
    """One message to one person. Only `reports.notifications` writes it; reading it sets `read_at` once."""

    class Kind(models.TextChoices):
        REMINDER = "reminder", "催报"
        RETURNED = "returned", "退回"
        DUE = "due", "报送时间"
        QUESTION = "question", "询问"
        ANSWER = "answer", "答复"
        URGENT = "urgent", "急报"
        EDITION = "edition", "发布"

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", verbose_name="收件人"
    )
    kind = models.CharField("种类", max_length=20, choices=Kind)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="notices", verbose_name="专项活动")
    title = models.CharField("标题", max_length=200)
    text = models.TextField("内容", blank=True)
    url = models.CharField("链接", max_length=300, blank=True)
    """A path of this portal, "" where there is nothing to open."""
    at = models.DateTimeField("时间", default=timezone.now)
    read_at = models.DateTimeField("阅读时间", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "通知"
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["recipient", "read_at", "-at"], name="notice_of_person")]

    def __str__(self):
        return self.title
