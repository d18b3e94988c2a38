"""Load a definition into the database: all or nothing, and again as often as one likes."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from campaigns.calendar_rules import CalendarError, Workdays, periods
from campaigns.models import Campaign, DayOff

from . import meaning, refusals, schema
from .dump import as_csv, current
from .merge import changes, merge
from .mistakes import UNITS_FILE, DefinitionError, Log
from .read import read_units
from .source import rows_of
from .store import campaign_columns, store


@dataclass(frozen=True)
class Loaded:
    """What a load did.

    changes: a sentence for each value that is new in the database; none for a new campaign. kept: for each
    value changed in the portal that the file did not overwrite. warnings: what is allowed but worth a look.
    """

    campaign: Campaign
    created: bool
    counts: Mapping[str, int]
    changes: Sequence[str] = ()
    kept: Sequence[str] = ()
    warnings: Sequence[str] = ()


@transaction.atomic
def load(definition: schema.Definition, *, replace: bool = False) -> Loaded:
    """Bring the campaign in the database to its definition.

    What was changed in the portal since the last load is kept, unless `replace`. Raises DefinitionError where
    stored figures stand against a change; nothing is changed then.
    """
    log = Log(units_file=definition.campaign.units_file, lines=dict(definition.lines))
    row, created = Campaign.objects.select_for_update().get_or_create(
        code=definition.campaign.code, defaults=campaign_columns(definition.campaign)
    )
    workdays = Workdays(dict(DayOff.objects.values_list("day", "works")))
    theirs = schema.State(definition.campaign, definition.units, _periods(definition.campaign, workdays, log))
    ours: schema.State | None = None
    wanted, kept = theirs, list[str]()
    if not created:
        ours = current(row)
        if not replace:
            wanted, kept = merge(_base(row, log), ours, theirs)
            refusals.check_merged(wanted, theirs, log)
        refusals.check_figures(row, ours, wanted, log)
        log.raise_if_any()
    store(row, ours, wanted)
    loaded = _packed(theirs)
    if row.loaded != loaded:
        Campaign.objects.filter(pk=row.pk).update(loaded=loaded)
        row.loaded = loaded
    warnings = meaning.warnings(wanted.campaign, wanted.units)
    return Loaded(
        campaign=row,
        created=created,
        counts={
            "报表": len(wanted.campaign.forms),
            "指标": sum(len(form.indicators) for form in wanted.campaign.forms),
            "报告期": len(wanted.periods),
            "单位": len(wanted.units),
        },
        changes=changes(ours, wanted) if ours else (),
        kept=kept,
        warnings=[*([workdays.warning] if workdays.warning else []), *warnings],
    )


def _periods(campaign: schema.Campaign, workdays: Workdays, log: Log) -> tuple[schema.WrittenPeriod, ...]:
    try:
        found = periods(campaign.reporting.rule(), campaign.starts, campaign.ends, workdays)
    except CalendarError as error:
        log.add("reporting", str(error))
        raise DefinitionError(log.mistakes) from None
    return tuple(
        schema.WrittenPeriod(
            ends=period.ends_on, due=period.due_on, due_time=period.due_time, title=period.title
        )
        for period in found
    )


# --- the definition as last loaded ----------------------------------------------------------------


def _packed(state: schema.State) -> dict[str, str]:
    """Return what Campaign.loaded keeps: JSON in one compressed text.

    Every page reads its campaign's row and only the next load reads this: packed it is a sixth as long, and
    costs no parsing.
    """
    data = {
        "campaign": state.campaign.plain(),
        "units": as_csv(state.units),
        "periods": [period.plain() for period in state.periods],
    }
    content = json.dumps(data, ensure_ascii=False, sort_keys=True).encode()
    return {"packed": base64.b64encode(zlib.compress(content)).decode()}


def _base(row: Campaign, log: Log) -> schema.State:
    try:
        data = json.loads(zlib.decompress(base64.b64decode(row.loaded["packed"])))
        units = rows_of(data["units"], UNITS_FILE, schema.Unit.names(), schema.Unit.REQUIRED_COLUMNS, Log())
        return schema.State(
            campaign=schema.Campaign.from_plain(data["campaign"]),
            units=read_units(units, Log()),
            periods=tuple(schema.WrittenPeriod.from_plain(period) for period in data["periods"]),
        )
    except (KeyError, TypeError, ValueError, zlib.error):
        # Made in the portal, not from a file: what was changed since cannot be told.
        log.add("code", f"活动 {row.code} 已经存在，但不是由定义文件载入的；要用文件覆盖它，请加 --replace。")
        raise DefinitionError(log.mistakes) from None
