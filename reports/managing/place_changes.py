"""Changes of a campaign's tree as coordinators make them: shown before they are confirmed, then made and logged.

`campaigns.places` says what a change is and when the tree refuses it. Here stands what it does to reports: what
it would take out of totals without anyone's knowing is refused, and `preview` adds everything up as it would be.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from campaigns import places
from campaigns.models import Campaign, Indicator, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from campaigns.places import PlaceError
from campaigns.registry import CORRECTED_BEFORE_REPORTS, Plan
from chunfeng.accounts.models import User
from chunfeng.accounts.roles import campaigns_led_by
from reports.managing.changes import ChangeError, note, reason_of
from reports.models import CampaignEvent, Edition, SignOff, Submission
from reports.rollup import Coverage, total_of
from reports.tasks import owes

_Kind = CampaignEvent.Kind
_DAY = timedelta(days=1)
CLOSED = "活动已关闭，单位不再变动；如确需变动，请先重新开放活动。"


@dataclass(frozen=True)
class PlaceChange:
    """A change that has not been made yet.

    first_day: periods that end before it stay as they are. above: ids of the places whose totals may change,
    with those above them. lines: those of the units that report there. moves_figures: False where only names
    change. subject, old, new: for the log.
    """

    campaign: Campaign
    kind: CampaignEvent.Kind
    subject: str
    old: str
    new: str
    first_day: date
    above: tuple[int, ...]
    lines: tuple[str, ...]
    moves_figures: bool
    perform: Callable[[], UnitPlace]


@dataclass(frozen=True)
class Total:
    coverage: Coverage
    values: dict[int, Decimal | None]


@dataclass(frozen=True)
class Difference:
    """The accepted cumulative total of one unit, before and after; `name` is the unit's short name."""

    name: str
    before: Total
    after: Total


@dataclass(frozen=True)
class FormAtPeriod:
    """One form at one period: what becomes of the totals of all units concerned, from the nearest to the root."""

    form: ReportForm
    period: ReportingPeriod
    differences: tuple[Difference, ...]

    @property
    def changed_columns(self) -> list[Indicator]:
        return [
            column
            for column in self.form.columns
            if any(
                one.before.values[column.number] != one.after.values[column.number]
                for one in self.differences
            )
        ]


@dataclass(frozen=True)
class Preview:
    """What a change would do. changed, unchanged: periods, as far as totals can be added up today.

    shown: the current period, the next one and the first that changes, every form of each. published: the latest
    editions of the units concerned in the periods that change; they stay as they are.
    """

    change: PlaceChange
    changed: tuple[ReportingPeriod, ...]
    published: tuple[Edition, ...]
    unchanged: tuple[ReportingPeriod, ...]
    shown: tuple[FormAtPeriod, ...]


# --- the changes ----------------------------------------------------------------------------------


def closing(place: UnitPlace, on: date, after_close: str) -> PlaceChange:
    def perform() -> UnitPlace:
        if after_close == UnitPlace.AfterClose.STOP:
            _refuse_lost_reports(place, on)
        return places.close_place(place, on, after_close)

    new = f"{_said(on)}停用，{_after(after_close)}"
    stops = after_close == UnitPlace.AfterClose.STOP
    return _change(place, _Kind.PLACE_CLOSED, on + _DAY, perform, new=new, moves_figures=stops)


def merging(place: UnitPlace, into: UnitPlace, on: date, after_close: str) -> PlaceChange:
    def perform() -> UnitPlace:
        if after_close == UnitPlace.AfterClose.STOP:
            _refuse_lost_reports(place, on)
        return places.merge(place, into, on, after_close)

    new = f"{_said(on)}并入{into.name}（{into.unit.code}），{_after(after_close)}"
    stops = after_close == UnitPlace.AfterClose.STOP
    return _change(place, _Kind.PLACE_MERGED, on + _DAY, perform, new=new, moves_figures=stops)


def reopening(place: UnitPlace) -> PlaceChange:
    old = f"{_said(place.closes)}停用，{_after(place.after_close)}" if place.closes else ""
    return _change(
        place,
        _Kind.PLACE_REOPENED,
        (place.closes or place.campaign.starts) + _DAY,
        lambda: places.reopen_place(place),
        old=old,
        new="未停用",
        moves_figures=place.after_close == UnitPlace.AfterClose.STOP,
    )


def moving(place: UnitPlace, new_parent: UnitPlace, on: date) -> PlaceChange:
    old = f"上级：{place.parent.name}" if place.parent else ""
    new = f"{_said(on)}起，上级：{new_parent.name}"
    return _change(
        place,
        _Kind.PLACE_MOVED,
        on,
        lambda: places.move_unit(place, new_parent, on),
        old=old,
        new=new,
        also_above=new_parent,
    )


def renaming(place: UnitPlace, name: str, short: str, on: date | None) -> PlaceChange:
    since = f"{_said(on)}起" if on else "更正"
    return _change(
        place,
        _Kind.PLACE_RENAMED,
        on or place.campaign.starts,
        lambda: places.rename(place, name, short, on=on),
        old=f"{place.name}（{place.short}）",
        new=f"{since}：{name.strip()}（{short.strip()}）",
        moves_figures=False,
    )


def opening(
    campaign: Campaign,
    parent: UnitPlace,
    on: date,
    *,
    code: str,
    name: str,
    short: str,
    level: str,
    line: str,
    reports: bool,
    by: User,
) -> PlaceChange:
    """A new place below `parent`; an office that is there already must be of a campaign that `by` leads."""
    return PlaceChange(
        campaign=campaign,
        kind=_Kind.PLACE_OPENED,
        subject=f"{name.strip()}（{code.strip()}）",
        old="",
        new=f"{_said(on)}启用，上级：{parent.name}，{'填报' if reports else '不填报'}本级数据",
        first_day=on,
        above=tuple(parent.ancestor_ids),
        lines=(line,) if reports else (),
        moves_figures=True,
        perform=lambda: places.open_place(
            campaign,
            parent,
            on,
            code=code,
            name=name,
            short=short,
            level=level,
            line=line,
            reports=reports,
            within=campaigns_led_by(by),
        ),
    )


def make(change: PlaceChange, *, by: User, reason: str) -> UnitPlace:
    """Make a change and log it. Raises PlaceError or ChangeError; nothing has been changed then."""
    why = reason_of(reason)
    with transaction.atomic():
        _refuse_closed(change.campaign)
        _refuse_signed_off(change, takes_turns=True)
        place = change.perform()
        note(change.campaign, change.kind, change.subject, by=by, reason=why, old=change.old, new=change.new)
    return place


def preview(change: PlaceChange, now: datetime) -> Preview:
    """Make the change, add up, and take it back. Raises PlaceError or ChangeError where it would be refused."""
    periods = _periods(change, now)
    forms = [
        form
        for form in change.campaign.forms.all()
        if any(owes(UnitPlace(reports=True, line=line), form) for line in change.lines)
    ]
    units = _units_above(change.above)
    current = change.campaign.period_at(now)
    # Earlier periods stay as they are: added up only where they are shown, and not while others wait.
    touched = [period for period in periods if period.ends_on >= change.first_day]
    before = {
        period: _totals(forms, period, units)
        for period in periods
        if period in touched or period in _shown(periods, (), current)
    }
    with transaction.atomic():
        _refuse_closed(change.campaign)
        _refuse_signed_off(change, takes_turns=False)
        change.perform()
        after = before | {period: _totals(forms, period, units) for period in touched}
        transaction.set_rollback(True)
    changed = [period for period in touched if before[period] != after[period]]
    return Preview(
        change=change,
        changed=tuple(changed),
        published=tuple(_published(changed, units)),
        unchanged=tuple(period for period in periods if period not in changed),
        shown=tuple(
            FormAtPeriod(
                form,
                period,
                tuple(
                    Difference(name, before[period][form.pk, unit.pk], after[period][form.pk, unit.pk])
                    for unit, name in units
                ),
            )
            for period in _shown(periods, changed, current)
            for form in forms
        ),
    )


# --- what it does to totals -----------------------------------------------------------------------


def _totals(
    forms: Iterable[ReportForm], period: ReportingPeriod, units: Iterable[tuple[ReportingUnit, str]]
) -> dict[tuple[int, int], Total]:
    """Add up every form for every unit, by their ids."""
    listed = list(units)
    totals = {}
    for form in forms:
        for unit, _ in listed:
            found = total_of(form, period, unit)
            totals[form.pk, unit.pk] = Total(found.coverage, found.total)
    return totals


def _periods(change: PlaceChange, now: datetime) -> list[ReportingPeriod]:
    """The periods that have begun, the next one, and all up to the first that the change concerns."""
    periods = list(change.campaign.periods.order_by("ends_on"))
    today = now.astimezone(change.campaign.zone).date()
    first = next((one.starts_on for one in periods if one.ends_on >= change.first_day), today)
    begun = [one for one in periods if one.starts_on <= max(today, first)]
    return periods[: len(begun) + 1]


def _shown(
    periods: Sequence[ReportingPeriod], changed: Sequence[ReportingPeriod], current: ReportingPeriod | None
) -> list[ReportingPeriod]:
    following = [one for one in periods if current and one.ends_on > current.ends_on]
    wanted = [*([current] if current else []), *following[:1], *changed[:1]]
    return [period for period in periods if period in wanted]


def _published(
    periods: Iterable[ReportingPeriod], units: Iterable[tuple[ReportingUnit, str]]
) -> Iterable[Edition]:
    """The latest issue of each unit's edition in these periods."""
    editions = Edition.objects.filter(period__in=periods, unit__in=[unit for unit, _ in units])
    rows = editions.defer("content", "workbook").select_related("unit").order_by("period__ends_on", "issue")
    return {(one.period_id, one.unit_id): one for one in rows}.values()


def _units_above(above: Iterable[int]) -> list[tuple[ReportingUnit, str]]:
    """The units at these places with their short names, from the nearest to the root."""
    listed = UnitPlace.objects.filter(pk__in=above).select_related("unit")
    ordered = sorted(listed, key=lambda place: (-len(place.path), place.position))
    return list({place.unit_id: (place.unit, place.short) for place in ordered}.values())


# --- what is refused ------------------------------------------------------------------------------


def refused_rows(planned: Plan) -> dict[int, str]:
    """Say by row what a plan for the registry would change in a closed campaign or in a total that was signed.

    Takes the turns of those who sign, up to the end of the transaction. Names may be corrected at any time.
    """
    campaign = planned.campaign
    rows = {
        number: (unit, place)
        for number, (unit, place) in enumerate(zip(planned.units, planned.places, strict=True))
        if place is None
        or any(getattr(unit, name) != getattr(place, name) for name in CORRECTED_BEFORE_REPORTS)
    }
    if planned.mistakes or not rows:
        return {}
    if _is_closed(campaign):
        return dict.fromkeys(rows, CLOSED)
    above = _above_rows(planned, rows)
    signed = _signed(campaign, {pk for places in above.values() for pk in places})
    refused = {}
    for number, (unit, _) in rows.items():
        first_day = unit.opens or campaign.starts
        for one, pk in signed:
            if pk in above[number] and one.period.ends_on >= first_day:
                refused[number] = f"{_said_signed(one)}请先重新打开扎口。"
    return refused


def _above_rows(planned: Plan, rows: Iterable[int]) -> dict[int, set[int]]:
    """The ids of the places whose totals a row of a plan may change: of a new one's parent and all above it."""
    known: dict[str, set[int]] = {}
    for place in planned.campaign.places.select_related("unit"):
        known.setdefault(place.unit.code, set()).update(place.ancestor_ids)
    parents = {unit.code: unit.parent for unit in planned.units}
    found = {}
    for number in rows:
        code = planned.units[number].code
        while code not in known and code in parents:
            code = parents[code]
        found[number] = known.get(code, set())
    return found


def _is_closed(campaign: Campaign) -> bool:
    return Campaign.objects.filter(pk=campaign.pk, closed_at__isnull=False).exists()


def _refuse_closed(campaign: Campaign) -> None:
    if _is_closed(campaign):
        raise ChangeError(CLOSED)


def _refuse_lost_reports(place: UnitPlace, on: date) -> None:
    """Refuse to stop before a report that has been sent: it would drop out of totals that have shown it."""
    sent = Submission.objects.sent().filter(unit=place.unit_id, period__campaign=place.campaign_id)
    last = sent.filter(ends_on__gt=on).order_by("ends_on").last()
    if last is not None:
        raise PlaceError(
            f"{place.name}已报送截至{_said(last.ends_on)}的报表，停止计入会使它从汇总数中消失；"
            f"请把停用日期定在{_said(last.ends_on)}或以后，或选择“继续计入”。"
        )


def _refuse_signed_off(change: PlaceChange, *, takes_turns: bool) -> None:
    """Refuse what would change a consolidated report that a unit has signed (扎口上报)."""
    if not change.moves_figures:
        return
    signed = [
        one
        for one, _ in _signed(change.campaign, change.above, takes_turns=takes_turns)
        if one.period.ends_on >= change.first_day
    ]
    if signed:
        last = signed[-1]
        raise PlaceError(
            f"{_said_signed(last)}请把日期定在{_said(last.period.ends_on)}之后，或先重新打开扎口。"
        )


def _signed(
    campaign: Campaign, above: Iterable[int], *, takes_turns: bool = True
) -> list[tuple[SignOff, int]]:
    """The sign-offs that hold totals of these places, each with the id of its place; the latest period last.

    takes_turns: with those who sign, up to the end of the transaction (see `reports.lifecycle`); whoever only
    looks holds nobody up.
    """
    places = UnitPlace.objects.filter(pk__in=list(above)).order_by("pk")
    if takes_turns:
        places = places.select_for_update(no_key=True)
    by_unit: dict[int, list[int]] = {}
    for place in places:
        by_unit.setdefault(place.unit_id, []).append(place.pk)
    signed = SignOff.objects.locking().filter(unit__in=by_unit, period__campaign=campaign)
    listed = signed.select_related("unit", "period").order_by("period__ends_on")
    return [(one, pk) for one in listed for pk in by_unit[one.unit_id]]


def _said_signed(signed: SignOff) -> str:
    return f"{signed.unit.name}的{signed.period}已扎口上报，汇总数不能再变；"


# --- words ----------------------------------------------------------------------------------------


def _change(
    place: UnitPlace,
    kind: CampaignEvent.Kind,
    first_day: date,
    perform: Callable[[], UnitPlace],
    *,
    old: str = "",
    new: str = "",
    also_above: UnitPlace | None = None,
    moves_figures: bool = True,
) -> PlaceChange:
    above = place.ancestor_ids[:-1] or place.ancestor_ids
    reporting = UnitPlace.objects.filter(path__startswith=place.path, reports=True)
    return PlaceChange(
        campaign=place.campaign,
        kind=kind,
        subject=f"{place.name}（{place.unit.code}）",
        old=old,
        new=new,
        first_day=first_day,
        above=tuple(dict.fromkeys([*above, *(also_above.ancestor_ids if also_above else ())])),
        lines=tuple(reporting.order_by().values_list("line", flat=True).distinct()),
        moves_figures=moves_figures,
        perform=perform,
    )


def _after(after_close: str) -> str:
    return dict(UnitPlace.AfterClose.choices).get(after_close, "")


def _said(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
