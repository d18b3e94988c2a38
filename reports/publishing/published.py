"""What an edition keeps, and how it is read again: enough to print it whatever becomes of forms and units since.

The figures stand on the official basis, to date and of the period, with what they are made of and the header of
each form. `Edition.content`:
    {"forms": {code: {"cumulative": as `roll_up` prints it, "increment": the same, "position": 1, "version": 1,
      "annex", "title", "subtitle", "layout", "bands", "print_units", "notes_title", "notes", "heading", "short",
      "columns": [{"number", "label", "unit", "group", "lines", "confirmed", "decimals"}],
      "carried": [[name, "2024-02-16"]], "never": [name], "exempt": [name], "gathers": [codes of rows with units below]}}}
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from campaigns.header import Column, Header, build_header
from campaigns.models import ReportForm, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports.letterhead import heading
from reports.models import Edition
from reports.rollup import Coverage, RollUp, Row, Total, as_json, total_of

MEASURE_WORDS = {"cumulative": "累计", "increment": "本期新增"}


@dataclass(frozen=True)
class Paper:
    """One form of an edition, as it was: what the templates of a roll-up print of a form, and its figures."""

    code: str
    version: int
    annex: str
    title: str
    subtitle: str
    layout: str
    notes_title: str
    notes: tuple[str, ...]
    heading: tuple[str, ...]
    short: str
    header: Header
    cumulative: RollUp
    increment: RollUp

    @property
    def columns(self) -> list[Column]:
        return [column for band in self.header.bands for column in band.columns]

    def in_measure(self, measure: str) -> RollUp:
        return self.increment if measure == "increment" else self.cumulative


@dataclass(frozen=True)
class Difference:
    """A figure that is another one now than published: None where no unit reported it."""

    paper: Paper
    column: Column
    measure: str
    published: Decimal | None
    now: Decimal | None

    @property
    def measure_word(self) -> str:
        return MEASURE_WORDS[self.measure]

    @property
    def change(self) -> Decimal | None:
        """Now less published; None where either is unknown."""
        return None if self.published is None or self.now is None else self.now - self.published


def keep(form: ReportForm, place: UnitPlace, cumulative: RollUp, increment: RollUp) -> dict[str, Any]:
    """Return what an edition keeps of one form."""
    return {
        "cumulative": as_json(cumulative),
        "increment": as_json(increment),
        "position": form.position,
        "version": form.version,
        "annex": form.annex,
        "title": form.title,
        "subtitle": form.subtitle,
        "layout": form.layout,
        "bands": form.bands,
        "print_units": form.print_units,
        "notes_title": form.notes_title,
        "notes": form.notes,
        "heading": list(heading(form, place)),
        "short": place.short,
        "columns": [_kept(column) for band in form.header.bands for column in band.columns],
        "carried": [[name, as_of.isoformat()] for name, as_of in cumulative.carried],
        "never": list(cumulative.never),
        "exempt": list(cumulative.exempt),
        "gathers": [row.unit for row in cumulative.rows if row.has_below and not row.own],
    }


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a content as 64 hexadecimal digits.

    It is taken over its JSON in UTF-8: keys sorted, no blanks, Chinese as itself.
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_intact(edition: Edition) -> bool:
    """Say whether what is stored is what was published."""
    workbook = hashlib.sha256(edition.workbook).hexdigest()
    return digest(edition.content) == edition.checksum and workbook == edition.workbook_checksum


def papers(edition: Edition) -> list[Paper]:
    """Return the forms of an edition in printed order, from what it keeps alone."""
    kept = sorted(edition.content["forms"].items(), key=lambda item: item[1]["position"])
    return [_paper(code, form) for code, form in kept]


def differences(edition: Edition, place: UnitPlace) -> list[Difference]:
    """Compare an edition with the official figures of today: totals to date and of the period, changed ones alone."""
    forms = {form.code: form for form in edition.period.campaign.forms.all()}
    found: list[Difference] = []
    for paper in papers(edition):
        if form := forms.get(paper.code):
            found += compared(paper, total_of(form, edition.period, place.unit, measure="increment"))
    return found


def compared(paper: Paper, now: Total) -> Iterator[Difference]:
    """Yield the totals of a form that differ. now: the same question with increments."""
    for measure, published, today in (
        ("cumulative", paper.cumulative.total, now.cumulative),
        ("increment", paper.increment.total, now.total),
    ):
        for column in paper.columns:
            was, value = published[column.number], today.get(column.number)
            if was != value:
                yield Difference(paper, column, measure, was, value)


def readers(edition: Edition, *, but: User | None) -> list[User]:
    """Return the coordinators and viewers of the unit and of the one directly above it, without `but`."""
    above = [int(part) for part in edition.path.split("/")[:-1]][-2:]
    people = User.objects.filter(
        memberships__unit__places__in=above,
        memberships__role__in=(Membership.Role.COORDINATOR, Membership.Role.VIEWER),
    )
    return [person for person in people.distinct() if but is None or person.pk != but.pk]


def _kept(column: Column) -> dict[str, Any]:
    """Return a column as JSON gives it back."""
    group = None if column.group is None else list(column.group)
    return asdict(column) | {"group": group, "lines": list(column.lines)}


def _paper(code: str, kept: Mapping[str, Any]) -> Paper:
    columns = [
        Column(
            **column
            | {
                "group": None if column["group"] is None else tuple(column["group"]),
                "lines": tuple(column["lines"]),
            }
        )
        for column in kept["columns"]
    ]
    header = build_header(
        columns,
        layout=kept["layout"],
        bands=kept["bands"] or None,
        print_units=kept["print_units"] or None,
    )
    cumulative, increment = (_rollup(kept, measure, columns) for measure in MEASURE_WORDS)
    return Paper(
        code=code,
        version=kept["version"],
        annex=kept["annex"],
        title=kept["title"],
        subtitle=kept["subtitle"],
        layout=kept["layout"],
        notes_title=kept["notes_title"],
        notes=tuple(kept["notes"]),
        heading=tuple(kept["heading"]),
        short=kept["short"],
        header=header,
        cumulative=cumulative,
        increment=increment,
    )


def _rollup(kept: Mapping[str, Any], measure: str, columns: list[Column]) -> RollUp:
    """Return a roll-up as it was; values in the order of the form, which JSON in a database does not keep."""
    printed, to_date = kept[measure], kept["cumulative"]
    rows = []
    for row, row_to_date in zip(printed["rows"], to_date["rows"], strict=True):
        rows.append(
            Row(
                unit=row["unit"],
                name=row["name"],
                own=row["own"],
                state=row["state"],
                as_of=date.fromisoformat(row["as_of"]) if row["as_of"] else None,
                coverage=_coverage(row["coverage"]),
                values=_values(row["values"], columns),
                cumulative=_values(row_to_date["values"], columns),
                blank=_counts(row["blank"], columns),
                place=0,
                has_below=row["unit"] in kept["gathers"] and not row["own"],
            )
        )
    return RollUp(
        campaign=printed["campaign"],
        form=printed["form"],
        period=date.fromisoformat(printed["period"]),
        unit=printed["unit"],
        basis=printed["basis"],
        measure=measure,
        coverage=_coverage(printed["coverage"]),
        as_of=min((row.as_of for row in rows if row.as_of), default=None),
        total=_values(printed["total"], columns),
        cumulative=_values(to_date["total"], columns),
        blank=_counts(printed["blank"], columns),
        rows=tuple(rows),
        carried=tuple((name, date.fromisoformat(as_of)) for name, as_of in kept["carried"]),
        never=tuple(kept["never"]),
        exempt=tuple(kept["exempt"]),
    )


def _coverage(kept: Mapping[str, int]) -> Coverage:
    return Coverage(kept["expected"], kept["reported"], kept["carried"], kept["never"], kept.get("exempt", 0))


def _values(kept: Mapping[str, str | None], columns: list[Column]) -> dict[int, Decimal | None]:
    texts = {column.number: kept[str(column.number)] for column in columns}
    return {number: None if text is None else Decimal(text) for number, text in texts.items()}


def _counts(kept: Mapping[str, int], columns: list[Column]) -> dict[int, int]:
    return {column.number: kept[str(column.number)] for column in columns if str(column.number) in kept}
