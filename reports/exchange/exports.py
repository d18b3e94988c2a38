"""What a person may take out: which units and which of their forms are in scope, for a period."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from campaigns.models import Exemption, ReportForm, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import User
from reports.models import Figure, Submission
from reports.tasks import owes


class Counted(NamedTuple):
    """A report that a total counts, and its figures by indicator number."""

    submission: Submission
    figures: Mapping[int, Decimal | None]


def reporting_below(user: User, period: ReportingPeriod, place: UnitPlace) -> list[UnitPlace]:
    """Return the places at and below `place` that `user` reads and that file figures in `period`, in registry order."""
    places = UnitPlace.objects.held_in(period).filter(path__startswith=place.path, reports=True)
    readable = places.filter(pk__in=UnitPlace.objects.visible_to(user).values("pk"))
    return list(readable.select_related("unit").order_by("position"))


def owed_below(
    user: User, period: ReportingPeriod, place: UnitPlace
) -> list[tuple[ReportForm, list[UnitPlace]]]:
    """Return each form that is owed at or below `place` with the units that owe it, in printed order."""
    places = reporting_below(user, period, place)
    forms = _with_campaign(period)
    by_form = [(form, [one for one in places if owes(one, form)]) for form in forms]
    return [(form, owing) for form, owing in by_form if owing]


def names_apart(places: Sequence[UnitPlace]) -> dict[int, str]:
    """Return by id what each of these places is called beside the others.

    That is its short name; where two below different places have the same (鼓楼区), with that of the place above
    (南京市鼓楼区).
    """
    parents = defaultdict(set)
    for place in places:
        parents[place.short].add(place.parent_id)
    alike = [place for place in places if len(parents[place.short]) > 1 and place.parent_id]
    above = UnitPlace.objects.in_bulk({place.parent_id for place in alike})
    return {place.pk: place.short for place in places} | {
        place.pk: above[place.parent_id].short + place.short for place in alike
    }


def counted_reports(
    form: ReportForm, period: ReportingPeriod, places: Sequence[UnitPlace], basis: str
) -> list[tuple[UnitPlace, Counted]]:
    """Return the report of each of these units that `rollup.roll_up` counts on this basis; a unit without is left out.

    In the order of `places`, in a number of queries that does not grow with them.
    """
    units = {place.unit_id: place for place in places}
    reports = Submission.objects.filter(report_form=form, unit__in=units, ends_on__lte=period.ends_on)
    reports = reports.sent() if basis == "received" else reports.accepted()
    if basis == "strict":
        exempted = set(Exemption.objects.filter(period=period).values_list("unit_id", flat=True))
        units = {} if None in exempted else {pk: place for pk, place in units.items() if pk not in exempted}
        reports = reports.filter(ends_on=period.ends_on, unit__in=units)
    latest = {report.unit_id: report for report in reports.order_by("ends_on").select_related("period")}
    figures = figures_of(latest.values())
    for unit, report in latest.items():
        report.report_form, report.unit = form, units[unit].unit
        report.period.campaign = period.campaign
    return [
        (place, Counted(latest[unit], figures[latest[unit].pk]))
        for unit, place in units.items()
        if unit in latest
    ]


def figures_of(submissions: Iterable[Submission]) -> dict[int, dict[int, Decimal | None]]:
    """Return the figures of reports by id, then by indicator number, in one query."""
    rows = Figure.objects.filter(submission__in=[report.pk for report in submissions])
    figures: dict[int, dict[int, Decimal | None]] = defaultdict(dict)
    for pk, number, value in rows.values_list("submission_id", "indicator__number", "value"):
        figures[pk][number] = value
    return figures


def _with_campaign(period: ReportingPeriod) -> Iterable[ReportForm]:
    """Yield the campaign's forms, each with the campaign as already read."""
    for form in period.campaign.forms.all():
        form.campaign = period.campaign
        yield form
