"""A campaign as it stands, as a definition: plain data, or the two files."""

import csv
import io
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml

from campaigns.calendar_rules import CalendarError, Workdays, periods
from campaigns.models import Campaign, Doubt, ReportForm

from . import schema
from .kinds import PlainNumber, ReadingError
from .mistakes import CAMPAIGN_FILE, UNITS_FILE

_FLOW = ("indicators", "checks", "extra", "periods", "targets", "texts")
"""Lists that are written one entry a line."""
E = TypeVar("E", bound=schema.Entry)


def dump(campaign: Campaign) -> dict[str, Any]:
    """Return the campaign in the file format: keys that differ from their defaults, in the contract's order.

    JSON-like: dates, times and decimals that are no whole numbers are texts. `units` holds the rows of
    units.csv. What coordinators changed in the portal is in it; a moved due date is in `reporting.extra`.
    """
    state = current(campaign)
    data = _plain(state)
    data["units"] = [unit.plain() for unit in state.units]
    return data


def write(campaign: Campaign, folder: str | Path) -> None:
    """Write campaign.yaml and units.csv into `folder`, made where it is missing. Raises OSError."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = current(campaign)
    (folder / CAMPAIGN_FILE).write_text(as_yaml(_plain(state)), encoding="utf-8", newline="\n")
    (folder / UNITS_FILE).write_text(as_csv(state.units), encoding="utf-8", newline="\n")


def _plain(state: schema.State) -> dict[str, Any]:
    data = replace(state.campaign, reporting=_reporting(state)).plain() | {"units": UNITS_FILE}
    return {name: data[name] for name in schema.Campaign.names() if name in data}


# --- from the database ----------------------------------------------------------------------------


def current(campaign: Campaign) -> schema.State:
    """Return the campaign as it stands in the database. The number of queries does not grow with it."""
    doubts: dict[int | None, list[Doubt]] = {}
    for doubt in campaign.doubts.order_by("position", "pk"):
        doubts.setdefault(doubt.report_form_id, []).append(doubt)
    forms = list(campaign.forms.prefetch_related("indicators", "rules"))
    codes = {form.pk: form.code for form in forms}
    return schema.State(
        campaign=schema.Campaign(
            code=campaign.code,
            title=campaign.title,
            theme=campaign.theme,
            document=_stored(schema.Document, campaign.document),
            starts=campaign.starts,
            ends=campaign.ends,
            counts_from=campaign.counts_from,
            time_zone=campaign.time_zone,
            reporting=_stored(schema.Reporting, campaign.reporting),
            sign_off_by=campaign.sign_off_by,
            units_file=UNITS_FILE,
            forms=tuple(_form(form, doubts.get(form.pk, [])) for form in forms),
            targets=tuple(
                schema.Target(
                    form=codes[target.indicator.report_form_id],
                    indicator=target.indicator.number,
                    at_least=target.at_least,
                    over=target.over,
                    each=target.each,
                    say=target.say,
                )
                for target in campaign.targets.select_related("indicator").order_by("position", "pk")
            ),
            texts=tuple(
                schema.TextDuty(**{key.name: getattr(duty, key.name) for key in fields(schema.TextDuty)})
                for duty in campaign.texts.order_by("position", "pk")
            ),
            doubts=_doubts(doubts.get(None, [])),
        ),
        units=tuple(
            schema.Unit(
                code=place.unit.code,
                name=place.name,
                short=place.short,
                level=place.level,
                parent=place.parent.unit.code if place.parent else "",
                line=place.line,
                reports=place.reports,
                opens=place.opens,
                closes=place.closes,
                after_close=place.after_close,
            )
            for place in campaign.places.select_related("unit", "parent__unit").order_by("position")
        ),
        periods=tuple(
            schema.WrittenPeriod(
                ends=period.ends_on,
                due=due_at.date(),
                due_time=due_at.time().replace(microsecond=0),
                title=period.title,
            )
            for period in campaign.periods.order_by("ends_on")
            for due_at in [period.due_at.astimezone(campaign.zone)]
        ),
    )


def _form(form: ReportForm, doubts: Iterable[Doubt]) -> schema.Form:
    indicators = list(form.indicators.all())
    numbers = {indicator.pk: indicator.number for indicator in indicators}
    return schema.Form(
        code=form.code,
        annex=form.annex,
        title=form.title,
        subtitle=form.subtitle,
        line=form.line,
        layout=form.layout,
        bands=tuple(form.bands),
        filled_by=form.filled_by,
        head=tuple(form.head),
        printed_unit=form.printed_unit,
        print_units=form.print_units,
        signatures=tuple(form.signatures),
        notes_title=form.notes_title,
        notes=tuple(form.notes),
        indicators=tuple(
            schema.Indicator(
                number=indicator.number,
                label=indicator.label,
                unit=indicator.unit_of_measure,
                of=numbers.get(indicator.parent_id) if indicator.parent_id else None,
                group=tuple(indicator.group) if indicator.group else None,
                lines=schema.fitting_lines(tuple(indicator.lines), indicator.label),
                decimals=indicator.decimals,
                nature=indicator.nature,
                explain=indicator.explain,
                confirmed=indicator.confirmed,
                jump=indicator.jump,
                jump_floor=indicator.jump_floor,
                slip=indicator.slip,
                maximum=indicator.maximum,
            )
            for indicator in indicators
        ),
        checks=tuple(
            schema.Check(rule=rule.rule, rule_class=rule.rule_class, say=rule.say)
            for rule in form.rules.all()
        ),
        doubts=_doubts(doubts),
    )


def _doubts(doubts: Iterable[Doubt]) -> tuple[schema.Doubt, ...]:
    return tuple(
        schema.Doubt(about=doubt.about, quote=doubt.quote, reading=doubt.reading, settled=doubt.settled)
        for doubt in doubts
    )


def _stored(cls: type[E], data: object) -> E:
    """Read what a JSON field holds; the defaults where it does not fit (no definition made the campaign)."""
    try:
        return cls.from_plain(data)
    except ReadingError:
        return cls.from_plain({})


def _reporting(state: schema.State) -> schema.Reporting:
    """Return the reporting rule with every date that it does not give by itself written out.

    The rule is applied without the days off entered in the portal: another portal does not know them.
    """
    reporting = state.campaign.reporting
    stored = {period.ends: period for period in state.periods}
    try:
        made = periods(reporting.rule(), state.campaign.starts, state.campaign.ends, Workdays())
    except CalendarError:
        made = []
    generated = {
        period.ends_on: schema.WrittenPeriod(
            ends=period.ends_on, due=period.due_on, due_time=period.due_time, title=period.title
        )
        for period in made
    }
    if not generated or generated.keys() - stored.keys():
        # A period was removed in the portal: no rule says that.
        written = tuple(_written(period, reporting) for period in state.periods)
        return replace(reporting, every="list", weekday=None, extra=(), periods=written)
    moved: dict[date, schema.WrittenPeriod] = {
        ends: _written(period, reporting) for ends, period in stored.items() if generated.get(ends) != period
    }
    extra = [moved.pop(period.ends, period) for period in reporting.extra]
    return replace(reporting, extra=(*extra, *moved.values()))


def _written(period: schema.WrittenPeriod, reporting: schema.Reporting) -> schema.WrittenPeriod:
    return replace(period, due_time=None) if period.due_time == reporting.due_time else period


# --- to the files ---------------------------------------------------------------------------------


def as_csv(units: Iterable[schema.Unit]) -> str:
    """Return the text of units.csv, every column written."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    keys = schema.Unit.keys()
    writer.writerow(schema.Unit.names())
    for unit in units:
        values = ((part, getattr(unit, name)) for name, part in keys.items())
        writer.writerow(
            "" if value is None or value == "" else part.kind.plain(value) for part, value in values
        )
    return text.getvalue()


def as_yaml(data: dict[str, Any]) -> str:
    """Return the text of campaign.yaml: in blocks, one line an indicator, check, period, target or text."""
    return yaml.dump(
        _laid_out(data),
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=100_000,
        default_flow_style=False,
    )


class _Flow(dict[str, Any]):
    """A mapping written on one line."""


class _FlowList(list[Any]):
    """A list written on one line."""


def _laid_out(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _laid_out(part, key) for key, part in value.items()}
    if isinstance(value, list):
        if name in _FLOW:
            return [_Flow(part) for part in value]
        if not any(isinstance(part, dict) for part in value) and name != "notes":
            return _FlowList(value)
        return [_laid_out(part) for part in value]
    return value


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


# Dates are written bare; what older readers take for a number, a truth value or nothing is quoted.
_Dumper.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}
_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)
_Dumper.add_representer(
    _FlowList, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)
_Dumper.add_representer(
    PlainNumber, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:float", data)
)
