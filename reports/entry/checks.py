"""Reads what `reports.entry.validation` compares: always the same number of queries, however long the history."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import Q

from campaigns.models import Indicator, ReportForm, ValidationRule
from reports.entry.validation import (
    EarlierReport,
    Figures,
    Finding,
    IndicatorFacts,
    OtherForm,
    WrittenRule,
    run_rules,
)
from reports.models import Explanation, Figure, RefusedEntry, Submission


@dataclass(frozen=True)
class Examined:
    """A report with what its checks read. Mappings go by indicator number.

    figures: as stored; a cell never touched is missing. previous: of the report that this one follows, {} for
    the first. refused: what was typed and could not be read. findings: each with its explanation.
    """

    figures: Figures
    previous: Figures
    refused: Mapping[int, str]
    findings: list[Finding]

    @property
    def is_begun(self) -> bool:
        return bool(self.refused) or any(value is not None for value in self.figures.values())


def examine(submission: Submission) -> Examined:
    """Read a report, which need not be stored, and check it as it stands."""
    [examined] = _examine([submission], None, _refused([submission])).values()
    return examined


def check(submission: Submission) -> list[Finding]:
    """Check a report as it is stored, refused entries included; each finding with its explanation."""
    return check_many([submission])[submission.pk]


def check_many(submissions: Sequence[Submission]) -> dict[int, list[Finding]]:
    """Check reports of one form and period like `check`, by id; as many queries as for one."""
    if not submissions:
        return {}
    examined = _examine(submissions, None, _refused(submissions))
    return {pk: each.findings for pk, each in examined.items()}


def check_figures(submission: Submission, figures: Figures) -> list[Finding]:
    """Check `figures` in place of the stored ones; a submission with `ends_on` need not be stored yet."""
    return _examine([submission], figures, {})[submission.pk].findings


def history(submission: Submission) -> list[EarlierReport]:
    """Return the unit's earlier reports of this form that are submitted or accepted, oldest first.

    They are the unit's, whatever place it held then.
    """
    form_id = submission.report_form_id
    return _earlier(_stored([submission], now=[], before=[form_id])[submission.unit_id][form_id], submission)


def previous_figures(submission: Submission) -> tuple[date | None, dict[int, Decimal | None]]:
    """Return the end and the figures of the report that this one follows: (None, {}) for the first."""
    earlier = Submission.objects.sent().filter(
        report_form_id=submission.report_form_id, unit_id=submission.unit_id, ends_on__lt=submission.ends_on
    )
    latest = earlier.order_by("-ends_on").first()
    if latest is None:
        return None, {}
    return latest.ends_on, dict(latest.figures.values_list("indicator__number", "value"))


def facts(indicators: Iterable[Indicator]) -> list[IndicatorFacts]:
    """Return what the checks know of a form's indicators (all of them: a parent is among them)."""
    listed = list(indicators)
    numbers = {indicator.pk: indicator.number for indicator in listed}
    return [
        IndicatorFacts(
            number=indicator.number,
            label=indicator.label,
            unit=indicator.unit_of_measure,
            parent=None if indicator.parent_id is None else numbers[indicator.parent_id],
            decimals=indicator.decimals,
            nature=indicator.nature,
            jump=indicator.jump,
            jump_floor=indicator.jump_floor,
            slip=indicator.slip,
            maximum=indicator.maximum,
        )
        for indicator in listed
    ]


def _refused(submissions: Sequence[Submission]) -> dict[int, dict[int, str]]:
    """Return what was typed and could not be read: texts by number, by id of the report."""
    refused: dict[int, dict[int, str]] = defaultdict(dict)
    entries = RefusedEntry.objects.filter(submission__in=[row.pk for row in submissions])
    for pk, number, text in entries.values_list("submission_id", "indicator__number", "text"):
        refused[pk][number] = text
    return refused


def _examine(
    submissions: Sequence[Submission], figures: Figures | None, refused: Mapping[int, Mapping[int, str]]
) -> dict[int, Examined]:
    """Check reports of one form and period. figures: None = those stored; refused: texts by number, by id."""
    form, ends_on = submissions[0].report_form, submissions[0].ends_on
    rules = _rules(form)
    named = {(cell.form or rule.form, cell.last) for rule in rules for cell in rule.expression.cells}
    others = {
        other: facts(indicators)
        for other, indicators in _other_indicators(form, {code for code, _ in named}).items()
    }
    own_facts = facts(form.columns)
    stored = _stored(
        submissions,
        now=[form.pk, *(other.pk for other in others)],
        before=[form.pk, *(other.pk for other in others if (other.code, True) in named)],
    )
    explanations: dict[int, dict[str, str]] = defaultdict(dict)
    written = Explanation.objects.filter(submission__in=[row.pk for row in submissions])
    for pk, key, text in written.values_list("submission_id", "finding", "text"):
        explanations[pk][key] = text

    def examined(submission: Submission) -> Examined:
        by_form = stored[submission.unit_id]
        own = by_form[form.pk].get(ends_on, {}) if figures is None else figures
        earlier = _earlier(by_form[form.pk], submission)
        findings = run_rules(
            own_facts,
            rules,
            own,
            history=earlier,
            form=form.code,
            other_forms={
                other.code: OtherForm(
                    name=other.annex or other.title,
                    indicators=indicators,
                    figures=by_form[other.pk].get(ends_on, {}),
                    last=_last(_earlier(by_form[other.pk], submission)),
                )
                for other, indicators in others.items()
            },
            refused=refused.get(submission.pk),
        )
        texts = explanations.get(submission.pk, {})
        return Examined(
            figures=own,
            previous=_last(earlier),
            refused=refused.get(submission.pk, {}),
            findings=[replace(finding, explanation=texts.get(finding.key, "")) for finding in findings],
        )

    return {submission.pk: examined(submission) for submission in submissions}


def _rules(form: ReportForm) -> list[WrittenRule]:
    """Return the form's own rules, and those of the campaign's other forms that name its cells."""
    rows = ValidationRule.objects.filter(report_form__campaign_id=form.campaign_id)
    rows = rows.order_by("report_form__position", "position")
    rules = [
        WrittenRule(text, rule_class, say, code)
        for text, rule_class, say, code in rows.values_list("rule", "rule_class", "say", "report_form__code")
    ]
    return [
        rule
        for rule in rules
        if rule.form == form.code or any(cell.form == form.code for cell in rule.expression.cells)
    ]


def _other_indicators(form: ReportForm, codes: set[str]) -> dict[ReportForm, list[Indicator]]:
    """Return the indicators of the campaign's other forms with these codes, in one query or none."""
    if not codes - {form.code}:
        return {}
    indicators = Indicator.objects.filter(
        report_form__campaign_id=form.campaign_id, report_form__code__in=codes - {form.code}
    )
    others: dict[ReportForm, list[Indicator]] = {}
    for indicator in indicators.select_related("report_form"):
        others.setdefault(indicator.report_form, []).append(indicator)
    return others


def _stored(
    submissions: Sequence[Submission], *, now: list[int], before: list[int]
) -> dict[int, dict[int, dict[date, dict[int, Decimal | None]]]]:
    """Return figures by unit, form and end of period, in one query, for reports of one period.

    now: ids of the forms whose report of this very period is read, whatever its status.
    before: of those whose earlier reports are read, submitted or accepted.
    """
    ends_on = submissions[0].ends_on
    units = [submission.unit_id for submission in submissions]
    this = Q(submission__report_form_id__in=now, submission__ends_on=ends_on)
    earlier = Q(
        submission__report_form_id__in=before,
        submission__ends_on__lt=ends_on,
        submission__status__in=Submission.SENT,
    )
    rows = Figure.objects.filter(this | earlier, submission__unit_id__in=units).values_list(
        "submission__unit_id",
        "submission__report_form_id",
        "submission__ends_on",
        "indicator__number",
        "value",
    )
    stored: dict[int, dict[int, dict[date, dict[int, Decimal | None]]]] = {
        unit: {pk: {} for pk in (*now, *before)} for unit in units
    }
    for unit, form_id, end, number, value in rows:
        stored[unit][form_id].setdefault(end, {})[number] = value
    return stored


def _last(earlier: list[EarlierReport]) -> Figures:
    return earlier[-1].figures if earlier else {}


def _earlier(by_end: Mapping[date, Figures], submission: Submission) -> list[EarlierReport]:
    return [EarlierReport(end, by_end[end]) for end in sorted(by_end) if end < submission.ends_on]
