"""Submissions: the figures of one unit for one form and period, their life and their trail."""

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q

from campaigns.calendar_rules import is_on_time
from campaigns.models import Indicator, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace

from .deadlines import Extension, due_for
from .trail import TrailEvent


class SubmissionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return what `user` may read: a reporter's own unit; a coordinator's or viewer's unit and all below.

        Below means below the place that the unit held in the submission's period, or holds later: a city that
        takes a county over reads its history, the city that gave it away does not read what comes after.
        """
        scope = Q(pk__in=[])
        for membership in user.memberships.prefetch_related("unit__places"):
            if not membership.reads_below:
                scope |= Q(unit_id=membership.unit_id)
                continue
            for place in membership.unit.places.all():
                # A place whose figures are kept is left all the same once the unit holds a later one.
                left = UnitPlace.objects.filter(
                    campaign_id=OuterRef("campaign_id"),
                    unit_id=OuterRef("unit_id"),
                    opens__gt=OuterRef("closes"),
                    opens__lte=OuterRef(OuterRef("ends_on")),
                )
                held = UnitPlace.objects.filter(
                    Q(closes__isnull=True)
                    | Q(closes__gte=OuterRef("ends_on"))
                    | Q(after_close=UnitPlace.AfterClose.KEEP) & ~models.Exists(left),
                    campaign_id=place.campaign_id,
                    unit_id=OuterRef("unit_id"),
                    path__startswith=place.path,
                )
                scope |= Q(models.Exists(held), report_form__campaign_id=place.campaign_id)
        return self.filter(scope).with_due_at()

    def with_due_at(self):
        """Read with each report its unit's own extension, so that a list asks for `due_at` without a query a row."""
        own = Extension.objects.filter(period=OuterRef("period"), unit=OuterRef("unit"))
        return self.annotate(extended_to=models.Subquery(own.values("due_at")))

    def accepted(self):
        return self.filter(status=Submission.Status.ACCEPTED)

    def sent(self):
        """Submitted or accepted: what checks compare with and what the received figure counts."""
        return self.filter(status__in=Submission.SENT)


class Submission(models.Model):
    """The report of one unit for one form and period. Only `reports.lifecycle` sets `status`."""

    class Status(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "待审"
        RETURNED = "returned", "被退回"
        ACCEPTED = "accepted", "已通过"

    SENT = (Status.SUBMITTED, Status.ACCEPTED)
    EDITABLE = (Status.DRAFT, Status.RETURNED)

    report_form = models.ForeignKey(
        ReportForm, models.PROTECT, related_name="submissions", verbose_name="报表"
    )
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="submissions", verbose_name="单位")
    period = models.ForeignKey(
        ReportingPeriod, models.PROTECT, related_name="submissions", verbose_name="报告期"
    )
    ends_on = models.DateField("截至", editable=False)
    """The period's end, copied: the roll-up looks for the latest report at or before a day."""
    status = models.CharField("状态", max_length=20, choices=Status, default=Status.DRAFT)

    responsible = models.CharField("单位负责人", max_length=50, blank=True)
    prepared_by = models.CharField("填表人", max_length=50, blank=True)
    phone = models.CharField("联系电话", max_length=30, blank=True)
    no_change = models.BooleanField("与上期相同", default=False)
    """The clerk's statement that nothing has changed since the last report."""

    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField("最后修改", null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="修改人",
    )
    first_submitted_at = models.DateTimeField("首次上报", null=True, blank=True)
    """The first submission that was not withdrawn: it decides whether the report is on time. None = unknown."""
    submitted_at = models.DateTimeField("上报时间", null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="上报人",
    )
    receipt = models.CharField("回执编号", max_length=80, blank=True, editable=False)
    """Of the latest submission: whoever decides names the receipt that was seen, so nobody decides on other figures."""
    review_started_at = models.DateTimeField("开始审核", null=True, blank=True)
    accepted_at = models.DateTimeField("通过时间", null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "报表填报"
        ordering = ["-ends_on", "report_form", "unit"]
        constraints = [
            models.UniqueConstraint(
                fields=["report_form", "unit", "period"], name="one_report_a_form_unit_period"
            )
        ]
        indexes = [
            models.Index(
                F("report_form"), F("unit"), F("ends_on").desc(), F("status"), name="submission_latest"
            )
        ]

    def __str__(self):
        return f"{self.unit} {self.report_form.annex} {self.period}"

    @property
    def is_editable(self):
        return self.status in self.EDITABLE

    @property
    def due_at(self):
        """The instant up to which this report is on time: the period's, or the unit's own if that is later."""
        if not hasattr(self, "extended_to"):
            own = Extension.objects.filter(period=self.period_id, unit=self.unit_id)
            self.extended_to = own.values_list("due_at", flat=True).first()
        return due_for(self.period, self.extended_to)

    @property
    def is_late(self):
        """True for 迟报, False for on time, None while not submitted or where the time is unknown."""
        if self.first_submitted_at is None:
            return None
        return not is_on_time(self.first_submitted_at, self.due_at)

    def last_return(self):
        """The latest return or reopening of a returned report, with its reason and cells; otherwise None."""
        if self.status != self.Status.RETURNED:
            return None
        moves = (SubmissionEvent.Move.RETURNED, SubmissionEvent.Move.REOPENED)
        return self.events.filter(move__in=moves).last()


class FigureQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(submission__in=Submission.objects.visible_to(user))


class Figure(models.Model):
    """One cell: Decimal in the indicator's unit of measure; None = left blank, which is not zero."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="figures", db_index=False)
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="figures")
    value = models.DecimalField("数值", max_digits=19, decimal_places=4, null=True, blank=True)

    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "数值"
        constraints = [models.UniqueConstraint(fields=["submission", "indicator"], name="one_figure_a_cell")]
        # In place of the foreign key's own index: a roll-up reads figures from this one alone.
        indexes = [models.Index(fields=["submission", "indicator", "value"], name="figure_of_submission")]

    def __str__(self):
        return f"{self.indicator}: {self.value}"


class RefusedEntry(models.Model):
    """What was typed into a cell and could not be read: kept beside the draft, never as a figure."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="refused_entries")
    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="+")
    text = models.CharField(max_length=100)

    class Meta:
        verbose_name = verbose_name_plural = "未识别的填写"
        constraints = [
            models.UniqueConstraint(fields=["submission", "indicator"], name="one_refused_entry_a_cell")
        ]

    def __str__(self):
        return self.text


class Explanation(models.Model):
    """核实说明: the clerk's reason for a finding; `finding` is the key of `reports.entry.validation.Finding`."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="explanations")
    finding = models.CharField("核实项", max_length=60)
    text = models.CharField("核实说明", max_length=500)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    written_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "核实说明"
        constraints = [
            models.UniqueConstraint(fields=["submission", "finding"], name="one_explanation_a_finding")
        ]

    def __str__(self):
        return self.text


class FigureChange(models.Model):
    """Append-only: who changed which cell from what to what. actor None = 导入."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="changes")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="+")
    old = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    new = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "修改记录"
        ordering = ["pk"]

    def __str__(self):
        return f"{self.indicator}: {self.old} → {self.new}"


class SubmissionEvent(TrailEvent):
    """Append-only: one row a move, with the figures as they stood when it was made."""

    class Move(models.TextChoices):
        SUBMITTED = "submitted", "上报"
        WITHDRAWN = "withdrawn", "撤回"
        RETURNED = "returned", "退回"
        ACCEPTED = "accepted", "通过"
        REOPENED = "reopened", "重新打开"

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="events")
    move = models.CharField("操作", max_length=20, choices=Move)
    cells = models.JSONField("涉及列", default=list, blank=True)
    """Indicator numbers that a return or reopening names."""
    snapshot = models.JSONField(default=dict)
    """{"figures": {"1": "120", "2": null}, "explanations": [{"finding", "message", "text"}], "responsible", …}"""
    receipt = models.CharField("回执编号", max_length=80, blank=True)
    checksum = models.CharField("校验码", max_length=64, blank=True)

    class Meta(TrailEvent.Meta):
        verbose_name = verbose_name_plural = "办理记录"
        # A check code typed from paper is the beginning of a checksum.
        indexes = [models.Index(fields=["checksum"], name="event_checksum")]

    def __str__(self):
        return f"{self.submission} {self.get_move_display()}"
