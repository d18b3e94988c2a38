"""A unit's own text, drafted from what it has reported: what stands to date, which period added most, cases adopted."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from campaigns.models import ReportForm
from reports.models import Figure, Submission, TextReport
from reports.numbers import format_figure

LEADING = 6


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


def _of_form(
    form: ReportForm, reported: dict[date, dict[int, Decimal]], titles: dict[date, str], *, name: str
) -> list[str]:
    """What stands to date in the last whole report, and the period in which the first indicator grew most.

    What was not done, 0, is not told. name: of the form, where there are several.
    """
    if not reported:
        return []
    last = max(reported)
    whole = [
        column for column in form.columns if column.parent_id is None and reported[last].get(column.number)
    ]
    if not whole:
        return []
    figures = "，".join(
        f"{column.label}{format_figure(reported[last][column.number], column.decimals)}{column.unit_of_measure}"
        for column in whole[:LEADING]
    )
    said = [f"截至{last.month}月{last.day}日，{name}累计{figures}。"]
    lead, before, grown = whole[0], Decimal(0), {}
    for end, values in sorted(reported.items()):
        if lead.number in values:
            grown[end] = values[lead.number] - before
            before = values[lead.number]
    if len(grown) > 1:
        best = max(grown, key=lambda end: grown[end])
        amount = format_figure(grown[best], lead.decimals)
        said.append(f"其中{lead.label}以{titles[best]}新增最多，为{amount}{lead.unit_of_measure}。")
    return said
