"""Bring the rows of a campaign to what they should be: only what differs is written.

Written in bulk: the history of master data, which keeps what people change one by one in the portal, gets no row
for it. The definition file and `Campaign.loaded` are its record; only what a load deletes is in the history.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any, cast

from django.db import models
from django.db.models import F

from campaigns.calendar_rules import due_instant
from campaigns.models import (
    Campaign,
    Doubt,
    Indicator,
    ReportForm,
    ReportingPeriod,
    ReportingUnit,
    Target,
    TextDuty,
    UnitPlace,
    ValidationRule,
)

from . import meaning, refusals, schema
from .merge import keyed, numbered
from .refusals import BATCH

_NOT_PRINTED = {"line", "checks", "doubts", "indicators"}
_NOT_PRINTED_OF_INDICATOR = {"of", "explain", "jump", "jump_floor", "slip", "maximum"}


def store(row: Campaign, ours: schema.State | None, wanted: schema.State) -> None:
    columns = {
        name: value
        for name, value in campaign_columns(wanted.campaign).items()
        if getattr(row, name) != value
    }
    if columns:
        for name, value in columns.items():
            setattr(row, name, value)
        row.__dict__.pop("zone", None)
        row.save(update_fields=list(columns))
    forms = _store_forms(row, ours, wanted.campaign)
    indicators = _store_indicators(row, forms, wanted.campaign)
    _store_rules(row, forms, wanted.campaign)
    _store_doubts(row, forms, wanted.campaign)
    _store_targets(row, indicators, wanted.campaign)
    _store_texts(row, wanted.campaign)
    _store_periods(row, wanted.periods)
    _store_units(row, ours, wanted)


def campaign_columns(campaign: schema.Campaign) -> dict[str, Any]:
    return {
        "title": campaign.title,
        "theme": campaign.theme,
        "document": campaign.document.plain(),
        "starts": campaign.starts,
        "ends": campaign.ends,
        "counts_from": campaign.counts_from,
        "time_zone": campaign.time_zone,
        "reporting": campaign.reporting.plain(),
        "sign_off_by": campaign.sign_off_by,
    }


def _write(
    model: type[models.Model],
    rows: Mapping[Any, Any],
    wanted: Mapping[Any, dict[str, Any]],
    *,
    serial: str = "",
    leaving: Iterable[Any] = (),
) -> dict[Any, Any]:
    """Update and create rows so that they hold the columns in `wanted`; return them by key. Deletes nothing.

    serial: a column that no two rows may share. Those to be renumbered, and those leaving, step aside first.
    """
    top = max((getattr(row, serial) for row in rows.values() if serial), default=0)
    changed, columns = [], set[str]()
    for key, fields in wanted.items():
        if key not in rows:
            continue
        different = {name: value for name, value in fields.items() if getattr(rows[key], name) != value}
        if different:
            changed.append(rows[key])
            columns |= different.keys()
            for name, value in different.items():
                setattr(rows[key], name, value)
    aside = [row.pk for row in (*(changed if serial in columns else ()), *leaving)]
    for start in range(0, len(aside), BATCH) if serial else ():
        batch = model._base_manager.filter(pk__in=aside[start : start + BATCH])
        batch.update(**{serial: F(serial) + max(top, len(wanted)) + 1})
    if changed:
        model._base_manager.bulk_update(changed, sorted(columns), batch_size=BATCH)
    new = {key: model(**fields) for key, fields in wanted.items() if key not in rows}
    model._base_manager.bulk_create(new.values(), batch_size=BATCH)
    return {key: rows[key] if key in rows else new[key] for key in wanted}


def _store_forms(
    row: Campaign, ours: schema.State | None, campaign: schema.Campaign
) -> dict[str, ReportForm]:
    rows = {form.code: form for form in row.forms.all()}
    wanted = {}
    for position, form in enumerate(campaign.forms, start=1):
        wanted[form.code] = {
            "campaign_id": row.pk,
            "code": form.code,
            "position": position,
            "annex": form.annex,
            "title": form.title,
            "subtitle": form.subtitle,
            "line": form.line,
            "layout": form.layout,
            "bands": list(form.bands),
            "filled_by": form.filled_by,
            "head": list(form.head),
            "printed_unit": form.printed_unit,
            "print_units": form.print_units,
            "signatures": list(form.signatures),
            "notes_title": form.notes_title,
            "notes": list(form.notes),
        }
    before = {form.code: _printed(form) for form in ours.campaign.forms} if ours else {}
    reprinted = [
        form.code for form in campaign.forms if before.get(form.code, _printed(form)) != _printed(form)
    ]
    used = refusals.used(ReportForm, row.forms.filter(code__in=reprinted))
    for code, stored_form in rows.items():
        if stored_form.pk in used:
            wanted[code]["version"] = stored_form.version + 1
    stored = _write(ReportForm, rows, wanted)
    row.forms.exclude(code__in=stored).delete()
    return stored


def _printed(form: schema.Form) -> object:
    """Return all of the form that is printed or asked: a change of it makes a new version."""
    keys = schema.Form.keys().keys() - _NOT_PRINTED
    columns = schema.Indicator.keys().keys() - _NOT_PRINTED_OF_INDICATOR
    return (
        {name: getattr(form, name) for name in keys},
        [{name: getattr(indicator, name) for name in columns} for indicator in form.indicators],
    )


def _store_indicators(
    row: Campaign, forms: Mapping[str, ReportForm], campaign: schema.Campaign
) -> dict[tuple[str, int], Indicator]:
    codes = {form.pk: code for code, form in forms.items()}
    stored = Indicator.objects.filter(report_form__campaign=row)
    rows = {(codes[indicator.report_form_id], indicator.number): indicator for indicator in stored}
    wanted, parents = {}, {}
    for form in campaign.forms:
        for position, indicator in enumerate(form.indicators, start=1):
            key = (form.code, indicator.number)
            parents[key] = (form.code, indicator.of)
            wanted[key] = {
                "report_form_id": forms[form.code].pk,
                "number": indicator.number,
                "position": position,
                "label": indicator.label,
                "unit_of_measure": indicator.unit,
                "group": None if indicator.group is None else list(indicator.group),
                "lines": list(indicator.lines),
                "decimals": indicator.decimals,
                "nature": indicator.nature,
                "explain": indicator.explain,
                "confirmed": indicator.confirmed,
                "jump": indicator.jump,
                "jump_floor": indicator.jump_floor,
                "slip": indicator.slip,
                "maximum": indicator.maximum,
            }
            if not indicator.lines and _has_idle_breaks(rows.get(key), indicator.label):
                del wanted[key]["lines"]
    written = _write(Indicator, rows, wanted)
    of = {
        key: {"parent_id": written[parent].pk if parent in written else None}
        for key, parent in parents.items()
    }
    _write(Indicator, written, of)
    stored.exclude(pk__in=[indicator.pk for indicator in written.values()]).delete()
    return written


def _has_idle_breaks(row: Indicator | None, label: str) -> bool:
    """Tell whether the label was changed in the portal: its old breaks wait for it to be changed back."""
    return row is not None and row.label == label != "".join(row.lines)


def _store_rules(row: Campaign, forms: Mapping[str, ReportForm], campaign: schema.Campaign) -> None:
    codes = {form.pk: code for code, form in forms.items()}
    stored = ValidationRule.objects.filter(report_form__campaign=row)
    rows = numbered(((codes[rule.report_form_id], rule.rule), rule) for rule in stored)
    wanted = numbered(
        (
            (form.code, check.rule),
            {
                "report_form_id": forms[form.code].pk,
                "position": position,
                "rule": check.rule,
                "rule_class": check.rule_class,
                "say": check.say,
            },
        )
        for form in campaign.forms
        for position, check in enumerate(form.checks, start=1)
    )
    _delete(ValidationRule, rows, wanted)
    _write(ValidationRule, rows, wanted, serial="position")


def _store_doubts(row: Campaign, forms: Mapping[str, ReportForm], campaign: schema.Campaign) -> None:
    codes: dict[int | None, str] = {form.pk: code for code, form in forms.items()}
    stored = row.doubts.order_by("position", "pk")
    rows = numbered(((codes.get(doubt.report_form_id), doubt.about, doubt.quote), doubt) for doubt in stored)
    listed = [(form.code, doubt) for form in campaign.forms for doubt in form.doubts]
    wanted = numbered(
        (
            (code, doubt.about, doubt.quote),
            {
                "campaign_id": row.pk,
                "report_form_id": forms[code].pk if code else None,
                "position": position,
                "about": doubt.about,
                "quote": doubt.quote,
                "reading": doubt.reading,
                "settled": doubt.settled,
            },
        )
        for position, (code, doubt) in enumerate(
            [*listed, *((None, doubt) for doubt in campaign.doubts)], start=1
        )
    )
    _delete(Doubt, rows, wanted)
    _write(Doubt, rows, wanted)


def _store_targets(
    row: Campaign, indicators: Mapping[tuple[str, int], Indicator], campaign: schema.Campaign
) -> None:
    names = {indicator.pk: key for key, indicator in indicators.items()}
    stored = row.targets.order_by("position", "pk")
    rows = numbered(((*names[target.indicator_id], target.over, target.each), target) for target in stored)
    wanted = numbered(
        (
            target.identity,
            {
                "campaign_id": row.pk,
                "position": position,
                "indicator_id": indicators[target.form, target.indicator].pk,
                "at_least": target.at_least,
                "over": target.over,
                "each": target.each,
                "say": target.say,
            },
        )
        for position, target in enumerate(campaign.targets, start=1)
    )
    _delete(Target, rows, wanted)
    _write(Target, rows, wanted)


def _store_texts(row: Campaign, campaign: schema.Campaign) -> None:
    rows = refusals.stored_texts(row)
    wanted = {
        key: {
            "campaign_id": row.pk,
            "position": position,
            "kind": duty.kind,
            "title": duty.title,
            "each_period": duty.each_period,
            "due": duty.due,
            "at_least": duty.at_least,
            "each": duty.each,
            "line": duty.line,
        }
        for position, (key, duty) in enumerate(keyed(campaign.texts).items(), start=1)
    }
    _delete(TextDuty, rows, wanted)
    _write(TextDuty, rows, wanted)


def _store_periods(row: Campaign, wanted_periods: Sequence[schema.WrittenPeriod]) -> None:
    rows = {period.ends_on: period for period in row.periods.all()}
    wanted = {}
    starts_on = row.starts
    for number, period in enumerate(wanted_periods, start=1):
        wanted[period.ends] = {
            "campaign_id": row.pk,
            "number": number,
            "starts_on": starts_on,
            "ends_on": period.ends,
            "due_at": due_instant(cast(date, period.due), cast(time, period.due_time), row.zone),
            "title": period.title,
        }
        starts_on = period.ends + timedelta(days=1)
    _delete(ReportingPeriod, rows, wanted)
    _write(ReportingPeriod, rows, wanted, serial="number")


def _delete(model: type[models.Model], rows: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> None:
    gone = [row.pk for key, row in rows.items() if key not in wanted]
    if gone:
        model._base_manager.filter(pk__in=gone).delete()


# --- units ----------------------------------------------------------------------------------------


def _store_units(row: Campaign, ours: schema.State | None, wanted: schema.State) -> None:
    offices = _offices(row, ours, wanted.units)
    rows = {(place.unit.code, place.opens): place for place in row.places.select_related("unit")}
    keys = {unit.identity for unit in wanted.units}
    unclaimed = meaning.by_code(place for place in (ours.units if ours else ()) if place.identity not in keys)
    for code, opens in sorted(keys - rows.keys(), key=str):
        if unclaimed.get(code):
            # A place whose first day was corrected is still that place.
            rows[code, opens] = rows.pop(unclaimed[code].pop(0).identity)
    taken = max((place.position for place in rows.values()), default=0)
    columns: dict[tuple[Any, ...], dict[str, Any]] = {}
    for position, unit in enumerate(wanted.units, start=1):
        columns[unit.identity] = {
            "campaign_id": row.pk,
            "unit_id": offices[unit.code],
            "position": position,
            "level": unit.level,
            "line": unit.line,
            "name": unit.name,
            "short": unit.short,
            "reports": unit.reports,
            "opens": unit.opens,
            "closes": unit.closes,
            "after_close": unit.after_close,
        }
    # Beyond every number taken; a campaign's first places can have theirs at once.
    new = {
        key: UnitPlace(**fields | {"position": fields["position"] + taken})
        for key, fields in columns.items()
        if key not in rows
    }
    UnitPlace.objects.bulk_create(new.values(), batch_size=BATCH)
    places = rows | new
    for unit, parent in _from_the_top(wanted.units, wanted.campaign.starts):
        # The row of the parent as it will be: what is stored may still be its old path.
        above = (
            UnitPlace(pk=places[parent.identity].pk, path=columns[parent.identity]["path"])
            if parent
            else None
        )
        path = UnitPlace.path_below(above, places[unit.identity].pk)
        columns[unit.identity] |= {"parent_id": above.pk if above else None, "path": path}
    gone = [place for key, place in places.items() if key not in keys]
    _write(UnitPlace, places, columns, serial="position", leaving=gone)
    if gone:
        leaving = UnitPlace.objects.filter(pk__in=[place.pk for place in gone])
        leaving.update(parent=None)
        leaving.delete()


def _from_the_top(units: Sequence[schema.Unit], starts: date) -> list[tuple[schema.Unit, schema.Unit | None]]:
    """Return each place with its parent, parents before their children."""
    held = meaning.by_code(units)
    children: dict[Any, list[schema.Unit]] = {}
    for unit in units:
        parent = meaning.parent_of(unit, held, starts) if unit.parent else None
        children.setdefault(parent.identity if parent else None, []).append(unit)
    ordered: list[tuple[schema.Unit, schema.Unit | None]] = [(unit, None) for unit in children.get(None, ())]
    for unit, _ in ordered:
        ordered.extend((child, unit) for child in children.get(unit.identity, ()))
    return ordered


def _offices(row: Campaign, ours: schema.State | None, units: Sequence[schema.Unit]) -> dict[str, int]:
    """Return the ids of the lasting offices by code; those that are not there yet are made.

    An office keeps its name while its places change theirs, unless it bore the name that this campaign now
    changes and no other campaign knows it.
    """
    names = _names(units)
    stored = ReportingUnit.objects.in_bulk(list(names), field_name="code")
    new = [ReportingUnit(code=code, name=name) for code, name in names.items() if code not in stored]
    ReportingUnit.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    stored |= ReportingUnit.objects.in_bulk([unit.code for unit in new], field_name="code")
    before = _names(ours.units) if ours else {}
    renamed = [unit for code, unit in stored.items() if unit.name == before.get(code) != names[code]]
    for start in range(0, len(renamed), BATCH):
        batch = renamed[start : start + BATCH]
        shared = UnitPlace.objects.filter(unit__in=batch).exclude(campaign=row)
        known = set(shared.values_list("unit_id", flat=True))
        own = [unit for unit in batch if unit.pk not in known]
        for unit in own:
            unit.name = names[unit.code]
        ReportingUnit.objects.bulk_update(own, ["name"])
    return {code: unit.pk for code, unit in stored.items()}


def _names(units: Sequence[schema.Unit]) -> dict[str, str]:
    """Return the name of each unit at its latest place."""
    ordered = sorted(units, key=lambda unit: unit.opens or date.min)
    return {unit.code: unit.name for unit in ordered}
