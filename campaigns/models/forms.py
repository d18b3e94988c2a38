"""Report forms: indicators, checks and doubts."""

from functools import cached_property

from django.core.validators import MinValueValidator
from django.db import models
from simple_history.models import HistoricalRecords

from campaigns.header import Column, build_header

from .calendar import Campaign


class ReportForm(models.Model):
    """One statistical form of a campaign, as issued.

    `version` rises by one whenever a reload changes what is printed or asked while figures are stored.
    """

    class Layout(models.TextChoices):
        ROWS = "rows", "每个单位一行"
        BANDS = "bands", "一个单位，分段排列"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="forms")
    code = models.CharField("代码", max_length=20)
    version = models.PositiveSmallIntegerField("版本", default=1, validators=[MinValueValidator(1)])
    position = models.PositiveSmallIntegerField("次序")
    annex = models.CharField("附件", max_length=20, blank=True)
    title = models.CharField("标题", max_length=100)
    subtitle = models.CharField("副标题", max_length=100, blank=True)
    line = models.CharField("条线", max_length=20, blank=True)
    layout = models.CharField("版式", max_length=10, choices=Layout, default=Layout.ROWS)
    bands = models.JSONField("分段", default=list, blank=True)
    filled_by = models.CharField("填报单位", max_length=100, blank=True)
    head = models.JSONField("表头栏目", default=list, blank=True)
    printed_unit = models.CharField("表头计量单位", max_length=40, blank=True)
    print_units = models.CharField("列名格式", max_length=60, blank=True)
    signatures = models.JSONField("签章栏", default=list, blank=True)
    notes_title = models.CharField("说明标题", max_length=20, blank=True)
    notes = models.JSONField("填报说明", default=list, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "报表"
        ordering = ["campaign", "position"]
        constraints = [models.UniqueConstraint(fields=["campaign", "code"], name="one_form_a_code")]

    def __str__(self):
        return f"{self.annex} {self.title}".strip()

    @cached_property
    def columns(self):
        """The indicators in printed order, read once."""
        return list(self.indicators.all())

    @cached_property
    def header(self):
        """The header tree: what screen, print, Excel and the upload parser draw from."""
        columns = [
            Column(
                number=indicator.number,
                label=indicator.label,
                unit=indicator.unit_of_measure,
                group=None if indicator.group is None else tuple(indicator.group),
                lines=tuple(indicator.lines),
                confirmed=indicator.confirmed,
                decimals=indicator.decimals,
            )
            for indicator in self.columns
        ]
        return build_header(
            columns, layout=self.layout, bands=self.bands or None, print_units=self.print_units or None
        )


class Indicator(models.Model):
    """A column of a form. `number` is printed, and is its name in checks, files and the API."""

    class Nature(models.TextChoices):
        CUMULATIVE = "cumulative", "累计"
        FLOW = "flow", "本期"
        STOCK = "stock", "时点"

    report_form = models.ForeignKey(ReportForm, models.CASCADE, related_name="indicators")
    number = models.PositiveSmallIntegerField("序号")
    position = models.PositiveSmallIntegerField("次序")
    label = models.CharField("名称", max_length=100)
    unit_of_measure = models.CharField("计量单位", max_length=20, blank=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="parts")
    group = models.JSONField(
        "上层表头", null=True, blank=True, help_text="null, or a list of texts from the top down"
    )
    lines = models.JSONField("换行", default=list, blank=True)
    decimals = models.PositiveSmallIntegerField("小数位", default=0)
    nature = models.CharField("性质", max_length=20, choices=Nature, default=Nature.CUMULATIVE)
    explain = models.TextField("指标解释", blank=True)
    confirmed = models.BooleanField("已核实", default=True)
    jump = models.DecimalField("突增倍数", max_digits=8, decimal_places=2, null=True, blank=True)
    jump_floor = models.DecimalField("突增下限", max_digits=15, decimal_places=2, null=True, blank=True)
    slip = models.DecimalField("单位误填倍数", max_digits=8, decimal_places=2, null=True, blank=True)
    maximum = models.DecimalField("上限", max_digits=15, decimal_places=2, null=True, blank=True)
    """jump, jump_floor, maximum: None = the default of the indicator's unit (reports.entry.validation); slip: None = no such check."""

    history = HistoricalRecords(verbose_name="指标变更", verbose_name_plural="指标变更")

    class Meta:
        verbose_name = verbose_name_plural = "指标"
        ordering = ["report_form", "position"]
        constraints = [
            models.UniqueConstraint(fields=["report_form", "number"], name="one_indicator_a_number")
        ]

    def __str__(self):
        return f"{self.number} {self.label}"


class ValidationRule(models.Model):
    """A written check beyond the defaults: `rule` says what must hold (`campaigns.expressions`)."""

    class Class(models.TextChoices):
        FATAL = "fatal", "强制性"
        QUERY = "query", "核实性"
        HINT = "hint", "提示"

    report_form = models.ForeignKey(ReportForm, models.CASCADE, related_name="rules")
    position = models.PositiveSmallIntegerField("次序")
    rule = models.CharField("规则", max_length=500)
    rule_class = models.CharField("类别", max_length=10, choices=Class)
    say = models.CharField("提示语", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "审核关系"
        ordering = ["report_form", "position"]
        constraints = [
            models.UniqueConstraint(fields=["report_form", "position"], name="one_rule_a_position")
        ]

    def __str__(self):
        return self.rule


class Doubt(models.Model):
    """What a notice leaves open: its own words and the reading taken, shown as 待核实."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="doubts")
    report_form = models.ForeignKey(ReportForm, models.CASCADE, null=True, blank=True, related_name="doubts")
    position = models.PositiveSmallIntegerField("次序")
    about = models.CharField("涉及", max_length=40, blank=True)
    quote = models.TextField("原文", blank=True)
    reading = models.TextField("处理")
    settled = models.TextField("核实结果", blank=True)
    """What was found out since, and from whom; "" while it is 待核实."""

    class Meta:
        verbose_name = verbose_name_plural = "待核实事项"
        ordering = ["campaign", "position"]

    def __str__(self):
        return self.reading[:40]
