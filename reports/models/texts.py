"""What is reported in words: cases (特色亮点), progress, plans, summaries; what is attached to it, and its trail."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models import ReportingPeriod, ReportingUnit, TextDuty, UnitPlace

from .submissions import Submission
from .trail import TrailEvent

CASE = TextDuty.Kind.CASE


class TextReportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Texts of the units at whose places `user` reads (`UnitPlaceQuerySet.visible_to`); of others' only what was sent.

        A text that is still being written is its unit's own.
        """
        if not user.is_authenticated:
            return self.none()
        places = UnitPlace.objects.visible_to(user).filter(
            campaign=models.OuterRef("duty__campaign"), unit=models.OuterRef("unit")
        )
        own = Q(unit__in=user.memberships.values("unit"))
        return self.filter(models.Exists(places)).filter(own | ~Q(status=TextReport.Status.DRAFT))

    def cases(self):
        return self.filter(kind=CASE)

    def sent(self):
        """Submitted or adopted: what counts towards a duty."""
        return self.filter(status__in=TextReport.SENT)


class TextReport(models.Model):
    """A text that one unit owes: one a duty and period, of cases any number. Only `reports.texts.lifecycle` moves it."""

    class Status(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "待审"
        RETURNED = "returned", "被退回"
        ACCEPTED = "accepted", "已采用"

    SENT = (Status.SUBMITTED, Status.ACCEPTED)
    EDITABLE = (Status.DRAFT, Status.RETURNED)

    class Category(models.TextChoices):
        ONLINE = "online", "线上招聘"
        ONSITE = "onsite", "线下招聘"
        BRAND = "brand", "劳务品牌"
        TRANSPORT = "transport", "点对点出行"
        VISIT = "visit", "就业访民情"
        WARMTH = "warmth", "节日送温暖"
        VENTURE = "venture", "创业服务"
        RIGHTS = "rights", "权益维护"
        COOPERATION = "cooperation", "劳务协作"
        OTHER = "other", "其他"

    duty = models.ForeignKey(TextDuty, models.PROTECT, related_name="reports", verbose_name="文字材料")
    kind = models.CharField("种类", max_length=20, choices=TextDuty.Kind, editable=False)
    """The duty's, copied: all but cases are one a duty, unit and period."""
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="texts", verbose_name="单位")
    period = models.ForeignKey(
        ReportingPeriod, models.PROTECT, null=True, blank=True, related_name="texts", verbose_name="报告期"
    )
    """None where the duty is owed once."""
    status = models.CharField("状态", max_length=20, choices=Status, default=Status.DRAFT)
    title = models.CharField("标题", max_length=60, blank=True)
    place = models.CharField("地点", max_length=60, blank=True)
    figures = models.CharField("关键数据", max_length=200, blank=True)
    categories = models.JSONField("类别", default=list, blank=True)
    text = models.TextField("内容", max_length=20_000, blank=True)
    score = models.PositiveSmallIntegerField("评分", null=True, blank=True)
    repeats = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    """The case of an earlier or the same week that this one mostly is; `likeness` says how much of it, in per cent."""
    likeness = models.PositiveSmallIntegerField("重复", null=True, blank=True, editable=False)

    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField("最后修改", auto_now_add=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="修改人"
    )
    version = models.PositiveIntegerField(default=0, editable=False)
    """Rises with every change: whoever writes or decides names the one that was seen."""
    first_submitted_at = models.DateTimeField("首次上报", null=True, blank=True)
    submitted_at = models.DateTimeField("上报时间", null=True, blank=True)
    decided_at = models.DateTimeField("审核时间", null=True, blank=True)

    objects = TextReportQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "文字材料"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["duty", "unit", "period"],
                condition=~Q(kind=CASE) & Q(period__isnull=False),
                name="one_text_a_duty_unit_period",
            ),
            models.UniqueConstraint(
                fields=["duty", "unit"],
                condition=~Q(kind=CASE) & Q(period__isnull=True),
                name="one_text_a_duty_and_unit",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__range=(1, 5)), name="score_of_one_to_five"
            ),
        ]
        indexes = [models.Index(fields=["kind", "period", "unit"], name="text_of_period")]

    def __str__(self):
        return self.title or str(self.duty)

    @property
    def campaign(self):
        return self.duty.campaign

    @property
    def is_case(self):
        return self.kind == CASE

    @property
    def is_editable(self):
        return self.status in self.EDITABLE

    @property
    def state(self):
        """The status in words: what is not a case is accepted, not adopted."""
        if self.status == self.Status.ACCEPTED and not self.is_case:
            return "已通过"
        return self.get_status_display()

    @property
    def category_names(self):
        return [self.Category(value).label for value in self.categories]

    def last_return(self):
        """The latest return of a returned text with its reason; otherwise None."""
        if self.status != self.Status.RETURNED:
            return None
        return self.events.filter(move=TextEvent.Move.RETURNED).last()


class TextEvent(TrailEvent):
    """Append-only: one row a move, with the text as it stood."""

    class Move(models.TextChoices):
        SUBMITTED = "submitted", "上报"
        WITHDRAWN = "withdrawn", "撤回"
        RETURNED = "returned", "退回"
        ACCEPTED = "accepted", "采用"
        SCORED = "scored", "评分"

    report = models.ForeignKey(TextReport, models.CASCADE, related_name="events")
    move = models.CharField("操作", max_length=20, choices=Move)
    snapshot = models.JSONField(default=dict)
    """{"title", "place", "figures", "categories", "text", "attachments": [sha256]}"""

    class Meta(TrailEvent.Meta):
        verbose_name = verbose_name_plural = "办理记录"

    def __str__(self):
        return f"{self.report} {self.get_move_display()}"


class AttachmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Files of what `user` may read, once they are whole.

        What is added to a text that came back is its unit's own until it is sent again: those who are in
        a picture are asked by then.
        """
        if not user.is_authenticated:
            return self.none()
        sent = ~Q(report__status=TextReport.Status.RETURNED) | Q(
            finished_at__lte=models.F("report__submitted_at")
        )
        own = Q(report__unit__in=user.memberships.values("unit"))
        of_texts = Q(report__in=TextReport.objects.visible_to(user)) & (own | sent)
        of_reports = Q(submission__in=Submission.objects.visible_to(user))
        return self.filter(of_texts | of_reports, finished_at__isnull=False)


class Attachment(models.Model):
    """A file of a text, or the stamped scan of a report. `reports.texts.attachments` alone writes the file.

    What is stored of a picture is a copy drawn anew, without the place where it was taken; a film is stored
    without the place alone.
    """

    class Kind(models.TextChoices):
        PICTURE = "picture", "图片"
        VIDEO = "video", "视频"
        DOCUMENT = "document", "文档"
        SCAN = "scan", "盖章扫描件"

    report = models.ForeignKey(
        TextReport, models.PROTECT, null=True, blank=True, related_name="attachments", verbose_name="文字材料"
    )
    submission = models.ForeignKey(
        Submission, models.PROTECT, null=True, blank=True, related_name="attachments", verbose_name="报表"
    )
    kind = models.CharField("种类", max_length=20, choices=Kind)
    name = models.CharField("文件名", max_length=150)
    """As the user called it, cleaned; never a path on the server."""
    stored = models.CharField(max_length=80, unique=True, editable=False)
    """The server's own name, below the private folder."""
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField("大小")
    """Bytes as sent; of an unfinished file as announced."""
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    """Of the file as sent: the same photograph is found again."""
    thumbnail = models.CharField(max_length=80, blank=True, editable=False)
    caption = models.CharField("说明", max_length=100, blank=True)
    has_consent = models.BooleanField("已征得照片中人员同意", default=False)
    checksum = models.CharField("校验码", max_length=64, blank=True)
    """Of a scan: the checksum of the figures that were printed and stamped."""
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField("上传时间", null=True, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "附件"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(report__isnull=False, submission__isnull=True)
                | Q(report__isnull=True, submission__isnull=False),
                name="attachment_of_one_thing",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_picture(self):
        return self.content_type.startswith("image/")
