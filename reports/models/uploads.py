"""Uploaded workbooks: the file as it came, what was found in it, and the reports it filled."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models import Campaign

from .submissions import Submission


class UploadBatch(models.Model):
    """Files that a coordinator sent to be read together: past years' attachments. Nothing of them is imported here.

    remarks: (name of the file, sentence) of what was not opened.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="upload_batches", verbose_name="上传人"
    )
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="upload_batches", verbose_name="专项活动"
    )
    remarks = models.JSONField(default=list)
    at = models.DateTimeField("上传时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "往期附件"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["owner", "campaign", "-id"], name="batch_of_owner")]

    def __str__(self):
        return f"{self.campaign} {self.pk}"


class UploadQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, and those that filled a report which `user` may read."""
        read = Submission.objects.visible_to(user)
        return self.filter(Q(owner=user) | Q(reports__in=read)).distinct()

    def waiting(self):
        """Neither imported nor given up."""
        return self.filter(state=Upload.State.WAITING)


class Upload(models.Model):
    """One workbook that somebody sent. Its bytes lie under PRIVATE_ROOT, under a name of the server's own."""

    class State(models.TextChoices):
        WAITING = "waiting", "待确认"
        IMPORTED = "imported", "已导入"
        UNDONE = "undone", "已撤销"
        DROPPED = "dropped", "已取消"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="uploads", verbose_name="上传人"
    )
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="uploads", verbose_name="专项活动")
    batch = models.ForeignKey(
        UploadBatch, models.CASCADE, null=True, blank=True, related_name="uploads", verbose_name="往期附件"
    )
    """Set where it is read only, beside others; None = it may be imported."""
    state = models.CharField("状态", max_length=20, choices=State, default=State.WAITING)
    name = models.CharField("文件名", max_length=200)
    stored_as = models.CharField(max_length=80, editable=False)
    size = models.PositiveIntegerField("字节")
    sha256 = models.CharField("SHA-256", max_length=64)
    asked = models.JSONField(default=dict)
    """What the page or the user said of it: codes of form, unit and period, `settled`, `total`."""
    found = models.JSONField(default=dict)
    """What was read (`Reading.as_json`), with the address of every figure."""
    stored = models.JSONField(default=dict)
    """Once imported: by unit and number (old, new) as plain texts, "" = blank."""
    at = models.DateTimeField("上传时间", auto_now_add=True)
    done_at = models.DateTimeField("导入时间", null=True, blank=True)
    reports = models.ManyToManyField(
        Submission, related_name="uploads", blank=True, verbose_name="导入到的报表"
    )

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "上传的工作簿"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["owner", "campaign", "-id"], name="upload_of_owner")]

    def __str__(self):
        return self.name

    @property
    def is_waiting(self):
        return self.state == self.State.WAITING
