"""A province that publishes, and a correction of what it has published."""

from types import SimpleNamespace

from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.entry import drafts
from tests.factories import make_campaign, make_form, make_province, make_submission, make_user, period_of

COORDINATOR, VIEWER = Membership.Role.COORDINATOR, Membership.Role.VIEWER


def make_world():
    """A province of two cities with a county each. Period 1: 10 and 20; period 2: 15 and nothing from the second."""
    campaign = make_campaign(sign_off_by="prefecture")
    form = make_form(campaign, indicators=2, layout="rows", annex="附件1", notes=["统计数据为累计数。"])
    province, cities, counties = make_province(campaign, "东区")
    first, second = period_of(campaign, 1), period_of(campaign, 2)
    make_submission(form, counties[0], first, {1: 10, 2: 1})
    make_submission(form, counties[1], first, {1: 20, 2: None})
    report = make_submission(form, counties[0], second, {1: 15, 2: 1})
    return SimpleNamespace(
        campaign=campaign,
        form=form,
        province=province,
        cities=cities,
        counties=counties,
        first=first,
        second=second,
        third=period_of(campaign, 3),
        report=report,
        clerk=make_user("clerk", unit=counties[0]),
        boss=make_user("boss", unit=province, role=COORDINATOR),
    )


def correct(world, report, figures):
    """Reopen an accepted report, change it, send and accept it again."""
    lifecycle.reopen(report, by=world.boss, comment="第1列有误，请更正")
    texts = {number: str(value) for number, value in figures.items()}
    drafts.save_figures(report, texts, seen=None, by=world.clerk)
    for finding in (found for found in lifecycle.check(report) if found.finding_class == "query"):
        drafts.save_explanations(report, {finding.key: "台账核对后更正"}, by=world.clerk)
    lifecycle.submit(report, by=world.clerk)
    lifecycle.accept(report, by=world.boss)
