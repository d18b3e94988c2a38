"""Which unit a text in a workbook names: by its name, its short name, or what offices write instead."""

import re
from collections import defaultdict
from collections.abc import Iterable

from campaigns.models import ReportForm, UnitPlace

from .recognise import folded

_OFFICE = re.compile(
    r"(?:人力资源\(?和?社会保障\)?局?|人力资源局|人社局|人力社保局|社会保障局|劳动保障局|劳动局|总工会|工会|妇女联合会|妇联)$"
)
_OWN = re.compile(r"[省市区县]?本级|本单位|本部门")
_LABEL = re.compile(r"^(?:填报单位|填报部门|报送单位|单位名称|填报单位\(盖章\)|单位)(?:\(盖?公?章\))?:")
_GAP = re.compile(r"_{2,}")
_BETWEEN_MEASURES = re.compile(r"[、,;/和及]")


class UnitNames:
    """The names of the units of one campaign, for one form. Ids are those of units."""

    def __init__(self, places: Iterable[UnitPlace], owing: set[int], form: ReportForm) -> None:
        self.owing = owing
        self.names: dict[str, set[int]] = defaultdict(set)
        self.stems: dict[str, set[int]] = defaultdict(set)
        listed = list(places)
        shorts = {place.pk: place.short for place in listed}
        for place in listed:
            above = shorts.get(place.parent_id or 0, "")
            for name in (place.name, place.unit.name, place.short, above + place.short):
                self.names[folded(name)].add(place.unit_id)
                self.names[_stem(folded(name))].add(place.unit_id)
            if form.filled_by and place.unit_id in owing:
                self.names[folded(_GAP.sub(place.short.replace("\\", ""), form.filled_by))].add(place.unit_id)
            if len(place.short) > 2:
                self.stems[folded(place.short)[:-1]].add(place.unit_id)
        self.names.pop("", None)
        printed = _LABEL.sub("", folded(form.printed_unit or ""))
        self.measures = {folded(column.unit_of_measure) for column in form.columns} | {printed}
        gap = folded(_GAP.sub("\x00", form.filled_by)) if form.filled_by else ""
        self.filled_by = re.compile(re.escape(gap).replace("\x00", "(.{1,12})")) if "\x00" in gap else None

    def found(self, text: str) -> set[int]:
        """Return the units that a text may name, those that owe the form alone where there are any."""
        plain = _LABEL.sub("", folded(text))
        plain = plain.strip("_")
        for name in (plain, _stem(plain)):
            if found := self.names.get(name):
                return found & self.owing or found
        found = self.stems.get(_stem(plain), set())
        return found & self.owing or found

    def is_own(self, text: str) -> bool:
        """True for 市本级 and the like: the unit itself that the sheet is about."""
        return bool(_OWN.fullmatch(folded(text)))

    def claims(self, text: str) -> str:
        """Return the name in a text above a table that says who fills the form; "" where it says nothing."""
        plain = folded(text)
        if match := _LABEL.match(plain):
            claim = plain[match.end() :].strip("_")
            # 单位：人 says what is counted.
            return "" if self.measures.issuperset(_BETWEEN_MEASURES.split(claim)) else claim
        if self.filled_by and (match := self.filled_by.fullmatch(plain)):
            return "" if not match[1].strip("_") else plain
        return plain if plain in self.names and _OFFICE.search(plain) else ""

    def in_file_name(self, name: str) -> set[int]:
        """Return the units whose short name stands in the name of a file: a hint, no more."""
        plain = folded(name)
        return {
            pk
            for short, pks in self.names.items()
            if len(short) > 1 and short in plain
            for pk in pks & self.owing
        }


def _stem(text: str) -> str:
    return _OFFICE.sub("", text)
