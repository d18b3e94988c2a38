"""Whom the demonstration's units name as contacts, and one urgent matter, long seen by everybody. All invented."""

from datetime import datetime, time, timedelta

from campaigns.models import Campaign, TextDuty
from chunfeng.accounts.models import Membership
from reports import register
from reports.models import Contact, ContactAccess, Notice, UrgentMatter
from reports.texts import duties, urgent

from .figures import chance
from .office import People

_SURNAMES = "陈李王张刘杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_TERMS = ["雨水", "春分", "谷雨", "小满", "芒种", "夏至", "白露", "秋分", "寒露", "霜降", "清明", "立春"]
_URGENT = {
    "kind": UrgentMatter.Kind.INCIDENT,
    "title": "返岗专车因大雪在服务区停留",
    "text": (
        "今天早上7时，两辆返岗专车因大雪封路停在高速服务区，共90人，无人受伤。"
        "已送去热水、早餐和防寒衣物，联络员在现场，正与交警联系放行时间，已告知用工企业。"
    ),
}
_NOTES = (
    (Membership.Role.COORDINATOR, 25, "请保持联系，放行前每小时报一次；注意老人和儿童。"),
    (Membership.Role.REPORTER, 165, "10时20分已放行，两辆车预计14时到达，用工企业安排接站。"),
)


def name_contacts(campaign: Campaign, people: People, now: datetime | None) -> None:
    """Name two contacts of most units that owe them, a day or two before they are due."""
    for duty in campaign.texts.filter(kind=TextDuty.Kind.CONTACT):
        due = duties.due_at(duty, None, campaign)
        if due is None:
            continue
        for place in people.places.values():
            luck = chance("contacts", place.unit.code)
            if not duties.owed_by(place, duty) or luck.random() < 0.15:
                continue
            rows = [
                {
                    "role": role,
                    "name": f"{luck.choice(_SURNAMES)}{luck.choice(_TERMS)}",
                    "post": post,
                    "phone": f"0000-8800{luck.randint(1000, 9999)}",
                    "mobile": f"1380000{luck.randint(1000, 9999)}",
                }
                for role, post in (
                    (Contact.Role.RESPONSIBLE, "副局长"),
                    (Contact.Role.CONTACT, "就业管理科科员"),
                )
            ]
            by = people.acting(place, Membership.Role.REPORTER) or people.reviewer(people.root)
            register.save(campaign, place.unit, rows, by=by)
            moment = min(due, now or due) - timedelta(hours=luck.randint(2, 50))
            Contact.objects.filter(campaign=campaign, unit=place.unit).update(saved_at=moment)
            ContactAccess.objects.filter(campaign=campaign, unit=place.unit).update(at=moment)


def report_urgently(campaign: Campaign, people: People, now: datetime) -> None:
    """Let the first unit with a reporter and a coordinator of its own report a matter of three days ago."""
    place = next(
        (
            place
            for place in people.places.values()
            if place != people.root and all(people.acting(place, role) for role, *_ in _NOTES)
        ),
        None,
    )
    if place is None:
        return
    day = now.astimezone(campaign.zone).date() - timedelta(days=3)
    at = datetime.combine(day, time(7, 40), campaign.zone)
    reporter = people.acting(place, Membership.Role.REPORTER)
    if reporter is None:
        return
    matter = urgent.report(place, **_URGENT, by=reporter)
    for minutes, sighting in enumerate(matter.sightings.select_related("user"), start=1):
        urgent.acknowledge(matter, by=sighting.user)
        matter.sightings.filter(pk=sighting.pk).update(
            seen_at=at + timedelta(minutes=6 * minutes), acknowledged_at=at + timedelta(minutes=7 * minutes)
        )
    for role, minutes, text in _NOTES:
        by = people.reviewer(people.root) if role == Membership.Role.COORDINATOR else reporter
        note = urgent.add_note(matter, text=text, by=by)
        matter.notes.filter(pk=note.pk).update(at=at + timedelta(minutes=minutes))
    UrgentMatter.objects.filter(pk=matter.pk).update(at=at)
    Notice.objects.filter(campaign=campaign, kind=Notice.Kind.URGENT).update(
        at=at, read_at=at + timedelta(hours=3)
    )
