"""Reporting units: lasting offices, and the place of each in the tree of one campaign."""

from django.db import models
from django.db.models import F, OuterRef, Q
from simple_history.models import HistoricalRecords

PATH_DIGITS = 9


class Level(models.TextChoices):
    OFFICE = "office", "办公室"
    NATION = "nation", "国家"
    PROVINCE = "province", "省"
    PREFECTURE = "prefecture", "市"
    COUNTY = "county", "县（市、区）"


class ReportingUnit(models.Model):
    """A lasting office. People belong to it; where it stands in a tree belongs to the campaign."""

    code = models.CharField("代码", max_length=40, unique=True)
    name = models.CharField("名称", max_length=100)

    history = HistoricalRecords(verbose_name="单位变更", verbose_name_plural="单位变更")

    class Meta:
        verbose_name = verbose_name_plural = "单位"
        ordering = ["code"]

    def __str__(self):
        return self.name


class UnitPlaceQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Places that `user` may read: own units, and all below for a coordinator or viewer."""
        scope = Q(pk__in=[])
        for membership in user.memberships.prefetch_related("unit__places"):
            for place in membership.unit.places.all():
                scope |= Q(path__startswith=place.path) if membership.reads_below else Q(pk=place.pk)
        return self.filter(scope)

    def counted_in(self, period):
        """Places that count in `period`: open in it, or closed with their figures kept (`after_close`).

        A unit that holds two such places counts at the later one: see `reports.rollup`.
        """
        opened = Q(opens__isnull=True) | Q(opens__lte=period.ends_on)
        still = (
            Q(closes__isnull=True) | Q(closes__gte=period.ends_on) | Q(after_close=UnitPlace.AfterClose.KEEP)
        )
        return self.filter(opened & still, campaign=period.campaign)

    def held_in(self, period):
        """The one place at which each unit counts in `period`: of two that are `counted_in` it, the later."""
        counted = UnitPlace.objects.counted_in(period).filter(
            campaign=OuterRef("campaign"), unit=OuterRef("unit"), opens__isnull=False
        )
        is_first = Q(opens__isnull=True)
        left = is_first & models.Exists(counted) | models.Exists(counted.filter(opens__gt=OuterRef("opens")))
        return self.counted_in(period).exclude(left)

    def latest_first(self):
        """In the order in which a unit held them, the latest first; a first place has no day, and the databases differ
        on where that sorts."""
        return self.order_by(F("opens").desc(nulls_last=True))

    def open_in(self, period):
        """The places of the units that still file in `period`: `held_in` without those closed before its end."""
        return self.held_in(period).exclude(closes__lt=period.ends_on)


class UnitPlace(models.Model):
    """The place of a unit in the tree of one campaign: a move closes one place and opens another.

    `path` is the fixed-width ids of all places from the root down to this one, each followed by "/":
    everything below is one prefix. It is built from ids, never codes: SQLite's prefix match ignores case.
    """

    class AfterClose(models.TextChoices):
        STOP = "stop", "停止计入（已由接续单位包含）"
        KEEP = "keep", "继续计入"

    campaign = models.ForeignKey(
        "campaigns.Campaign", models.CASCADE, related_name="places", verbose_name="专项活动"
    )
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="places", verbose_name="单位")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级"
    )
    path = models.CharField(max_length=200, db_index=True, editable=False)
    position = models.PositiveIntegerField("次序")
    level = models.CharField("级别", max_length=20, choices=Level)
    line = models.CharField("条线", max_length=20, blank=True)
    name = models.CharField("名称", max_length=100)
    short = models.CharField("简称", max_length=40)
    reports = models.BooleanField("填报本级数据", default=False)
    opens = models.DateField("启用", null=True, blank=True)
    closes = models.DateField("停用", null=True, blank=True)
    after_close = models.CharField("停用后", max_length=10, choices=AfterClose, blank=True)

    objects = UnitPlaceQuerySet.as_manager()
    history = HistoricalRecords(verbose_name="单位位置变更", verbose_name_plural="单位位置变更")

    class Meta:
        verbose_name = verbose_name_plural = "单位位置"
        ordering = ["campaign", "position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position"], name="one_place_a_position"),
            models.UniqueConstraint(fields=["campaign", "unit", "opens"], name="one_place_a_unit_and_day"),
            models.UniqueConstraint(
                fields=["campaign", "unit"], condition=Q(opens__isnull=True), name="one_first_place_a_unit"
            ),
            models.CheckConstraint(
                condition=Q(opens__isnull=True) | Q(closes__isnull=True) | Q(opens__lte=F("closes")),
                name="place_opens_before_it_closes",
            ),
        ]
        indexes = [models.Index(fields=["unit", "opens"], name="place_unit_opens")]

    def __str__(self):
        return self.short

    @staticmethod
    def path_below(parent, pk):
        """The path of place `pk` under the place `parent` (None at the root)."""
        return f"{parent.path if parent else ''}{pk:0{PATH_DIGITS}d}/"

    def is_open(self, day):
        """Tell whether the place stands on `day`: a closed one owes nothing new, even where its figures are kept."""
        return (self.opens is None or self.opens <= day) and (self.closes is None or day <= self.closes)

    def counts(self, day):
        """Tell whether the place counts in a period that ends on `day`: as `counted_in` says of many."""
        has_opened = self.opens is None or self.opens <= day
        return self.is_open(day) or (self.after_close == self.AfterClose.KEEP and has_opened)

    @property
    def ancestor_ids(self):
        """Ids of the places from the root down to and including this one."""
        return [int(part) for part in self.path.split("/")[:-1]]
