"""简报: what the office writes of an edition, paragraph by paragraph, and every state in which it was kept."""

from django.conf import settings
from django.db import models

from campaigns.models import Campaign, ReportingUnit

from .editions import Edition


class BriefQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Briefs of editions that `user` reads."""
        return self.filter(edition__in=Edition.objects.visible_to(user))


class Brief(models.Model):
    """A numbered issue, or a summary, of one unit. Only `reports.briefs.writing` changes it."""

    class Kind(models.TextChoices):
        BRIEF = "brief", "简报"
        STAGE = "stage", "阶段性进展情况"
        SUMMARY = "summary", "工作总结"

    class Status(models.TextChoices):
        DRAFT = "draft", "草稿"
        ISSUED = "issued", "已印发"

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="briefs", verbose_name="发布")
    """Whose numbers it was drafted from."""
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="briefs", verbose_name="单位")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="briefs", verbose_name="专项活动")
    kind = models.CharField("种类", max_length=20, choices=Kind, default=Kind.BRIEF)
    number = models.PositiveSmallIntegerField("期号")
    title = models.CharField("标题", max_length=100)
    status = models.CharField("状态", max_length=20, choices=Status, default=Status.DRAFT)
    day = models.DateField("日期")
    """Printed in the head: of the draft, then of the issue."""
    version = models.PositiveIntegerField(default=1)
    """Rises with every change: whoever writes names the one that was seen."""
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField("最后修改")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="修改人"
    )

    objects = BriefQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "简报"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "unit", "kind", "number"], name="one_brief_a_number")
        ]

    def __str__(self):
        return f"{self.get_kind_display()}{self.issue}"

    @property
    def issue(self):
        """第3期; a summary has no number."""
        return f"第{self.number}期" if self.kind == self.Kind.BRIEF else ""

    @property
    def is_editable(self):
        return self.status == self.Status.DRAFT


class BriefParagraph(models.Model):
    """One template's sentences, or a table: a line a row, cells set apart by ｜.

    Numbers in the text are tokens (`reports.briefs.numbers`). An empty text prints nothing.
    """

    class Kind(models.TextChoices):
        TEXT = "text", "文字"
        TABLE = "table", "表格"

    brief = models.ForeignKey(Brief, models.CASCADE, related_name="paragraphs")
    position = models.PositiveSmallIntegerField()
    section = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    """Of the template that made it."""
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.TEXT)
    text = models.TextField(blank=True)
    is_edited = models.BooleanField(default=False)
    """By hand: a new draft leaves it as it is."""

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["brief", "key"], name="one_paragraph_a_template"),
        ]

    def __str__(self):
        return f"{self.brief} {self.section} {self.key}"


class BriefVersion(models.Model):
    """Append-only: one row a change, with the whole text as it then stood."""

    brief = models.ForeignKey(Brief, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField("版本")
    move = models.CharField("操作", max_length=40)
    actor_name = models.CharField("操作人", max_length=50)
    at = models.DateTimeField("时间")
    snapshot = models.JSONField()
    """{"title", "paragraphs": [{"section", "key", "kind", "text", "is_edited"}]}"""

    class Meta:
        verbose_name = verbose_name_plural = "简报版本"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["brief", "number"], name="one_row_a_brief_version"),
        ]

    def __str__(self):
        return f"{self.brief} 版本{self.number}"
