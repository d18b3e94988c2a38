"""A unit's own text, drafted from what it has reported: what stands to date, which period added most, cases adopted."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from campaigns.models import Indicator, ReportForm
from reports.models import Figure, Submission, TextReport
from reports.numbers import format_figure

LEADING = 6
Nature = Indicator.Nature
Reported = Mapping[date, Mapping[int, Decimal]]


def own_text(report: TextReport) -> str:
    """Return plain paragraphs about the unit's accepted reports up to the text's period; "" where there are none."""
    campaign = report.duty.campaign
    until = report.period.ends_on if report.period else campaign.ends
    titles = {period.ends_on: str(period) for period in campaign.periods.all()}
    forms = list(campaign.forms.all())
    said = [
        line
        for form in forms
        for line in _of_form(
            form,
            _reported(form, report.unit_id, until),
            titles,
            name=form.annex if len(forms) > 1 else "",
        )
    ]
    cases = TextReport.objects.cases().filter(
        duty__campaign=campaign, unit=report.unit_id, period__ends_on__lte=until
    )
    if said and (sent := cases.sent().count()):
        adopted = cases.filter(status=TextReport.Status.ACCEPTED).count()
        said.append(f"共报送特色亮点{sent}条，被采用{adopted}条。")
    return "\n".join(said)


def _reported(form: ReportForm, unit: int, until: date) -> dict[date, dict[int, Decimal]]:
    """Return the figures of the accepted reports, by the end of the period, then by indicator number."""
    rows = Figure.objects.filter(
        submission__in=Submission.objects.accepted().filter(report_form=form, unit=unit, ends_on__lte=until)
    ).order_by("submission__ends_on")
    found: dict[date, dict[int, Decimal]] = defaultdict(dict)
    for end, number, value in rows.values_list("submission__ends_on", "indicator__number", "value"):
        if value is not None:
            found[end][number] = value
    return found


def _of_form(form: ReportForm, reported: Reported, titles: Mapping[date, str], *, name: str) -> list[str]:
    """What stands to date, of cumulative and stock indicators in the last report, and which period added most.

    What was not done, 0, is not told. name: of the form, where there are several.
    """
    if not reported:
        return []
    last = max(reported)
    whole = {
        column: value
        for column in form.columns
        if column.parent_id is None and (value := _to_date(column, reported, last))
    }
    told = list(whole.items())[:LEADING]
    said = [
        f"截至{last.month}月{last.day}日，{name}{since}{figures}。"
        for since, is_stock in (("累计", False), ("现有", True))
        if (
            figures := "，".join(
                _figure(*each) for each in told if (each[0].nature == Nature.STOCK) == is_stock
            )
        )
    ]
    lead = next((column for column in whole if column.nature != Nature.STOCK), None)
    grown = _added(lead, reported) if lead else {}
    if lead and len(grown) > 1:
        best = max(grown, key=lambda end: grown[end])
        said.append(f"其中{lead.label}以{titles[best]}新增最多，为{_figure(lead, grown[best], label='')}。")
    return said


def _to_date(column: Indicator, reported: Reported, last: date) -> Decimal | None:
    """The last report's figure; of a flow the sum of all."""
    if column.nature == Nature.FLOW:
        return sum(
            (values[column.number] for values in reported.values() if column.number in values), Decimal(0)
        )
    return reported[last].get(column.number)


def _added(column: Indicator, reported: Reported) -> dict[date, Decimal]:
    """What each report that has the figure added to what stood before."""
    values = {end: one[column.number] for end, one in sorted(reported.items()) if column.number in one}
    if column.nature == Nature.FLOW:
        return values
    before = [Decimal(0), *values.values()]
    return {end: value - earlier for (end, value), earlier in zip(values.items(), before, strict=False)}


def _figure(column: Indicator, value: Decimal, label: str | None = None) -> str:
    shown = column.label if label is None else label
    return f"{shown}{format_figure(value, column.decimals)}{column.unit_of_measure}"
