"""The grid of one report: the form's bands with figures, last figures, increments and findings. No HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from campaigns.header import Band
from campaigns.models import Indicator, ReportForm
from reports.entry.validation import Finding
from reports.numbers import format_figure, plain


@dataclass(frozen=True)
class GridCell:
    """One cell. Figures are Decimals in the indicator's unit of measure, None where blank.

    `text` stands in the input: what was typed and refused, otherwise the figure with its separators.
    `path`: texts of the headers above it (`Header.paths`).
    `seen` is the figure as stored when the page was drawn: a save changes the cell only while it still is.
    """

    indicator: Indicator
    value: Decimal | None
    text: str
    seen: str
    previous: Decimal | None
    findings: tuple[Finding, ...]
    marked: bool
    path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a screen reader says of the cell: the headers above it from the top, then its column."""
        above = "，".join(self.path).replace("：，", "：")
        return f"{above}，第{self.indicator.number}列"

    @property
    def previous_seen(self) -> str:
        """The last figure as one would type it; "" where there is none."""
        return "" if self.previous is None else plain(self.previous, self.indicator.decimals)

    @property
    def increment(self) -> Decimal | None:
        """This period's figure − the last one; a first figure counts from 0, None where the figure is blank."""
        if self.value is None:
            return None
        return self.value - (self.previous or 0)

    @property
    def is_fall(self) -> bool:
        return self.increment is not None and self.increment < 0

    @property
    def mark(self) -> str:
        """The gravest class among the cell's findings: fatal, query or an empty string."""
        classes = {finding.finding_class for finding in self.findings}
        return next((worst for worst in ("fatal", "query") if worst in classes), "")


@dataclass(frozen=True)
class Section:
    """One band of the form with its cells in printed order."""

    band: Band
    cells: tuple[GridCell, ...]


@dataclass(frozen=True)
class Grid:
    sections: tuple[Section, ...]

    @property
    def cells(self) -> tuple[GridCell, ...]:
        return tuple(cell for section in self.sections for cell in section.cells)

    @property
    def filled(self) -> int:
        return sum(cell.value is not None for cell in self.cells)

    @property
    def total(self) -> int:
        return len(self.cells)


def build_grid(
    form: ReportForm,
    figures: Mapping[int, Decimal | None],
    *,
    previous: Mapping[int, Decimal | None],
    findings: Sequence[Finding] = (),
    typed: Mapping[int, str] | None = None,
    marked: Sequence[int] = (),
) -> Grid:
    """Lay the figures of one report out in the form's bands. Mappings go by indicator number.

    `typed`: texts that stand in the inputs instead of the stored figures; `marked`: cells named by a return.
    """
    typed = typed or {}
    indicators = {indicator.number: indicator for indicator in form.columns}
    paths = form.header.paths()

    def cell(number: int) -> GridCell:
        indicator = indicators[number]
        value = figures.get(number)
        return GridCell(
            indicator=indicator,
            value=value,
            text=typed.get(number, "" if value is None else format_figure(value, indicator.decimals)),
            seen="" if value is None else plain(value, indicator.decimals),
            previous=previous.get(number),
            findings=tuple(finding for finding in findings if number in finding.cells),
            marked=number in marked,
            path=paths[number],
        )

    return Grid(
        tuple(
            Section(band, tuple(cell(column.number) for column in band.columns)) for band in form.header.bands
        )
    )
