"""What a person may take out: which units and which of their forms are in scope, for a period."""

from collections.abc import Iterable

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import User
from reports.tasks import owes


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


def _with_campaign(period: ReportingPeriod) -> Iterable[ReportForm]:
    """Yield the campaign's forms, each with the campaign as already read."""
    for form in period.campaign.forms.all():
        form.campaign = period.campaign
        yield form
