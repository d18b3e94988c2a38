"""联系人: whom a unit names for a campaign, and who has looked at their numbers."""

from django.conf import settings
from django.db import models

from campaigns.models import Campaign, ReportingUnit


class Contact(models.Model):
    """A person of a unit. `reports.register` writes it; numbers are shown through `ContactAccess` alone."""

    class Role(models.TextChoices):
        RESPONSIBLE = "responsible", "分管负责人"
        CONTACT = "contact", "联系人"
        REPORTER = "reporter", "填表人"

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="contacts", verbose_name="专项活动")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="contacts", verbose_name="单位")
    position = models.PositiveSmallIntegerField(default=0, editable=False)
    role = models.CharField("类别", max_length=20, choices=Role, default=Role.CONTACT)
    name = models.CharField("姓名", max_length=30)
    post = models.CharField("职务", max_length=50, blank=True)
    phone = models.CharField("办公电话", max_length=30, blank=True)
    mobile = models.CharField("手机", max_length=30, blank=True)
    saved_at = models.DateTimeField("填报时间")
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="填报人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "联系人"
        ordering = ["campaign", "unit", "position", "pk"]

    def __str__(self):
        return self.name


class ContactAccess(models.Model):
    """Append-only: who had the numbers of a unit's contacts shown, or took all of a campaign's out."""

    class What(models.TextChoices):
        SHOWN = "shown", "查看号码"
        EXPORTED = "exported", "导出"
        CHANGED = "changed", "修改"

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="+")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, null=True, related_name="+")
    """None = every unit in the person's scope."""
    what = models.CharField("操作", max_length=20, choices=What)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "联系人查看记录"
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.user} {self.get_what_display()}"
