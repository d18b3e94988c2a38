"""询问: threads between a unit and its coordinators about a report, and anomalies that were looked into."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .submissions import Submission


class QuestionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The threads on reports that `user` may read: both sides, and whoever reads what they read."""
        return self.filter(submission__in=Submission.objects.visible_to(user))

    def open(self):
        return self.exclude(state=Question.State.SETTLED)


class Question(models.Model):
    """One thread on one report. Only `reports.review.questions` writes it.

    from_unit: the unit asks its coordinators; otherwise they ask the unit. anomaly: key of the
    `reports.review.anomalies.Anomaly` that gave rise to it, "" where none did.
    """

    class State(models.TextChoices):
        ASKED = "asked", "待答复"
        ANSWERED = "answered", "已答复"
        SETTLED = "settled", "已了结"

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="questions")
    from_unit = models.BooleanField("由填报单位提出")
    cells = models.JSONField("涉及列", default=list, blank=True)
    anomaly = models.CharField(max_length=60, blank=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.ASKED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="提问人"
    )
    asked_at = models.DateTimeField("提问时间", default=timezone.now)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="了结人"
    )
    settled_at = models.DateTimeField("了结时间", null=True, blank=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "询问"
        ordering = ["pk"]

    def __str__(self):
        return f"{self.submission} {self.get_state_display()}"

    @property
    def last_entry(self):
        """What was written last; from entries that have been read."""
        entries = list(self.entries.all())
        return entries[-1] if entries else None

    @property
    def waits_for_unit(self):
        """True where the unit has to answer, False where its coordinators have to, None where nobody has."""
        return not self.from_unit if self.state == self.State.ASKED else None


class QuestionEntry(models.Model):
    """Append-only: what one person wrote in a thread. from_unit: for the unit, otherwise as a coordinator."""

    question = models.ForeignKey(Question, models.CASCADE, related_name="entries")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    author_name = models.CharField("作者", max_length=50)
    from_unit = models.BooleanField()
    text = models.TextField("内容")
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "询问内容"
        ordering = ["pk"]

    def __str__(self):
        return self.text


class Dismissal(models.Model):
    """An anomaly that a coordinator has looked into (已核): it is listed no more while its figures stay."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="dismissals")
    anomaly = models.CharField("异常", max_length=60)
    word = models.CharField("说明", max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="核实人")
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "已核异常"
        constraints = [
            models.UniqueConstraint(fields=["submission", "anomaly"], name="one_dismissal_an_anomaly")
        ]

    def __str__(self):
        return f"{self.anomaly}: {self.word}"
