"""The smallest worlds that tests are built from. Each function makes one thing and returns it."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from campaigns.models import (
    Campaign,
    Indicator,
    ReportForm,
    ReportingPeriod,
    ReportingUnit,
    UnitPlace,
    ValidationRule,
)
from chunfeng.accounts.models import Membership, User
from reports.models import Attachment, Figure, Submission, TextReport
from reports.texts import attachments

PASSWORD = "spring-2024-wind"  # of everybody made here
SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAYS = (date(2024, 1, 26), date(2024, 2, 2), date(2024, 2, 9))


def make_campaign(
    code="spring", *, period_ends=FRIDAYS, starts=date(2024, 1, 25), due_time=time(17, 30), **more
):
    """A campaign with one period an end date, each due on that day in Shanghai."""
    more.setdefault("title", "某市2024年春风行动")
    campaign = Campaign.objects.create(
        code=code, starts=starts, ends=max(period_ends), counts_from=starts, **more
    )
    first = starts
    for number, ends_on in enumerate(sorted(period_ends), start=1):
        due_at = datetime.combine(ends_on, due_time, SHANGHAI).astimezone(UTC)
        ReportingPeriod.objects.create(
            campaign=campaign, number=number, starts_on=first, ends_on=ends_on, due_at=due_at
        )
        first = ends_on + timedelta(days=1)
    return campaign


def period_of(campaign, number):
    return campaign.periods.get(number=number)


def make_form(campaign, code="fu1", *, indicators=3, rules=(), **more):
    """A form. `indicators`: how many plain whole-number columns, or a list of dicts of Indicator fields.

    In a dict `of` names the parent's number. `rules`: (rule, class) pairs.
    """
    more.setdefault("title", "工作情况统计表")
    form = ReportForm.objects.create(
        campaign=campaign, code=code, position=campaign.forms.count() + 1, **more
    )
    if isinstance(indicators, int):
        indicators = [{} for _ in range(indicators)]
    made = {}
    for position, fields in enumerate(indicators, start=1):
        fields = dict(fields)
        number = fields.pop("number", position)
        parent = fields.pop("of", None)
        fields.setdefault("label", f"指标{number}")
        fields.setdefault("unit_of_measure", "人")
        made[number] = Indicator.objects.create(
            report_form=form, number=number, position=position, parent=made.get(parent), **fields
        )
    for position, (rule, rule_class) in enumerate(rules, start=1):
        ValidationRule.objects.create(report_form=form, position=position, rule=rule, rule_class=rule_class)
    return form


def make_rows_form(campaign, code="fu1", **more):
    """A form as Wuhan's 附件1 is issued: 甲 column, 总计 first, a row a unit, signatures and notes below."""
    return make_form(
        campaign,
        code,
        **{
            "annex": "附件1",
            "subtitle": "（人力资源社会保障部门）",
            "filled_by": "____人力资源（社会保障）局",
            "printed_unit": "单位：人",
            "signatures": ["单位负责人签章", "填表人签章", "联系电话", "填报日期"],
            "notes_title": "填报说明：",
            **more,
        },
    )


def make_bands_form(campaign, code="fu2", **more):
    """A form as Jiangsu's 附件2 is issued: one unit, five columns broken into bands of two and three."""
    return make_form(
        campaign,
        code,
        **{
            "annex": "附件2",
            "title": "劳务协作进展情况统计表",
            "layout": "bands",
            "bands": [2, 3],
            "head": ["填报单位", "填报日期"],
            "print_units": "{label}({unit})",
            "notes_title": "备注：",
            "notes": ["统计数据为累计数。"],
            **more,
        },
    )


def make_place(campaign, code, *, parent=None, reports=True, level="county", **more):
    """Unit `code` (made if new) and its place in the campaign under the place `parent`."""
    name = more.pop("name", f"单位{code}")
    unit, _ = ReportingUnit.objects.get_or_create(code=code, defaults={"name": name})
    more.setdefault("short", name)
    place = UnitPlace.objects.create(
        campaign=campaign,
        unit=unit,
        parent=parent,
        position=campaign.places.count() + 1,
        level=level,
        reports=reports,
        name=name,
        **more,
    )
    place.path = UnitPlace.path_below(parent, place.pk)
    place.save(update_fields=["path"])
    return place


def make_province(campaign, *counties):
    """某省 (32) over 甲市 (3201) and 乙市 (3202), which report nothing themselves, each over counties of these names.

    Returns province, cities, counties (320101, 320102, …, 320201, …).
    """
    province = make_place(campaign, "32", reports=False, level="province", name="某省")
    cities = [
        make_place(campaign, code, parent=province, reports=False, level="prefecture", name=name)
        for code, name in (("3201", "甲市"), ("3202", "乙市"))
    ]
    below = [
        make_place(campaign, f"{city.unit.code}{number:02}", parent=city, name=name)
        for city in cities
        for number, name in enumerate(counties, start=1)
    ]
    return province, cities, below


def make_user(username, *, unit=None, role=Membership.Role.REPORTER, **more):
    """An active person with the PASSWORD; `unit`: a ReportingUnit or UnitPlace."""
    more.setdefault("name", username)
    more.setdefault("must_change_password", False)
    user = User(username=username, **more)
    user.set_password(PASSWORD)
    user.save()
    if unit is not None:
        Membership.objects.create(user=user, unit=getattr(unit, "unit", unit), role=role)
    return user


def make_submission(form, unit, period, figures=None, *, status=Submission.Status.ACCEPTED, **more):
    """A stored report as it stands, past its life cycle. `figures`: {number: number, text or None}."""
    if status in Submission.SENT:
        more.setdefault("submitted_at", period.due_at)
        more.setdefault("first_submitted_at", more["submitted_at"])
    submission = Submission.objects.create(
        report_form=form,
        unit=getattr(unit, "unit", unit),
        period=period,
        ends_on=period.ends_on,
        status=status,
        **more,
    )
    by_number = {indicator.number: indicator for indicator in form.indicators.all()}
    Figure.objects.bulk_create(
        Figure(
            submission=submission,
            indicator=by_number[number],
            value=None if value is None else Decimal(value),
        )
        for number, value in (figures or {}).items()
    )
    return submission


def make_places(campaign, codes, *, parent, level="county", **more):
    """Many reporting units below one parent, in a handful of statements: their places in the order of `codes`."""
    units = ReportingUnit.objects.bulk_create(ReportingUnit(code=code, name=f"单位{code}") for code in codes)
    first = campaign.places.count() + 1
    places = UnitPlace.objects.bulk_create(
        UnitPlace(
            campaign=campaign,
            unit=unit,
            parent=parent,
            path=f"new {unit.code}",
            position=position,
            level=level,
            reports=True,
            name=unit.name,
            short=unit.name,
            **more,
        )
        for position, unit in enumerate(units, start=first)
    )
    for place in places:
        place.path = UnitPlace.path_below(parent, place.pk)
    UnitPlace.objects.bulk_update(places, ["path"])
    return places


def make_submissions(form, places, period, figures, *, status=Submission.Status.ACCEPTED):
    """The same report from many units, as `make_submission` makes one."""
    sent = period.due_at if status in Submission.SENT else None
    reports = Submission.objects.bulk_create(
        Submission(
            report_form=form,
            unit_id=place.unit_id,
            period=period,
            ends_on=period.ends_on,
            status=status,
            submitted_at=sent,
            first_submitted_at=sent,
        )
        for place in places
    )
    by_number = {indicator.number: indicator for indicator in form.indicators.all()}
    Figure.objects.bulk_create(
        Figure(submission=report, indicator=by_number[number], value=Decimal(value))
        for report in reports
        for number, value in figures.items()
    )
    return reports


def make_text(duty, place, period, *, by, status=TextReport.Status.SUBMITTED, **more):
    """A stored text as it stands, past its life cycle."""
    more.setdefault("text", "春风送岗到家门口，群众满意。")
    return TextReport.objects.create(
        duty=duty,
        kind=duty.kind,
        unit=place.unit,
        period=period,
        status=status,
        changed_by=by,
        submitted_at=period.due_at,
        first_submitted_at=period.due_at,
        **more,
    )


def make_picture(report, *, by):
    """A picture of a text as it is kept, with a file that is none."""
    file = Attachment.objects.create(
        report=report,
        kind=Attachment.Kind.PICTURE,
        name="照片.jpg",
        stored=f"picture-{report.pk}",
        content_type="image/jpeg",
        size=3,
        thumbnail=f"picture-{report.pk}-small",
        uploaded_by=by,
        finished_at=report.submitted_at,
    )
    for path in (attachments.path_of(file), attachments.thumbnail_of(file)):
        path.write_bytes(b"jpg")
    return file
