"""What stands against a change of a definition: changes made in the portal, and what units have reported.

What has been reported is kept by other apps, which this one does not know: it is whatever points at a row of
the definition from outside it.
"""

from dataclasses import replace
from datetime import date
from typing import Any, cast

from django.db import models

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

from . import meaning, schema
from .merge import keyed, numbered
from .mistakes import Log, shown

BATCH = 500
_OF_THE_DEFINITION = (
    Campaign,
    Doubt,
    Indicator,
    ReportForm,
    ReportingPeriod,
    Target,
    TextDuty,
    UnitPlace,
    ValidationRule,
)


def check_merged(wanted: schema.State, theirs: schema.State, log: Log) -> None:
    """Refuse a file that contradicts what was changed in the portal."""
    if wanted == theirs:
        return
    found = Log(units_file=log.units_file)
    meaning.check(wanted.campaign, wanted.units, found)
    for mistake in found.mistakes:
        sentence = (
            f"与页面上的修改不相容：{mistake.sentence}（请在页面或文件中改正，或加 --replace 改用文件）"
        )
        log.mistakes.append(replace(mistake, sentence=sentence))


def check_figures(row: Campaign, ours: schema.State, wanted: schema.State, log: Log) -> None:
    """Refuse to take away, or give another meaning to, what reports were stored for."""
    _check_forms(row, ours, wanted, log)
    _check_periods(row, ours, wanted, log)
    _check_texts(row, wanted, log)
    _check_places(row, ours, wanted, log)
    _check_owed(row, ours, wanted, log)


def _check_forms(row: Campaign, ours: schema.State, wanted: schema.State, log: Log) -> None:
    forms = {form.code: (index, form) for index, form in enumerate(wanted.campaign.forms)}
    gone = [form.code for form in ours.campaign.forms if form.code not in forms]
    hanging = used(ReportForm, row.forms.filter(code__in=gone))
    for code in row.forms.filter(pk__in=hanging).values_list("code", flat=True):
        log.add("forms", f"报表 {code} 已有填报数据，不能删去，请在文件中保留它。")
    for old in ours.campaign.forms:
        if old.code not in forms:
            continue
        place, new = forms[old.code]
        numbers = {indicator.number: (index, indicator) for index, indicator in enumerate(new.indicators)}
        changed = {}
        for indicator in old.indicators:
            if indicator.number not in numbers:
                sentence = "已有填报数据，不能删去或改序号，请在文件中保留它。"
                changed[indicator.number] = (f"forms[{place}].indicators", sentence)
                continue
            index, after = numbers[indicator.number]
            for name in ("decimals", "nature"):
                if getattr(indicator, name) != getattr(after, name):
                    change = f"从 {getattr(indicator, name)} 改为 {getattr(after, name)}"
                    sentence = f"已有填报数据，不能把 {name} {change}。"
                    changed[indicator.number] = (f"forms[{place}].indicators[{index}].{name}", sentence)
        if changed:
            indicators = Indicator.objects.filter(report_form__campaign=row, report_form__code=old.code)
            hanging = used(Indicator, indicators.filter(number__in=changed))
            for number in indicators.filter(pk__in=hanging).values_list("number", flat=True):
                path, sentence = changed[number]
                log.add(path, f"报表 {old.code} 的指标 {number} {sentence}")


def _check_periods(row: Campaign, ours: schema.State, wanted: schema.State, log: Log) -> None:
    gone = {period.ends for period in ours.periods} - {period.ends for period in wanted.periods}
    hanging = used(ReportingPeriod, row.periods.filter(ends_on__in=gone))
    for ends in row.periods.filter(pk__in=hanging).values_list("ends_on", flat=True):
        log.add("reporting", f"截至 {ends} 的报告期已有填报数据，不能删去，请在 reporting 中保留它。")


def _check_texts(row: Campaign, wanted: schema.State, log: Log) -> None:
    kept = keyed(wanted.campaign.texts)
    gone = [duty for key, duty in stored_texts(row).items() if key not in kept]
    hanging = used(TextDuty, TextDuty.objects.filter(pk__in=[duty.pk for duty in gone]))
    for duty in gone:
        if duty.pk in hanging:
            log.add("texts", f"文字材料“{duty}”已有报送，不能删去，请在文件中保留它。")


def _check_places(row: Campaign, ours: schema.State, wanted: schema.State, log: Log) -> None:
    remaining = meaning.by_code(wanted.units)
    held = meaning.by_code(ours.units)
    lost = {code: places for code, places in held.items() if len(remaining.get(code, ())) < len(places)}
    for code, ends in sorted(reported(row, list(lost)).items()):
        places = {place.opens: place for place in lost[code]}
        for place in remaining.get(code, ()):
            places.pop(place.opens, None)
        for place in places.values():
            if any(day is None or place.is_open(day) for day in ends):
                problem = f"单位 {code}（{shown(place.name)}）在本次活动中已有填报数据，不能删去"
                log.add_file(log.units_file, f"{problem}；请保留这一行，写上 closes。", key="code")


def _check_owed(row: Campaign, ours: schema.State, wanted: schema.State, log: Log) -> None:
    """Refuse a change of dates, lines or `reports` after which a stored report would count no more."""
    before, after = _Owing(ours), _Owing(wanted)
    told: set[str] = set()
    for code, form, ends in (
        _stored_reports(row) if (before.facts, before.lines) != (after.facts, after.lines) else ()
    ):
        # A place or a form that is taken away has its own sentence.
        known = len(after.places.get(code, ())) >= len(before.places.get(code, ())) and form in after.lines
        if code not in told and known and before.owes(code, form, ends) and not after.owes(code, form, ends):
            told.add(code)
            problem = f"单位 {code} 截至 {ends} 的报表 {form} 已有填报数据，这样改它就不再计入汇总"
            log.add_file(
                log.units_file,
                f"{problem}；请恢复它的启用、停用日期、line、reports 或报表的 line。",
                key="code",
            )


class _Owing:
    """Which unit owes which form in which period, by a state of the definition."""

    def __init__(self, state: schema.State) -> None:
        self.places = meaning.by_code(state.units)
        self.lines = {form.code: form.line for form in state.campaign.forms}
        self.facts = [
            (unit.code, unit.opens, unit.closes, unit.after_close, unit.line, unit.reports)
            for unit in state.units
        ]

    def owes(self, code: str, form: str, ends: date) -> bool:
        """As `reports.tasks` says it: of two places that count, a unit holds the later."""
        held = [
            place
            for place in self.places.get(code, ())
            if place.is_open(ends) or (place.after_close == "keep" and (place.opens or ends) <= ends)
        ]
        place = max(held, key=lambda place: place.opens or date.min, default=None)
        line = self.lines.get(form, "")
        return place is not None and place.reports and (not line or not place.line or place.line == line)


def _stored_reports(row: Campaign) -> set[tuple[str, str, date]]:
    """Return (unit, form, end of the period) of all that is stored for a unit, a form and a period, in any app."""
    found: set[tuple[str, str, date]] = set()
    for relation in _relations(ReportingUnit):
        keys = {
            key.related_model: key.name
            for key in relation.model._meta.concrete_fields
            if isinstance(key, models.ForeignKey)
        }
        if ReportForm in keys and ReportingPeriod in keys:
            period = keys[ReportingPeriod]
            stored = relation.model._base_manager.filter(**{f"{period}__campaign": row})
            names = (f"{relation.name}__code", f"{keys[ReportForm]}__code", f"{period}__ends_on")
            found.update(stored.values_list(*names).distinct())
    return found


def used(model: type[models.Model], rows: models.QuerySet[Any]) -> set[int]:
    """Return the ids of the `rows` on which something hangs that is no part of a definition, in any app."""
    ids = list(rows.values_list("pk", flat=True))
    found: set[int] = set()
    for relation in _relations(model):
        for start in range(0, len(ids), BATCH):
            hanging = relation.model._base_manager.filter(
                **{f"{relation.name}__in": ids[start : start + BATCH]}
            )
            found.update(hanging.values_list(relation.attname, flat=True).distinct())
    return found


def _relations(model: type[models.Model]) -> list["models.ForeignKey[Any, Any]"]:
    """Return the foreign keys to `model` from outside the definition.

    The history of changes names rows without holding on to them: its keys are no constraints.
    """
    found = []
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.related_model not in _OF_THE_DEFINITION:
            key = cast("models.ForeignKey[Any, Any]", relation.field)
            if key.db_constraint:  # type: ignore[attr-defined]
                found.append(key)
    return found


def reported(row: Campaign, codes: list[str]) -> dict[str, set[date | None]]:
    """Return for which units something is stored in this campaign, and for which periods' ends (or None)."""
    found: dict[str, set[date | None]] = {}
    for relation in _relations(ReportingUnit):
        keys = {
            key.related_model: key.name
            for key in relation.model._meta.concrete_fields
            if isinstance(key, models.ForeignKey)
        }
        if ReportingPeriod in keys:
            campaign, ends = f"{keys[ReportingPeriod]}__campaign", f"{keys[ReportingPeriod]}__ends_on"
        elif owner := next((owner for owner in (ReportForm, TextDuty, Campaign) if owner in keys), None):
            campaign, ends = keys[owner] if owner is Campaign else f"{keys[owner]}__campaign", ""
        else:
            continue
        for start in range(0, len(codes), BATCH):
            wanted = {campaign: row, f"{relation.name}__code__in": codes[start : start + BATCH]}
            names = [f"{relation.name}__code", *([ends] if ends else [])]
            for code, *day in relation.model._base_manager.filter(**wanted).values_list(*names).distinct():
                found.setdefault(code, set()).add(day[0] if day else None)
    return found


def stored_texts(row: Campaign) -> dict[tuple[Any, ...], TextDuty]:
    """Return the duties in words by what makes each the same duty in the file."""
    stored = row.texts.order_by("position", "pk")
    return numbered(((duty.kind, duty.title, duty.each, duty.line), duty) for duty in stored)
