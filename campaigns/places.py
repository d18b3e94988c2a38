"""Changes of a campaign's tree while it runs: a place is closed and another opened, none is rewritten.

A place answers for its days, from `opens` to `closes`, both included. What changes from a day on closes the
place on the day before and opens another, with all below it; so every period that ends before that day adds up
as before. Each function is one transaction over rows read anew, takes its turn at the campaign's row, and
raises PlaceError with a sentence where the tree would not stay one; nothing has been changed then.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet

from campaigns.definition import schema
from campaigns.definition.kinds import ReadingError
from campaigns.definition.meaning import MAX_DEPTH
from campaigns.models import Campaign, ReportingUnit, UnitPlace
from campaigns.models.units import Level

BATCH = 500
NAMES_SHOWN = 3
STOP, KEEP = UnitPlace.AfterClose.STOP, UnitPlace.AfterClose.KEEP

_RANKS = {level: rank for rank, level in enumerate(Level.values) if level != Level.OFFICE}
_DAY = timedelta(days=1)


class PlaceError(ValueError):
    """A change of the tree that is refused; the message is a sentence for the user."""


@transaction.atomic
def close_place(place: UnitPlace, on: date, after_close: str) -> UnitPlace:
    """Close a place; `on` is its last day. Nothing below it may be open any longer.

    after_close: stop (it counts only in periods that end on or before `on`: a successor's figures contain its
    own) or keep (its figures still count). Periods that end on or before `on` stay as they were.
    """
    campaign, place = _locked(place)
    if after_close not in (STOP, KEEP):
        raise PlaceError("请选择停用后原有数据怎样处理：停止计入，或继续计入。")
    if place.parent_id is None:
        raise PlaceError(f"{place.name}是最上级单位，不能停用；活动结束请关闭活动。")
    if place.closes is not None:
        raise PlaceError(f"{place.name}已定于{_said(place.closes)}停用，请先撤销停用。")
    first, last = place.opens or campaign.starts, _last_day(campaign)
    if not first <= on <= last:
        raise PlaceError(f"停用日期应在{_said(first)}至{_said(last)}之间，现为{_said(on)}，请改正。")
    staying = _below(place).filter(Q(closes__isnull=True) | Q(closes__gt=on)).order_by("position")
    if names := _names(staying):
        raise PlaceError(f"{place.name}下面还有未停用的单位：{names}。请先把它们停用或调整到别处。")
    place.closes, place.after_close = on, after_close
    place.save(update_fields=["closes", "after_close"])
    return place


@transaction.atomic
def merge(place: UnitPlace, into: UnitPlace, on: date, after_close: str) -> UnitPlace:
    """Close a place whose work another unit carries on from the day after `on`: see `close_place`."""
    campaign, place = _locked(place)
    into = _read(into)
    if into.campaign_id != campaign.pk or into.unit_id == place.unit_id:
        raise PlaceError("请另选一个本次活动的单位作为接续单位。")
    if not into.is_open(on + _DAY):
        raise PlaceError(f"接续单位{into.name}在{_said(on + _DAY)}尚未启用或已经停用，请另选单位或日期。")
    if place.line and into.line and place.line != into.line:
        raise PlaceError(f"接续单位{into.name}属于另一条线，各条线的数据不能相加，请另选单位。")
    if after_close == STOP and place.reports and not into.reports:
        raise PlaceError(f"{into.name}不填报本级数据，不会包含{place.name}的数据，请改选“继续计入”。")
    return close_place(place, on, after_close)


@transaction.atomic
def reopen_place(place: UnitPlace) -> UnitPlace:
    """Take a closing back, as if it had not been. Periods that end on or before its day stay as they were."""
    _, place = _locked(place)
    if place.closes is None:
        raise PlaceError(f"{place.name}没有停用，不用撤销。")
    later = UnitPlace.objects.filter(campaign=place.campaign_id, unit=place.unit_id, opens__gt=place.closes)
    if not place.after_close or later.exists():
        raise PlaceError(f"{place.name}此后已调整到新的位置，不能撤销；请调整它现在的位置。")
    if place.parent is not None and place.parent.closes is not None:
        raise PlaceError(
            f"上级单位{place.parent.name}的这个位置已停用，不能撤销；要恢复填报，请按原代码新设单位。"
        )
    place.closes, place.after_close = None, ""
    place.save(update_fields=["closes", "after_close"])
    return place


@transaction.atomic
def move_unit(place: UnitPlace, new_parent: UnitPlace, on: date) -> UnitPlace:
    """Let a unit stand under `new_parent` from `on`, with all below it. Return the unit's new place.

    A place below that was closed with its figures kept goes along for that day alone: what it did still counts
    in its city's total, wherever the city stands. Periods that end before `on` stay as they were.
    """
    campaign, place = _locked(place)
    new_parent = _read(new_parent)
    if place.parent_id is None:
        raise PlaceError(f"{place.name}是最上级单位，不能调整上级。")
    if new_parent.pk == place.parent_id:
        raise PlaceError(f"{place.name}的上级已经是{new_parent.name}，请另选上级。")
    if new_parent.path.startswith(place.path):
        raise PlaceError(f"{new_parent.name}在{place.name}下面，不能作它的上级，请另选上级。")
    _refuse_day(campaign, place, on)
    _refuse_parent(campaign, new_parent, on, level=place.level, line=place.line, closes=place.closes)
    deepest = max(map(_depth, [place, *_below(place)]))
    if deepest - _depth(place) + _depth(new_parent) + 1 > MAX_DEPTH:
        raise PlaceError(f"调整后上下级会超过 {MAX_DEPTH} 层，请另选上级。")
    return _relocate(campaign, place, new_parent, on)


@transaction.atomic
def rename(place: UnitPlace, name: str, short: str, *, on: date | None) -> UnitPlace:
    """Give a unit another name: from `on` (a new place, with all below it), or for all time (on None).

    Figures stay where they are. With `on` earlier workbooks keep the old name; without, a misprint is put right
    at every place of the unit in the campaign that bears it.
    """
    campaign, place = _locked(place)
    name, short = _text("name", "名称", name), _text("short", "简称", short)
    if (name, short) == (place.name, place.short):
        raise PlaceError("名称和简称都没有变，不用更名。")
    former = place.name
    if on is None:
        _put_right(campaign, place, name=name, short=short)
        place = _read(place)
    else:
        _refuse_day(campaign, place, on)
        place = _relocate(campaign, place, place.parent, on, name=name, short=short)
    name_office(place, former)
    return place


def _put_right(campaign: Campaign, place: UnitPlace, **texts: str) -> None:
    """Change each text at all places of the unit that bear the same misprint as `place`."""
    for one in UnitPlace.objects.filter(campaign=campaign, unit=place.unit_id):
        changed = {
            column: text
            for column, text in texts.items()
            if getattr(one, column) == getattr(place, column) != text
        }
        for column, text in changed.items():
            setattr(one, column, text)
        if changed:
            one.save(update_fields=list(changed))


def name_office(place: UnitPlace, former: str) -> None:
    """Let an office whose place was called `former` bear its new name, as a reload does: its latest one.

    Unless another campaign knows the office by the name that it has.
    """
    elsewhere = ~Q(campaign=place.campaign_id)
    later = Q(opens__gt=place.opens) if place.opens else Q(opens__isnull=False)
    if place.unit.name != former or place.name == former:
        return
    if UnitPlace.objects.filter(elsewhere | later, unit=place.unit_id).exists():
        return
    place.unit.name = place.name
    place.unit.save(update_fields=["name"])


@transaction.atomic
def open_place(
    campaign: Campaign,
    parent: UnitPlace,
    on: date,
    *,
    code: str,
    name: str,
    short: str,
    level: str,
    line: str = "",
    reports: bool = True,
    within: QuerySet[Campaign] | None = None,
) -> UnitPlace:
    """Open a place for a unit that has none now; the unit is made where its code is new.

    Periods that end before `on` stay as they were. Whoever was closed with kept figures is not opened again:
    the closing is taken back instead, or the figures would count at two places in turn. within: the campaigns
    whose offices may be given a place; None = any office.
    """
    campaign = _lock(campaign)
    parent = _read(parent)
    code, name, short = (
        _text("code", "代码", code),
        _text("name", "名称", name),
        _text("short", "简称", short),
    )
    if level not in Level.values:
        raise PlaceError("请选择单位的级别。")
    last = _last_day(campaign)
    if not campaign.starts <= on <= last:
        raise PlaceError(
            f"启用日期应在{_said(campaign.starts)}至{_said(last)}之间，现为{_said(on)}，请改正。"
        )
    _refuse_parent(campaign, parent, on, level=level, line=line)
    if _depth(parent) + 1 > MAX_DEPTH:
        raise PlaceError(f"上下级会超过 {MAX_DEPTH} 层，请另选上级。")
    unit, made = ReportingUnit.objects.get_or_create(code=code, defaults={"name": name})
    if not made and (refused := of_others([code], within)):
        raise PlaceError(refused[code])
    for earlier in UnitPlace.objects.filter(campaign=campaign, unit=unit):
        if earlier.closes is None or earlier.closes >= on or (earlier.opens and earlier.opens >= on):
            raise PlaceError(f"代码 {code}（{earlier.name}）在{_said(on)}或以后已有位置，请检查代码和日期。")
        if earlier.after_close == KEEP:
            raise PlaceError(f"{earlier.name}已停用，原有数据继续计入；要恢复填报，请撤销停用。")
    place = UnitPlace(
        campaign=campaign,
        unit=unit,
        parent=parent,
        position=_top(campaign) + 1,
        level=level,
        line=line,
        name=name,
        short=short,
        reports=reports,
        opens=on,
    )
    place.save()
    place.path = UnitPlace.path_below(parent, place.pk)
    place.save(update_fields=["path"])
    _renumber(campaign, _after_the_last_below(campaign, parent, [place]))
    place.refresh_from_db(fields=["position"])
    return place


# --- what must hold -------------------------------------------------------------------------------


def of_others(codes: Iterable[str], within: QuerySet[Campaign] | None) -> dict[str, str]:
    """Say by code which offices there are that have no place in `within`; None = every office may be had.

    Whoever leads a campaign looks after the people of all its units: an office of others would bring its people.
    """
    if within is None:
        return {}
    others = ReportingUnit.objects.filter(code__in=codes).exclude(places__campaign__in=within)
    advice = "要加入本活动，请系统管理员办理"
    return {
        code: f"代码 {code} 已是其他活动的单位，{advice}。" for code in others.values_list("code", flat=True)
    }


def _refuse_day(campaign: Campaign, place: UnitPlace, on: date) -> None:
    first, last = (place.opens or campaign.starts) + _DAY, min(place.closes or date.max, _last_day(campaign))
    if first > last:
        raise PlaceError(f"{place.name}已于{_said(last)}停用，不能再调整。")
    if not first <= on <= last:
        raise PlaceError(f"起始日期应在{_said(first)}至{_said(last)}之间，现为{_said(on)}，请改正。")


def _refuse_parent(
    campaign: Campaign, parent: UnitPlace, on: date, *, level: str, line: str, closes: date | None = None
) -> None:
    """Refuse a parent that is not there on all days from `on` to `closes` (None: without end), or does not fit."""
    if parent.campaign_id != campaign.pk:
        raise PlaceError("上级单位不在本次活动的单位名录中，请另选上级。")
    if parent.opens and parent.opens > on:
        raise PlaceError(f"上级单位{parent.name}自{_said(parent.opens)}起才启用，请另选上级或日期。")
    if parent.closes is not None and (closes is None or closes > parent.closes):
        raise PlaceError(f"上级单位{parent.name}于{_said(parent.closes)}停用，请另选上级。")
    if level in _RANKS and parent.level in _RANKS and _RANKS[level] < _RANKS[parent.level]:
        raise PlaceError(f"上级单位{parent.name}的级别低于本单位，请另选上级。")
    if parent.line and line != parent.line:
        raise PlaceError(f"上级单位{parent.name}属于另一条线，各条线的数据不能相加，请另选上级。")


def _text(column: str, label: str, text: str) -> str:
    """Read a text as the definition reads it, so that a dump can be loaded again."""
    if not text.strip():
        raise PlaceError(f"{label}不能为空，请填写。")
    try:
        return schema.Unit.keys()[column].kind.parse(text)  # type: ignore[attr-defined]
    except ReadingError as error:
        raise PlaceError(f"{label}：{error}") from None


def _last_day(campaign: Campaign) -> date:
    """The last day on which a change makes a difference: the end of the last period, or of the campaign."""
    ends = campaign.periods.aggregate(last=Max("ends_on"))["last"]
    return max(campaign.ends, ends or campaign.ends)


def _said(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _names(places: QuerySet[UnitPlace]) -> str:
    names = list(dict.fromkeys(places.values_list("short", flat=True)))
    return "、".join(names[:NAMES_SHOWN]) + (f"等{len(names)}个" if len(names) > NAMES_SHOWN else "")


# --- rows -----------------------------------------------------------------------------------------


def _lock(campaign: Campaign | int) -> Campaign:
    pk = campaign if isinstance(campaign, int) else campaign.pk
    return Campaign.objects.select_for_update(no_key=True).get(pk=pk)


def _locked(place: UnitPlace) -> tuple[Campaign, UnitPlace]:
    """Take the turn at the campaign, then read the place as it stands now."""
    campaign = _lock(place.campaign_id)
    return campaign, _read(place)


def _read(place: UnitPlace) -> UnitPlace:
    found = UnitPlace.objects.select_related("unit", "parent").filter(pk=place.pk).first()
    if found is None:
        raise PlaceError("这个单位位置已经不在名录中，请刷新后再操作。")
    return found


def _below(place: UnitPlace) -> QuerySet[UnitPlace]:
    return UnitPlace.objects.filter(path__startswith=place.path).exclude(pk=place.pk)


def _depth(place: UnitPlace) -> int:
    return len(place.ancestor_ids)


def _relocate(
    campaign: Campaign, place: UnitPlace, parent: UnitPlace | None, on: date, **changed: str
) -> UnitPlace:
    """Close `place` and all below it on the day before `on`, and open them again from `on` under `parent`."""
    listed = sorted([place, *_below(place)], key=lambda one: (_depth(one), one.position))
    kept = [one for one in listed if one.closes and one.closes < on and one.after_close == KEEP]
    since = _opened_since(campaign, kept, on)
    # By the id of each old place: where what hangs below it hangs from `on`.
    stands: dict[int | None, UnitPlace | None] = {}
    opened: list[tuple[UnitPlace, UnitPlace]] = []
    rehung: list[UnitPlace] = []
    for old in listed:
        above = parent if old.pk == place.pk else stands[old.parent_id]
        if old.opens and old.opens >= on:
            old.parent = above
            rehung.append(old)
            stands[old.pk] = old
        elif old.closes is None or old.closes >= on:
            new = _copy(old, above, opens=on, closes=old.closes)
            opened.append((old, new))
            stands[old.pk] = new
        elif old in kept and since.get(old.unit_id, date.min) <= (old.opens or date.min):
            new = _copy(old, above, opens=on, closes=on)
            opened.append((old, new))
            stands[old.pk] = new
        else:
            # Done with before `on`: what hangs below and still counts goes to the next place up.
            stands[old.pk] = above
    moved = stands[place.pk]
    assert moved is not None  # noqa: S101 - the place itself is open on `on`
    for column, value in changed.items():
        setattr(moved, column, value)
    _write(campaign, on, opened, rehung, listed)
    new_places = [new for _, new in opened]
    if changed:
        order = _each_after_its_old(campaign, opened)
    else:
        order = _after_the_last_below(campaign, parent, new_places)
    _renumber(campaign, order)
    moved.refresh_from_db(fields=["position"])
    return moved


def _opened_since(campaign: Campaign, places: Sequence[UnitPlace], on: date) -> dict[int, date]:
    """Return the latest first day up to `on` of the places of these units: a kept place may have been left since."""
    rows = UnitPlace.objects.filter(
        campaign=campaign, unit__in={place.unit_id for place in places}, opens__lte=on
    )
    return dict(rows.order_by().values_list("unit").annotate(Max("opens")))


def _copy(old: UnitPlace, parent: UnitPlace | None, *, opens: date, closes: date | None) -> UnitPlace:
    return UnitPlace(
        campaign_id=old.campaign_id,
        unit_id=old.unit_id,
        parent=parent,
        level=old.level,
        line=old.line,
        name=old.name,
        short=old.short,
        reports=old.reports,
        opens=opens,
        closes=closes,
        after_close=old.after_close,
    )


def _write(
    campaign: Campaign,
    on: date,
    opened: Sequence[tuple[UnitPlace, UnitPlace]],
    rehung: Sequence[UnitPlace],
    listed: Sequence[UnitPlace],
) -> None:
    """Store the split: `opened` are pairs of an old place and the one that follows it, parents first."""
    parents = {id(new): new.parent for _, new in opened}
    for position, (_, new) in enumerate(opened, start=_top(campaign) + 1):
        new.position, new.parent = position, None
    UnitPlace.objects.bulk_create([new for _, new in opened], batch_size=BATCH)
    for _, new in opened:
        new.parent = parents[id(new)]
    # From the top: a path is built on its parent's.
    levels = {one.pk: _depth(one) for one in listed} | {new.pk: _depth(old) for old, new in opened}
    changed = sorted([*(new for _, new in opened), *rehung], key=lambda one: levels[one.pk])
    for one in changed:
        one.path = UnitPlace.path_below(one.parent, one.pk)
    UnitPlace.objects.bulk_update(changed, ["parent", "path"], batch_size=BATCH)
    split = [old for old, new in opened if old.closes is None or old.closes >= on]
    for old in split:
        old.closes, old.after_close = on - _DAY, ""
    UnitPlace.objects.bulk_update(split, ["closes", "after_close"], batch_size=BATCH)


# --- registry order -------------------------------------------------------------------------------


def _top(campaign: Campaign) -> int:
    return UnitPlace.objects.filter(campaign=campaign).aggregate(top=Max("position", default=0))["top"]


def _each_after_its_old(campaign: Campaign, opened: Iterable[tuple[UnitPlace, UnitPlace]]) -> list[int]:
    followers = {old.pk: new.pk for old, new in opened}
    new = set(followers.values())
    order = []
    for pk in campaign.places.order_by("position").values_list("pk", flat=True):
        if pk not in new:
            order += [pk, *([followers[pk]] if pk in followers else [])]
    return order


def _after_the_last_below(
    campaign: Campaign, parent: UnitPlace | None, places: Sequence[UnitPlace]
) -> list[int]:
    """Return the campaign's places in order, with `places` behind all others of their parent."""
    new = [place.pk for place in places]
    rest = campaign.places.exclude(pk__in=new).order_by("position").values_list("pk", "path")
    path = parent.path if parent else ""
    order = [pk for pk, _ in rest]
    last = max((index for index, (_, of_one) in enumerate(rest) if of_one.startswith(path)), default=-1)
    return [*order[: last + 1], *new, *order[last + 1 :]]


def _renumber(campaign: Campaign, order: Sequence[int]) -> None:
    """Number the places 1, 2, 3, … in this order; those that change step aside first."""
    stored: Mapping[int, int] = dict(campaign.places.order_by().values_list("pk", "position"))
    changed = [
        UnitPlace(pk=pk, position=position)
        for position, pk in enumerate(order, start=1)
        if stored[pk] != position
    ]
    aside = _top(campaign) + len(order)
    for start in range(0, len(changed), BATCH):
        batch = UnitPlace.objects.filter(pk__in=[place.pk for place in changed[start : start + BATCH]])
        batch.update(position=F("position") + aside)
    UnitPlace.objects.bulk_update(changed, ["position"], batch_size=BATCH)
