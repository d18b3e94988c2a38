"""What a workbook of ours says of itself: campaign, form, version, unit, period and kind.

It stands in the custom properties of every file. A template carries it on a hidden sheet as well, which is kept
where WPS or LibreOffice saves the file as .xls: there no reader of cells finds the properties.
"""

from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.packaging.custom import StringProperty

from campaigns.models import ReportForm, ReportingPeriod, ReportingUnit

from .book import add_sheet
from .sheet import printable

MARK_SHEET = "chunfeng"
KEYS = ("campaign", "form", "version", "unit", "period", "kind")
_PREFIX = "chunfeng-"


def mark_of(
    form: ReportForm | None, unit: ReportingUnit, period: ReportingPeriod, kind: str
) -> dict[str, str]:
    """Return the mark by `KEYS`, each a plain text; the period is its end as an ISO date.

    form: None for a workbook of several: its mark has neither form nor version.
    """
    of_form = {"form": form.code, "version": str(form.version)} if form else {}
    return {
        "campaign": period.campaign.code,
        **of_form,
        "unit": unit.code,
        "period": period.ends_on.isoformat(),
        "kind": kind,
    }


def write_properties(book: Workbook, mark: dict[str, str]) -> None:
    for key, value in mark.items():
        book.custom_doc_props.append(StringProperty(name=f"{_PREFIX}{key}", value=printable(value)))


def write_sheet(book: Workbook, mark: dict[str, str]) -> None:
    """Add the hidden sheet: a key and its value a row."""
    sheet = add_sheet(book, MARK_SHEET)
    sheet.sheet_state = "veryHidden"
    for row, (key, value) in enumerate(mark.items(), start=1):
        for column, text in enumerate((f"{_PREFIX}{key}", printable(value)), start=1):
            cell = sheet.cell(row, column, text)
            cell.data_type = "s"
            cell.quotePrefix = True
    sheet.protection.enable()


def read_rows(rows: Iterable[Sequence[object]]) -> dict[str, str]:
    """Return the mark that the rows of a hidden sheet hold, by `KEYS`; what is missing in them is missing here.

    Also what properties hold, given as pairs of name and value.
    """
    found = {}
    for row in rows:
        key, value = (*(str(cell).strip() for cell in row[:2]), "", "")[:2]
        if key.startswith(_PREFIX) and (name := key.removeprefix(_PREFIX)) in KEYS:
            found[name] = value
    return found
