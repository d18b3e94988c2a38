"""Offices and their places in bulk, by django-import-export: see `campaigns.tables` for the steps."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from import_export.fields import Field

from campaigns import registry
from campaigns.models import Campaign, ReportingUnit, UnitPlace

from .definition import schema
from .definition.kinds import ReadingError
from .tables import TableResource


class UnitResource(TableResource):
    """Lasting offices: a new code makes one, a known code gives it the name of the row."""

    code = Field("code", "代码")
    name = Field("name", "名称")

    ALIASES = {"code": "代码", "name": "名称"}
    REQUIRED = ("代码", "名称")

    class Meta:
        model = ReportingUnit
        fields = ("code", "name")

    def prepare(self, rows: list[dict[str, str]]) -> None:
        self.rows = rows
        self.stored = ReportingUnit.objects.in_bulk([row["代码"] for row in rows], field_name="code")
        kinds = {column: schema.Unit.keys()[key].kind for column, key in (("代码", "code"), ("名称", "name"))}
        seen: set[str] = set()
        for number, row in enumerate(rows):
            found = []
            for column, kind in kinds.items():
                try:
                    if not row[column]:
                        raise ReadingError("不能为空，请填写。")
                    kind.parse(row[column])  # type: ignore[attr-defined]
                except ReadingError as error:
                    found.append(f"“{column}”：{error}")
            if row["代码"] in seen:
                found.append(f"代码 {row['代码']} 在表里有两行，请删去一行。")
            seen.add(row["代码"])
            if found:
                self.mistakes[number] = found

    def instance_of(self, number: int) -> tuple[ReportingUnit, bool]:
        stored = self.stored.get(self.rows[number]["代码"])
        return (ReportingUnit(), True) if stored is None else (stored, False)

    def fill(self, instance: ReportingUnit, number: int) -> None:
        instance.code, instance.name = self.rows[number]["代码"], self.rows[number]["名称"]

    @transaction.atomic
    def carry_out(self, by: Any) -> None:  # noqa: ARG002 (history takes the actor from the request)
        for row in self.rows:
            unit, made = ReportingUnit.objects.get_or_create(code=row["代码"], defaults={"name": row["名称"]})
            if not made and unit.name != row["名称"]:
                unit.name = row["名称"]
                unit.save(update_fields=["name"])


class PlaceResource(TableResource):
    """Places in the tree of one campaign, with the columns of units.csv: see `campaigns.registry`.

    campaign: None in an export, which may hold places of several. within: the campaigns whose offices the user
    may give a place; None = any. refused_rows: says by row what speaks against a plan that is sound in itself.
    """

    code = Field("unit__code", "代码")
    name = Field("name", "名称")
    short = Field("short", "简称")
    level = Field("get_level_display", "级别")
    parent = Field("parent__unit__code", "上级代码")
    line = Field("line", "条线")
    reports = Field("reports", "填报")
    opens = Field("opens", "启用")
    closes = Field("closes", "停用")
    after_close = Field("after_close", "停用后")

    ALIASES = {written: column for column, written in registry.COLUMNS.items()}
    REQUIRED = ("代码", "名称", "级别", "上级代码", "填报")

    class Meta:
        model = UnitPlace
        fields = tuple(registry.COLUMNS.values())

    def __init__(
        self,
        campaign: Campaign | None = None,
        within: QuerySet[Campaign] | None = None,
        refused_rows: Callable[[registry.Plan], Mapping[int, str]] = lambda _: {},
        **_: Any,
    ) -> None:
        super().__init__()
        self.refused_rows = refused_rows
        self.campaign = campaign
        self.within = within

    def prepare(self, rows: list[dict[str, str]]) -> None:
        assert self.campaign is not None  # noqa: S101 - the form asks for it
        self.planned = registry.plan(self.campaign, rows, within=self.within)
        refused = self.refused_rows(self.planned)
        self.mistakes = dict(self.planned.mistakes) | {row: [said] for row, said in refused.items()}
        held = self.campaign.places.select_related("unit", "parent__unit")
        self.above = {place.unit.code: place for place in held}

    def instance_of(self, number: int) -> tuple[UnitPlace, bool]:
        stored = self.planned.places[number]
        return (UnitPlace(), True) if stored is None else (stored, False)

    def fill(self, instance: UnitPlace, number: int) -> None:
        unit = self.planned.units[number]
        if instance.pk is None:
            instance.unit = ReportingUnit(code=unit.code, name=unit.name)
            instance.opens, instance.closes, instance.after_close = unit.opens, unit.closes, unit.after_close
            if unit.parent:
                instance.parent = UnitPlace(unit=ReportingUnit(code=unit.parent))
        instance.name, instance.short, instance.level = unit.name, unit.short, unit.level
        instance.line, instance.reports = unit.line, unit.reports

    def carry_out(self, by: Any) -> None:  # noqa: ARG002 (history takes the actor from the request)
        registry.carry_out(self.planned)

    def dehydrate_reports(self, place: UnitPlace) -> str:
        return "是" if place.reports else "否"

    def dehydrate_after_close(self, place: UnitPlace) -> str:
        return {"stop": "停止计入", "keep": "继续计入"}.get(place.after_close, "")
