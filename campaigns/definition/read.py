"""Read a definition from its folder: everything is checked before anything is believed."""

from pathlib import Path
from typing import cast

from . import meaning, schema
from .kinds import ReadingError
from .mistakes import CAMPAIGN_FILE, UNITS_FILE, DefinitionError, Log, Mistake
from .source import Node, Pairs, read_csv, read_yaml


def read(folder: str | Path) -> schema.Definition:
    """Read campaign.yaml and its units. Raises DefinitionError with all mistakes found, and nothing else."""
    folder = Path(folder)
    if not _is_folder(folder):
        sentence = "不是文件夹，请给出 campaign.yaml 所在的文件夹。"
        raise DefinitionError([Mistake(str(folder), None, "", sentence)])
    log = Log()
    campaign: schema.Campaign | None = None
    node = read_yaml(folder / CAMPAIGN_FILE, log)
    if node is not None:
        log.lines[""] = node.line
        try:
            campaign = schema.Campaign.read(node, "", log)
        except ReadingError as error:
            log.add_file(CAMPAIGN_FILE, str(error), line=node.line)
    log.units_file = campaign.units_file if campaign else UNITS_FILE
    rows = read_csv(folder / log.units_file, schema.Unit.names(), schema.Unit.REQUIRED_COLUMNS, log)
    units = read_units(rows, log)
    if campaign is not None:
        meaning.check(campaign, units, log)
    log.raise_if_any()
    return schema.Definition(cast(schema.Campaign, campaign), units, dict(log.lines))


def _is_folder(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:
        return False


def read_units(rows: list[Pairs] | None, log: Log) -> tuple[schema.Unit, ...]:
    """Read the rows of units.csv; `rows` None: the file itself could not be read."""
    if rows is None:
        log.unsound.add("units")
        return ()
    return tuple(_unit(row, f"units[{index}]", log) for index, row in enumerate(rows))


def _unit(row: Node, path: str, log: Log) -> schema.Unit:
    log.lines[path] = row.line
    return schema.Unit.read(row, path, log)
