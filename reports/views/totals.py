"""Which totals there are to read, and for whom: found by the address (else 404), or the first to show."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.utils import timezone

from campaigns.models import Campaign, ReportForm, ReportingPeriod, UnitPlace
from campaigns.models.units import PATH_DIGITS, UnitPlaceQuerySet
from chunfeng.accounts.models import User
from reports.models import Submission
from reports.rollup import BASES, MEASURES
from reports.tasks import owes, place_held

from .addresses import address_of
from .finding import find_campaign, find_form, find_period, find_place

BASIS_NAMES = {
    "accepted": "正式数：已通过，缺报沿用",
    "received": "含待审：已上报即计，缺报沿用",
    "strict": "仅本期：本期已通过，不沿用",
}
MEASURE_NAMES = {"cumulative": "累计", "increment": "本期新增"}


@dataclass(frozen=True)
class Found:
    """What the address of a roll-up names. crumbs: the places from the user's highest down to this one, included.

    forms: all that the unit or one below it owes in the period.
    """

    form: ReportForm
    period: ReportingPeriod
    place: UnitPlace
    crumbs: list[UnitPlace]
    forms: list[ReportForm]


def find_roll_up(request, campaign, form, period, unit):
    """Find what the address of a roll-up names; 404 where nobody at the unit or below it owes the form."""
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place, crumbs, forms = find_total(request, period, unit)
    if form not in forms:
        raise Http404
    return Found(form, period, place, crumbs, forms)


def find_total(request, period, unit):
    """Return the place of a unit in a period, the path to it, and the forms that it or one below it owes.

    404 for whoever does not read below the unit, unless it has none below it then; where it does not count in the
    period; where nobody there owes anything.
    """
    place = find_place(request, period, unit)
    crumbs = crumbs_of(request.user, place)
    if not crumbs and not place.children.counted_in(period).exists():
        crumbs = [place]
    forms = forms_below(place, period)
    if not crumbs or place_held([place], period.ends_on) is None or not forms:
        raise Http404
    return place, crumbs, forms


def chosen(request):
    """Return the basis and the measure that the address asks for; 404 for one that does not exist."""
    basis = request.GET.get("basis", BASES[0])
    measure = request.GET.get("measure", MEASURES[0])
    if basis not in BASES or measure not in MEASURES:
        raise Http404
    return {"basis": basis, "measure": measure}


def first_total(user: User, campaign: Campaign) -> tuple[UnitPlace, ReportingPeriod, list[ReportForm]] | None:
    """The user's highest unit whose total is the user's to read, at its latest period with figures; the forms there.

    The total of a unit with others below it is for those who read below it.
    """
    reading = units_read(user)
    for places in roots(user, campaign):
        period = _latest_period(campaign, places)
        place = place_held(places, period.ends_on) if period else None
        if period is None or place is None:
            continue
        is_read = place.unit_id in reading or not place.children.exists()
        if is_read and (forms := forms_below(place, period)):
            return place, period, forms
    return None


def head_of(place: UnitPlace, period: ReportingPeriod, form: ReportForm) -> UnitPlace:
    """The unit under `place` that stands over all that owe the form: an office above several lines has one a line."""
    return heads_of(place, period, [form])[0] if not place.line and form.line else place


def highest_place(user: User, place: UnitPlace) -> UnitPlace:
    """The highest place on the path to this one below which `user` reads; the place itself where there is none."""
    return next(iter(crumbs_of(user, place)), place)


def roots(user: User, campaign: Campaign) -> list[list[UnitPlace]]:
    """The places of each of the user's units: the units that read below first, the highest first of all."""
    reading = units_read(user)
    by_unit: dict[int, list[UnitPlace]] = {}
    places = campaign.places.filter(unit__memberships__user=user).distinct()
    for place in places.select_related("unit").order_by("position"):
        by_unit.setdefault(place.unit_id, []).append(place)
    return sorted(
        by_unit.values(), key=lambda places: (places[0].unit_id not in reading, len(places[0].path))
    )


def units_read(user: User) -> set[int]:
    """Ids of the units below which `user` reads."""
    return {membership.unit_id for membership in user.memberships.all() if membership.reads_below}


def crumbs_of(user: User, place: UnitPlace) -> list[UnitPlace]:
    """The places from the highest below which `user` reads down to this one; none where there is none."""
    reading = units_read(user)
    above = UnitPlace.objects.select_related("unit").in_bulk(place.ancestor_ids)
    path = [above[pk] for pk in place.ancestor_ids]
    first = next((number for number, one in enumerate(path) if one.unit_id in reading), len(path))
    return path[first:]


def _latest_period(campaign: Campaign, places: Iterable[UnitPlace]) -> ReportingPeriod | None:
    """The latest period with an accepted report at one of the places or below, else the one to report now."""
    accepted = Submission.objects.accepted().filter(period=OuterRef("pk"), unit__places__in=below(places))
    latest = campaign.periods.filter(Exists(accepted)).order_by("ends_on").last()
    return latest or campaign.period_at(timezone.now())


def below(places: Iterable[UnitPlace]) -> UnitPlaceQuerySet:
    """These places of one campaign and all below them."""
    scope = Q(pk__in=[])
    for place in places:
        scope |= Q(path__startswith=place.path)
    return UnitPlace.objects.filter(scope)


def forms_below(place: UnitPlace, period: ReportingPeriod) -> list[ReportForm]:
    """The forms that the unit or one below it owes in the period, in printed order."""
    reporting = below([place]).counted_in(period).filter(reports=True)
    lines_below = reporting.order_by().values_list("line", flat=True).distinct()
    kinds = [UnitPlace(reports=True, line=line) for line in lines_below]
    return [form for form in period.campaign.forms.all() if any(owes(kind, form) for kind in kinds)]


def heads_of(place: UnitPlace, period: ReportingPeriod, forms: Iterable[ReportForm]) -> list[UnitPlace]:
    """For each form the child of `place` under which all stand that owe it; `place` if there are more."""
    reporting = list(below([place]).counted_in(period).filter(reports=True).only("path", "line", "reports"))
    by_path = {child.path: child for child in place.children.select_related("unit")}
    heads = []
    for form in forms:
        stems = {one.path[: len(place.path) + PATH_DIGITS + 1] for one in reporting if owes(one, form)}
        heads.append(by_path.get(stems.pop(), place) if len(stems) == 1 else place)
    return heads


def other_roots(
    user: User, form: ReportForm, period: ReportingPeriod, root: UnitPlace
) -> list[tuple[str, str]]:
    """Names and addresses of the user's other units that read below, and do not stand below this one."""
    reading = units_read(user)
    held = [place_held(places, period.ends_on) for places in roots(user, period.campaign)]
    links = []
    for place in held:
        if place is None or place.unit_id not in reading or place.path.startswith(root.path):
            continue
        if forms := forms_below(place, period):
            shown = form if form in forms else forms[0]
            links.append((place.name, address_of(shown, period, place.unit.code)))
    return links
