"""Sign-off (扎口上报): a unit states that its consolidated report of a period, all forms together, is final.

signed → accepted above, or reopened there with a reason → signed again. Each move is one transaction and leaves
one `SignOffEvent`; it is conditional on what its caller saw. A sign-off changes nothing that a roll-up counts. It
locks the reports of the unit and of those below it for that period: `reports.lifecycle` refuses the moves and
says how the two take turns. Who may make a move is told by `reports.permissions`; `by` None: an import acts.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.models import Exemption, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from chunfeng.accounts.models import User
from reports.lifecycle import IMPORT_NAME, LONGEST_COMMENT, TransitionError, moment, storable
from reports.models import Extension, SignOff, SignOffEvent, Submission, due_for
from reports.numbers import format_figure
from reports.rollup import RollUp, as_json, roll_up
from reports.tasks import owes, place_held

_Status = SignOff.Status
_Move = SignOffEvent.Move


@dataclass(frozen=True)
class Absent:
    """A unit that has not sent all it owes. forms: those without a submitted or accepted report."""

    place: UnitPlace
    name: str
    forms: tuple[ReportForm, ...]


@dataclass(frozen=True)
class Waiting:
    """A report of the period that is submitted and not decided: it does not count in the official total."""

    place: UnitPlace
    name: str
    submission: Submission


@dataclass(frozen=True)
class Standing:
    """Who has reported of a place and those below it in a period.

    forms: all that any of them fills. expected: how many units owe a report of this very period; an exempted
    unit or a closed one owes none, though its earlier figures may count. missing and waiting stand in registry
    order. due_at: up to when the unit itself is on time, the period's or its own extension if that is later.
    """

    place: UnitPlace
    forms: tuple[ReportForm, ...]
    expected: int
    missing: tuple[Absent, ...]
    waiting: tuple[Waiting, ...]
    due_at: datetime


@dataclass(frozen=True)
class Consolidated:
    """What is signed: the official cumulative totals of all forms, who is missing, what waits."""

    period: ReportingPeriod
    standing: Standing
    rollups: tuple[RollUp, ...]

    @cached_property
    def snapshot(self) -> dict[str, Any]:
        """Plain values: {"campaign", "unit", "period", "forms": [{"form", "version", "total": {"1": "120",
        "2": None}, "coverage"}], "missing": [{"unit", "name", "forms": [code]}], "waiting": the same}.
        """
        waiting: dict[str, dict[str, Any]] = {}
        for one in self.standing.waiting:
            unit = one.place.unit.code
            entry = waiting.setdefault(unit, {"unit": unit, "name": one.name, "forms": []})
            entry["forms"].append(one.submission.report_form.code)
        forms = []
        for form, rollup in zip(self.standing.forms, self.rollups, strict=True):
            printed = as_json(rollup)
            totals = {"total": printed["total"], "coverage": printed["coverage"]}
            forms.append({"form": form.code, "version": form.version, **totals})
        return {
            "campaign": self.period.campaign.code,
            "unit": self.standing.place.unit.code,
            "period": self.period.ends_on.isoformat(),
            "forms": forms,
            "missing": [
                {"unit": one.place.unit.code, "name": one.name, "forms": [form.code for form in one.forms]}
                for one in self.standing.missing
            ],
            "waiting": list(waiting.values()),
        }

    @cached_property
    def checksum(self) -> str:
        return digest(self.snapshot)


def digest(kept: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a snapshot as 64 hexadecimal digits; pages print the first 16.

    It is taken over a text in UTF-8, one item a line, lines parted by a single LF, none after the last: campaign
    code, unit code, the period's end (2024-02-23); for each form in printed order `form=code version`, then its
    columns by rising number as `number=total` (`17=88.50`, nothing after the sign where no unit reported it);
    then for each unit `missing=code form form`, and for each `waiting=code form form`.
    """
    lines = [kept["campaign"], kept["unit"], kept["period"]]
    for form in kept["forms"]:
        lines.append(f"form={form['form']} {form['version']}")
        totals = sorted(form["total"].items(), key=lambda item: int(item[0]))
        lines += [f"{number}={total or ''}" for number, total in totals]
    for word in ("missing", "waiting"):
        lines += [f"{word}={' '.join([one['unit'], *one['forms']])}" for one in kept[word]]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def signers(places: Iterable[UnitPlace], period: ReportingPeriod) -> list[UnitPlace]:
    """Of places that sign off return those that do so in the period, with their units, in registry order."""
    listed = {place.pk for place in places}
    held = [one for one in _held(UnitPlace.objects.filter(pk__in=listed), period) if one.pk in listed]
    return [
        place
        for place in held
        if place.level == period.campaign.sign_off_by and place.is_open(period.ends_on)
    ]


def standings(places: Iterable[UnitPlace], period: ReportingPeriod) -> dict[int, Standing]:
    """Say for each of these places who has reported in the period, by id: a bounded number of queries."""
    listed = list(places)
    scope = Q(pk__in=[])
    for place in listed:
        scope |= Q(path__startswith=place.path)
    below = UnitPlace.objects.filter(scope, campaign=period.campaign)
    reporting = [place for place in _held(below, period) if place.reports]
    exempted = set(Exemption.objects.filter(period=period).values_list("unit_id", flat=True))
    sent: dict[tuple[int, int], Submission] = {
        (report.unit_id, report.report_form_id): report
        for report in Submission.objects.sent()
        .filter(period=period, unit__in=below.values("unit"))
        .with_due_at()
    }
    extended = dict(Extension.objects.filter(period=period).values_list("unit_id", "due_at"))
    forms = list(period.campaign.forms.all())
    by_id = {form.pk: form for form in forms}
    for report in sent.values():
        report.report_form, report.period = by_id[report.report_form_id], period

    inside_of: dict[int, list[UnitPlace]] = defaultdict(list)
    above = set()
    for place in reporting:
        *higher, own = place.ancestor_ids
        above.update(higher)
        for pk in (*higher, own):
            inside_of[pk].append(place)

    def standing(root: UnitPlace) -> Standing:
        inside = inside_of[root.pk]
        owed = {place.pk: [form for form in forms if owes(place, form)] for place in inside}
        filled = {form.pk for of_place in owed.values() for form in of_place}
        expected, missing, waiting = 0, [], []
        for place in inside:
            name = f"{place.short}本级" if place.pk in above else place.short
            found = [sent.get((place.unit_id, form.pk)) for form in owed[place.pk]]
            waiting += [
                Waiting(place, name, report) for report in found if report and report.status == "submitted"
            ]
            is_exempt = not exempted.isdisjoint({place.unit_id, None})
            if not owed[place.pk] or is_exempt or not place.is_open(period.ends_on):
                continue
            expected += 1
            lacking = [form for form, report in zip(owed[place.pk], found, strict=True) if report is None]
            if lacking:
                missing.append(Absent(place, name, tuple(lacking)))
        shown = tuple(form for form in forms if form.pk in filled)
        due_at = due_for(period, extended.get(root.unit_id))
        return Standing(root, shown, expected, tuple(missing), tuple(waiting), due_at)

    return {place.pk: standing(place) for place in listed}


def consolidated(place: UnitPlace, period: ReportingPeriod) -> Consolidated:
    """Read what the unit at `place` would sign now."""
    standing = standings([place], period)[place.pk]
    rollups = tuple(roll_up(form, period, place.unit) for form in standing.forms)
    return Consolidated(period, standing, rollups)


def changes_since(sign_off: SignOff, found: Consolidated) -> list[str]:
    """Say which totals are no longer as they were signed: 附件1第2列 30 → 32."""
    signed = {form["form"]: form["total"] for form in sign_off.snapshot["forms"]}
    changes = []
    for form, rollup in zip(found.standing.forms, found.rollups, strict=True):
        for indicator in form.columns:
            was = signed.get(form.code, {}).get(str(indicator.number))
            now = rollup.total[indicator.number]
            if was != (None if now is None else f"{now:f}"):
                then = format_figure(None if was is None else Decimal(was), indicator.decimals)
                figures = f"{then} → {format_figure(now, indicator.decimals)}"
                changes.append(f"{form.annex or form.title}第{indicator.number}列 {figures}")
    return changes


def sign(
    unit: ReportingUnit,
    period: ReportingPeriod,
    *,
    by: User | None,
    missing: Iterable[str],
    seen: str | None = None,
    at: datetime | None = None,
) -> SignOff:
    """Sign the consolidated report of `unit` off, the first time or after it was reopened.

    missing: codes of the units confirmed as not having reported; they must be the units that are missing. seen:
    checksum of what was read (`Consolidated.checksum`); None = not asked. at: for imports alone, here and below.
    Raises TransitionError.
    """
    # The click counts, not the wait for a colleague's transaction.
    signed_at = at or timezone.now()
    with transaction.atomic():
        place = _signing_place(unit, period)
        # Moves of the reports below take turns here: see reports.lifecycle.
        list(UnitPlace.objects.filter(pk=place.pk).select_for_update(no_key=True))
        current = SignOff.objects.filter(unit=unit, period=period).select_related("period__campaign").first()
        if current is not None and current.is_locking:
            when = moment(current.signed_at, current)
            raise TransitionError(f"本期已于{when}扎口上报（扎口编号 {current.receipt}），无需重复扎口。")
        found = consolidated(place, period)
        if problem := _difference(found.standing, set(missing)):
            raise TransitionError(problem)
        if seen is not None and seen != found.checksum:
            raise TransitionError("本期汇总数或待审报表在您核对后有变化，请重新核对后再扎口上报。")
        columns = {
            "status": _Status.SIGNED,
            "signed_at": signed_at,
            "signed_by": by,
            "receipt": _receipt(unit, period, current),
            "accepted_at": None,
            "accepted_by": None,
            "missing": found.snapshot["missing"],
            "snapshot": found.snapshot,
            "checksum": found.checksum,
        }
        if current is None:
            current = SignOff.objects.create(unit=unit, period=period, first_signed_at=signed_at, **columns)
        else:
            reopened = SignOff.objects.filter(pk=current.pk, status=_Status.REOPENED, receipt=current.receipt)
            if not reopened.update(**columns):
                raise TransitionError("扎口状态已变化，请刷新后再操作。")
            current.refresh_from_db()
        _record(current, _Move.SIGNED, by, at=signed_at)
    return current


def accept_sign_off(
    sign_off: SignOff, *, by: User | None, seen: str | None = None, at: datetime | None = None
) -> None:
    """Accept a sign-off that was made below. seen: the receipt that was read; None = the instance's.

    Raises TransitionError, also for whoever signed.
    """
    accepted_at = at or timezone.now()
    if by is not None and by.pk == sign_off.signed_by_id:
        raise TransitionError("本期由您扎口上报，不能由您通过，请由其他审核员处理。")
    with transaction.atomic():
        columns = {"status": _Status.ACCEPTED, "accepted_at": accepted_at, "accepted_by": by}
        _decide(sign_off, seen, (_Status.SIGNED,), columns)
        _record(sign_off, _Move.ACCEPTED, by, at=accepted_at)


def reopen_sign_off(
    sign_off: SignOff,
    *,
    by: User | None,
    comment: str,
    seen: str | None = None,
    at: datetime | None = None,
) -> None:
    """Open the period again below the unit, with the reason; whether it was accepted or not. Raises TransitionError.

    seen: as for `accept_sign_off`. Reports can be decided again, and the unit signs again.
    """
    reason = storable(comment).strip()
    if not any(character.isalnum() for character in reason):
        raise TransitionError("请写明重新打开的原因，例如“睢宁县漏报附件1，请补报后重新扎口”。")
    if len(reason) > LONGEST_COMMENT:
        raise TransitionError(f"原因最多 {LONGEST_COMMENT} 个字，现在有 {len(reason)} 个，请缩短。")
    with transaction.atomic():
        columns = {
            "status": _Status.REOPENED,
            "accepted_at": None,
            "accepted_by": None,
            "reopened_reason": reason,
        }
        _decide(sign_off, seen, SignOff.LOCKING, columns)
        _record(sign_off, _Move.REOPENED, by, at=at, comment=reason)


def _held(places: QuerySet[UnitPlace], period: ReportingPeriod) -> list[UnitPlace]:
    """Of `places` those that their units hold in the period, with their units, in registry order."""
    of_unit: dict[int, list[UnitPlace]] = defaultdict(list)
    rows = UnitPlace.objects.filter(campaign=period.campaign, unit__in=places.values("unit"))
    for place in rows.select_related("unit"):
        of_unit[place.unit_id].append(place)
    held = [place_held(of_one, period.ends_on) for of_one in of_unit.values()]
    return sorted((place for place in held if place), key=lambda place: place.position)


def _signing_place(unit: ReportingUnit, period: ReportingPeriod) -> UnitPlace:
    if not period.campaign.sign_off_by:
        raise TransitionError("本次活动不要求扎口上报。")
    places = UnitPlace.objects.filter(campaign=period.campaign, unit=unit)
    found = signers(places, period)
    if not found:
        raise TransitionError(f"{unit.name}在本期不是扎口上报的单位。")
    if period.campaign.today() < period.starts_on:
        opens = f"{period.starts_on.month}月{period.starts_on.day}日"
        raise TransitionError(f"第{period.number}期从{opens}起填报，现在还不能扎口上报。")
    return found[0]


def _difference(standing: Standing, confirmed: set[str]) -> str | None:
    """Say how the units confirmed as missing differ from those that are; None where they agree."""
    missing = {one.place.unit.code: one.name for one in standing.missing}
    # Names as typed into a request are not printed.
    known = ReportingUnit.objects.filter(
        code__in=[code for code in confirmed - missing.keys() if "\0" not in code]
    )
    parts = []
    if confirmed - missing.keys():
        names = "、".join(unit.name for unit in known)
        parts.append(f"{names or '所选单位'}已不是未报单位")
    if lacking := [name for code, name in missing.items() if code not in confirmed]:
        parts.append(f"{'、'.join(lacking)}没有报齐，未经确认")
    return f"确认的未报单位与实际不一致：{'；'.join(parts)}。请核对后重新确认。" if parts else None


def _receipt(unit: ReportingUnit, period: ReportingPeriod, before: SignOff | None) -> str:
    """The number of a signing: JIANGSU-2024-05-320300-1."""
    count = 1 + (before.events.filter(move=_Move.SIGNED).count() if before else 0)
    which = f"{period.campaign.code}-{period.number:02d}-{unit.code}".upper()
    longest = SignOff._meta.get_field("receipt").max_length or 0
    return f"{which[: longest - len(str(count)) - 1]}-{count}"


def _decide(
    sign_off: SignOff, seen: str | None, statuses: Iterable[SignOff.Status], columns: dict[str, Any]
) -> None:
    """Change a sign-off that still is the one that was seen, or say what became of it."""
    receipt = sign_off.receipt if seen is None else seen
    moved = SignOff.objects.filter(pk=sign_off.pk, status__in=list(statuses), receipt=receipt)
    if not moved.update(**columns):
        raise TransitionError(_why_not_decided(sign_off))
    sign_off.refresh_from_db(fields=["receipt", "signed_at", "snapshot", "checksum", "missing", *columns])


def _why_not_decided(sign_off: SignOff) -> str:
    last = sign_off.events.last()
    if last is None:
        return "扎口状态已变化，请刷新后再操作。"
    did = {_Move.SIGNED: "重新扎口上报", _Move.ACCEPTED: "通过", _Move.REOPENED: "重新打开"}[_Move(last.move)]
    return f"该扎口已由{last.actor_name}于{moment(last.at, sign_off)}{did}，请刷新后再操作。"


def _record(
    sign_off: SignOff,
    move: SignOffEvent.Move,
    by: User | None,
    *,
    at: datetime | None = None,
    comment: str = "",
) -> None:
    sign_off.events.create(
        move=move,
        actor=by,
        actor_name=str(by)[:50] if by else IMPORT_NAME,
        at=at or timezone.now(),
        comment=comment,
        snapshot=sign_off.snapshot,
        receipt=sign_off.receipt,
        checksum=sign_off.checksum,
    )
