"""Load, dump, load: what comes out of the portal is what went in, with what coordinators changed."""

import csv
import tempfile
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.core.management import call_command
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.definition import DefinitionError, dump, load, read, write
from campaigns.models import Campaign, DayOff, Indicator, ReportingUnit
from tests.factories import make_campaign, make_form, make_place

from .definitions import FIXTURES, SMALL, changed, write_definition

pytestmark = pytest.mark.django_db

SHANGHAI = ZoneInfo("Asia/Shanghai")


def rows_of(campaign, *, ids=True):
    """Return every row of the campaign; without ids two campaigns can be compared."""

    def values(queryset):
        found = list(queryset.values())
        for row in found:
            for name in list(row) if not ids else ():
                if name in ("id", "path") or name.endswith("_id"):
                    del row[name]
        return found

    def of(field, *names):
        return field.values_list(*names)

    campaign = Campaign.objects.get(pk=campaign.pk)
    own = {name: getattr(campaign, name) for name in ("title", "theme", "document", "starts", "ends", "counts_from",
                                                      "time_zone", "reporting", "sign_off_by")}  # fmt: skip
    indicators = Indicator.objects.filter(report_form__campaign=campaign).order_by(
        "report_form__position", "position"
    )
    return {
        "campaign": own,
        "forms": values(campaign.forms.order_by("position")),
        "indicators": values(indicators),
        "parents": list(indicators.values_list("report_form__code", "number", "parent__number")),
        "rules": [values(form.rules.all()) for form in campaign.forms.all()],
        "targets": [
            *values(campaign.targets.all()),
            *campaign.targets.values_list("indicator__report_form__code", "indicator__number"),
        ],
        "texts": values(campaign.texts.all()),
        "doubts": [*values(campaign.doubts.all()), *campaign.doubts.values_list("report_form__code")],
        "periods": values(campaign.periods.all()),
        "places": [
            *values(campaign.places.all()),
            *campaign.places.values_list("unit__code", "parent__unit__code", "parent__opens"),
        ],
    }


def load_dump_load(campaign, folder):
    """Assert that loading the dump of `campaign` changes no row, and that it makes the same rows elsewhere."""
    before = rows_of(campaign)
    write(campaign, folder)
    first = [(folder / name).read_bytes() for name in ("campaign.yaml", "units.csv")]
    again = load(read(folder))
    assert (again.created, again.changes, again.kept) == (False, [], [])
    assert rows_of(campaign) == before
    write(again.campaign, folder)
    assert [(folder / name).read_bytes() for name in ("campaign.yaml", "units.csv")] == first
    text = (folder / "campaign.yaml").read_text().replace(f"code: {campaign.code}\n", "code: elsewhere\n", 1)
    (folder / "campaign.yaml").write_text(text)
    elsewhere = load(read(folder)).campaign
    assert elsewhere.code == "elsewhere"
    assert rows_of(elsewhere, ids=False) == rows_of(campaign, ids=False)


@pytest.mark.parametrize("code", ["wuhan-2014", "jiangsu-2024"])
def test_the_two_campaigns(tmp_path, code):
    definition = read(FIXTURES / code)
    campaign = load(definition).campaign
    load_dump_load(campaign, tmp_path)
    write(campaign, tmp_path)
    assert read(tmp_path) == definition
    assert (tmp_path / "units.csv").read_text() == (FIXTURES / code / "units.csv").read_text()


def test_a_dump_has_the_keys_of_the_contract_in_their_order_and_no_defaults(tmp_path):
    campaign = load(read(FIXTURES / "jiangsu-2024")).campaign
    data = dump(campaign)
    assert list(data) == [
        "code", "title", "theme", "document", "starts", "ends", "reporting", "sign_off_by", "units", "forms",
        "targets", "texts", "doubts",
    ]  # fmt: skip
    assert data["starts"] == "2024-01-25"
    assert data["reporting"] == {
        "every": "week", "weekday": "friday", "due_time": "17:30", "on_holiday": "next-workday",
        "extra": [{"ends": "2024-04-08", "due": "2024-04-10", "title": "收官数据"}],
    }  # fmt: skip
    assert data["forms"][0]["indicators"][16] == {
        "number": 17,
        "label": "用于开展各类招聘活动使用资金数量",
        "unit": "万元",
        "decimals": 2,
        "lines": ["用于开展各类", "招聘活动使用", "资金数量"],
        "explain": "活动期间用于开展各类招聘活动的累计资金，单位是万元，不是元，保留两位小数，1月25日起。",
    }
    assert data["units"][1] == {
        "code": "320100", "name": "南京市人力资源和社会保障局", "short": "南京市", "level": "prefecture",
        "parent": "320000", "reports": "1",
    }  # fmt: skip


def test_other_programs_read_the_files_alike(tmp_path):
    """PyYAML's own loader (YAML 1.1) finds texts where texts are meant, and dates, numbers and truth values."""
    text = changed(
        SMALL,
        ("title: 统计表", "title: 'no'"),
        ("label: 线上", "label: '0x10'"),
        ("label: 资金", "label: '12:30:45'"),
        ("{weekday: friday}", '{due_time: "08:05"}'),
        ("at_least: 3", "at_least: 2.50"),
        ("label: 基地", "label: 'null'"),
    )
    call_command("load_campaign", write_definition(tmp_path, text), verbosity=0)
    call_command("dump_campaign", "spring", out=str(tmp_path / "out"))
    data = yaml.safe_load((tmp_path / "out" / "campaign.yaml").read_text())
    assert data["starts"] == date(2025, 2, 3)
    assert data["reporting"]["due_time"] == "08:05"
    assert (data["forms"][0]["title"], data["forms"][1]["indicators"][0]["label"]) == ("no", "null")
    assert [part["label"] for part in data["forms"][0]["indicators"]] == ["招聘活动", "0x10", "12:30:45"]
    assert data["targets"][0]["at_least"] == 2.5
    with (tmp_path / "out" / "units.csv").open(newline="") as file:
        assert [row["code"] for row in csv.DictReader(file)] == ["100", "101", "102"]


# --- what coordinators changed -------------------------------------------------------------------------------


def test_a_dump_carries_labels_doubts_and_units_changed_in_the_portal(tmp_path):
    campaign = load(read(FIXTURES / "jiangsu-2024")).campaign
    label = Indicator.objects.filter(report_form__campaign=campaign, report_form__code="fu2", number=13)
    label.update(label="包车（大巴）", confirmed=True)
    campaign.doubts.filter(about="c13").update(reading="已向省厅核实。")
    campaign.places.filter(unit__code="320102").update(closes=date(2024, 3, 1), after_close="keep")
    data = dump(campaign)
    [indicator] = [part for part in data["forms"][1]["indicators"] if part["number"] == 13]
    assert (indicator["label"], "confirmed" in indicator, "lines" in indicator) == (
        "包车（大巴）",
        False,
        False,
    )
    write(campaign, tmp_path)
    loaded = load(read(tmp_path))
    assert (loaded.changes, loaded.kept) == ([], [])
    assert label.get().label == "包车（大巴）"
    assert campaign.doubts.get(about="c13").reading == "已向省厅核实。"
    assert campaign.places.get(unit__code="320102").closes == date(2024, 3, 1)


def test_a_due_date_moved_in_the_portal_is_an_extra_period_of_the_dump(tmp_path):
    campaign = load(read(FIXTURES / "jiangsu-2024")).campaign
    moved = datetime.combine(date(2024, 2, 19), time(12), SHANGHAI)
    campaign.periods.filter(ends_on=date(2024, 2, 16)).update(due_at=moved)
    later = datetime.combine(date(2024, 4, 12), time(17, 30), SHANGHAI)
    campaign.periods.filter(ends_on=date(2024, 4, 8)).update(due_at=later)
    assert dump(campaign)["reporting"]["extra"] == [
        {"ends": "2024-04-08", "due": "2024-04-12", "title": "收官数据"},
        {"ends": "2024-02-16", "due": "2024-02-19", "due_time": "12:00"},
    ]
    write(campaign, tmp_path)
    before = list(campaign.periods.values())
    load(read(tmp_path))
    assert list(campaign.periods.values()) == before
    load_dump_load(campaign, tmp_path)
    # The file now says so itself: what it says next is followed.
    text = (tmp_path / "campaign.yaml").read_text().replace("due: 2024-02-19", "due: 2024-02-20")
    (tmp_path / "campaign.yaml").write_text(text.replace("code: elsewhere", "code: jiangsu-2024"))
    load(read(tmp_path))
    assert campaign.periods.get(ends_on=date(2024, 2, 16)).due_at == moved + timedelta(days=1)


def test_a_dump_carries_due_dates_that_days_off_of_this_portal_moved(tmp_path):
    DayOff.objects.create(day=date(2025, 2, 7))
    text = changed(SMALL, ("{weekday: friday}", "{weekday: friday, on_holiday: next-workday}"))
    campaign = load(read(write_definition(tmp_path, text))).campaign
    # Saturday 2025-02-08 is an adjusted working day.
    assert dump(campaign)["reporting"]["extra"] == [{"ends": "2025-02-07", "due": "2025-02-08"}]


def test_a_period_taken_away_in_the_portal_makes_a_list(tmp_path):
    campaign = load(read(write_definition(tmp_path))).campaign
    campaign.periods.get(number=2).delete()
    assert dump(campaign)["reporting"] == {
        "every": "list", "due_time": "17:30", "on_holiday": "keep",
        "periods": [{"ends": "2025-02-07", "due": "2025-02-07"}, {"ends": "2025-02-21", "due": "2025-02-21"}],
    }  # fmt: skip
    load(read(write_definition(tmp_path)))
    assert campaign.periods.count() == 2


def test_a_campaign_that_no_file_made_can_be_dumped(tmp_path):
    campaign = make_campaign(title="页面上建立的活动")
    make_form(campaign, indicators=[{"label": "甲"}, {"label": "乙", "of": 1}], rules=[("c2 <= c1", "query")])
    city = make_place(campaign, "1", level="prefecture")
    make_place(campaign, "2", parent=city, opens=date(2024, 2, 1))
    write(campaign, tmp_path)
    definition = read(tmp_path)
    assert [period.ends for period in definition.campaign.reporting.extra] == []
    assert definition.campaign.forms[0].indicators[1].of == 1
    assert [(unit.code, unit.parent) for unit in definition.units] == [("1", ""), ("2", "1")]


# --- any definition ------------------------------------------------------------------------------------------

START = date(2024, 1, 10)
# Letters of three alphabets, what YAML and CSV give a meaning to, and what is easily lost at the ends.
TEXT = st.text(alphabet="春风行动a1　 :#-,'\"[]{}&*!|>%@`~?=\\/（）：“”.é😀", min_size=1, max_size=12).filter(
    str.strip
)
WORD = st.sampled_from(
    ["no", "on", "null", "~", "17:30", "0x1F", "1e3", "2024-01-01", "1_000", "-", "---", "true", "<<"]
)
LABEL = TEXT | WORD
PROSE = st.lists(TEXT, min_size=1, max_size=3).map("\n".join)
DAYS = st.integers(0, 80).map(lambda days: (START + timedelta(days=days)).isoformat())
CLOCK = st.times().map(lambda clock: f"{clock:%H:%M}")


def some(strategies, required=()):
    return st.fixed_dictionaries(
        {name: strategies[name] for name in required},
        optional={name: strategy for name, strategy in strategies.items() if name not in required},
    )


@st.composite
def reportings(draw):
    every = draw(st.sampled_from(["week", "half-month", "list"]))
    ends = draw(st.lists(DAYS, unique=True, min_size=1, max_size=4))
    written = []
    for end in ends:
        period = {"ends": end, **draw(some({"due_time": CLOCK, "title": LABEL}))}
        if draw(st.booleans()):
            period["due"] = (date.fromisoformat(end) + timedelta(days=draw(st.integers(0, 9)))).isoformat()
        written.append(period)
    reporting = {
        "every": every,
        **draw(some({"due_time": CLOCK, "on_holiday": st.sampled_from(["keep", "next-workday"])})),
    }
    if every == "week":
        reporting["weekday"] = draw(st.sampled_from(["monday", "friday", "sunday"]))
    reporting["periods" if every == "list" else "extra"] = written
    return reporting


@st.composite
def forms(draw, code, earlier):
    numbers = draw(st.lists(st.integers(1, 40), unique=True, min_size=1, max_size=6))
    indicators = []
    for index, number in enumerate(numbers):
        indicator = {
            "number": number,
            "label": draw(LABEL).strip(),
            **draw(some({
                "unit": st.sampled_from(["人", "万元", "场次"]),
                "decimals": st.integers(0, 4),
                "nature": st.sampled_from(["cumulative", "flow", "stock"]),
                "group": st.just("") | TEXT | st.lists(TEXT, min_size=1, max_size=3) | st.none(),
                "confirmed": st.booleans(),
                "explain": PROSE,
                "jump": st.integers(1, 9),
                "jump_floor": st.sampled_from(["0", "12.5", "200"]),
                "slip": st.just(100),
                "max": st.sampled_from(["0.01", "5000", "99999.99"]),
            })),
        }  # fmt: skip
        if index and draw(st.booleans()):
            indicator["of"] = draw(st.sampled_from(numbers[:index]))
        cut = draw(st.integers(0, len(indicator["label"])))
        if draw(st.booleans()):
            indicator["lines"] = [indicator["label"][:cut], indicator["label"][cut:]]
        indicators.append(indicator)
    cells = [f"c{number}" for number in numbers] + [f"last.c{numbers[0]}", *earlier]
    rules = draw(st.lists(st.tuples(st.sampled_from(cells), st.sampled_from(["<", ">=", "=="]), st.sampled_from(cells)),
                          unique=True, max_size=3))  # fmt: skip
    form = {
        "code": code,
        "title": draw(LABEL),
        **draw(some({
            "annex": LABEL, "subtitle": TEXT, "line": st.sampled_from(["hr", "union"]), "filled_by": TEXT,
            "head": st.lists(LABEL, max_size=3), "printed_unit": TEXT,
            "print_units": st.sampled_from(["{label} ({unit})", "{label}({unit})"]),
            "signatures": st.lists(TEXT, max_size=3), "notes_title": TEXT, "notes": st.lists(PROSE, max_size=2),
        })),
        "indicators": indicators,
        "checks": [
            {"rule": " ".join(rule), **draw(some({"class": st.sampled_from(["fatal", "query", "hint"]), "say": TEXT}))}
            for rule in rules
        ],
        "doubts": draw(st.lists(some({"about": st.sampled_from(["form", f"c{numbers[0]}"]), "quote": PROSE,
                                      "reading": PROSE}, required=("reading",)), max_size=2)),
    }  # fmt: skip
    if draw(st.booleans()):
        cut = draw(st.integers(1, len(numbers)))
        form |= {"layout": "bands", "bands": [cut, len(numbers) - cut] if cut < len(numbers) else [cut]}
    return form


@st.composite
def unit_tables(draw):
    """A tree of some units; some of them move below another parent while the campaign runs."""
    levels = ["province", "prefecture", "county"]
    rows = [{"code": "u0", "name": "根", "level": "province", "reports": "1"}]
    for index in range(1, draw(st.integers(1, 7))):
        above = [row for row in rows if row["level"] != "county" and not row.get("closes")]
        parent = draw(st.sampled_from(above))
        row = {
            "code": f"u{index}",
            "name": draw(LABEL),
            "level": levels[levels.index(parent["level"]) + 1],
            "parent": parent["code"],
            "reports": draw(st.sampled_from(["0", "1"])),
            **draw(some({"short": TEXT, "line": st.sampled_from(["hr", "union"])})),
        }
        rows.append(row)
        others = [part for part in rows if part["level"] == parent["level"] and not part.get("closes")]
        match (
            draw(st.sampled_from(["stay", "stay", "move", "close"])) if row["level"] == "county" else "stay"
        ):
            case "move":
                later = row | {"parent": draw(st.sampled_from(others))["code"], "opens": "2024-02-10"}
                row["closes"] = "2024-02-09"
                rows.append(later)
            case "close":
                row |= {"closes": "2024-03-01", "after_close": draw(st.sampled_from(["stop", "keep"]))}
    return rows


@st.composite
def definitions(draw):
    """A valid definition: the data of campaign.yaml and the rows of units.csv."""
    first = draw(forms("fu1", []))
    cell = f"fu1.c{first['indicators'][0]['number']}"
    second = draw(st.lists(forms("fu2", [cell]), max_size=1))
    overs = ["campaign"] if first["indicators"][0].get("nature") == "stock" else ["campaign", "week"]
    campaign = {
        "code": "any",
        "title": draw(LABEL),
        **draw(some({
            "theme": TEXT, "counts_from": st.just("2024-01-01"),
            "document": some({"number": LABEL, "issued": DAYS, "issuers": st.lists(TEXT, max_size=2)}),
            "time_zone": st.sampled_from(["Asia/Urumqi", "UTC"]),
            "sign_off_by": st.sampled_from(["prefecture", "county"]),
        })),
        "starts": START.isoformat(),
        "ends": "2024-03-30",
        "reporting": draw(reportings()),
        "forms": [first, *second],
        "targets": draw(st.lists(some({
            "form": st.just("fu1"), "indicator": st.just(first["indicators"][0]["number"]),
            "at_least": st.sampled_from(["3", "0.50", "1000000"]), "over": st.sampled_from(overs),
            "each": st.sampled_from(["county", "prefecture"]), "say": TEXT,
        }, required=("form", "indicator", "at_least")), max_size=3)),
        "texts": draw(st.lists(some({
            "kind": st.sampled_from(["case", "progress", "summary"]), "title": LABEL, "each_period": st.booleans(),
            "due": DAYS, "at_least": st.integers(1, 9), "each": st.sampled_from(["reporter", "county"]),
            "line": st.just("hr"),
        }, required=("kind",)), max_size=3)),
        "doubts": draw(st.lists(some({"quote": PROSE, "reading": PROSE}, required=("quote",)), max_size=2)),
    }  # fmt: skip
    return campaign, draw(unit_tables())


@contextmanager
def undone():
    """A folder and a transaction that leave nothing behind: one example must not see the last."""
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        yield Path(folder)
        transaction.set_rollback(True)


def written(folder, definition):
    """Write a definition with PyYAML and csv alone, so that nothing here leans on the code under test."""
    campaign, units = definition
    (folder / "campaign.yaml").write_text(yaml.safe_dump(campaign, allow_unicode=True, sort_keys=False))
    with (folder / "units.csv").open("w", newline="") as file:
        columns = [
            "code",
            "name",
            "short",
            "level",
            "parent",
            "line",
            "reports",
            "opens",
            "closes",
            "after_close",
        ]
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(units)
    return folder


def load_if_valid(folder):
    """Load the definition in `folder`; None where no unit of the few random ones belongs to a form's line."""
    mistakes = []
    try:
        return load(read(folder))
    except DefinitionError as error:
        mistakes = error.mistakes
    assert all("没有一个填报单位属于条线" in mistake.sentence for mistake in mistakes), mistakes
    return None


@settings(max_examples=40)
@given(definitions())
def test_any_definition_comes_back_as_it_was(definition):
    with undone() as folder:
        if loaded := load_if_valid(written(folder, definition)):
            load_dump_load(loaded.campaign, folder)


@settings(max_examples=25)
@given(definitions(), definitions())
def test_the_latest_file_gives_what_it_would_have_given_alone(first, second):
    with undone() as folder:
        loaded = load_if_valid(written(folder, first))
        renewed = load_if_valid(written(folder, second))
        if not (loaded and renewed):
            return
        (second[0])["code"] = "alone"
        alone = load_if_valid(written(folder, second))
        assert rows_of(renewed.campaign, ids=False) == rows_of(alone.campaign, ids=False)
        assert len(set(renewed.campaign.places.values_list("path", flat=True))) == len(second[1])
        assert ReportingUnit.objects.count() >= len({row["code"] for row in second[1]})
