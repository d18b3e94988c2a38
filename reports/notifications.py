"""What people are told: a notice in the portal, and the same by e-mail where they have an address.

A notice is written in the caller's transaction, so that it is there exactly when what it tells of is. E-mails
leave after the commit, from a thread of their own: a mail server that is slow, wrong or gone delays no page and
undoes nothing. What could not be sent is logged; the notice stays.
"""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.urls import reverse

from campaigns.models import Campaign, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports.models import Notice, Submission

logger = logging.getLogger(__name__)

_post_office = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")
"""One at a time, in order. The interpreter ends only once the queue is empty."""


@dataclass(frozen=True)
class Message:
    """What some people are told. title: one line. url: a path of this portal, "" = nothing to open."""

    people: Iterable[User]
    title: str
    text: str = ""
    url: str = ""


def tell(
    people: Iterable[User],
    *,
    campaign: Campaign,
    kind: Notice.Kind,
    title: str,
    text: str = "",
    url: str = "",
    email: bool = True,
) -> list[Notice]:
    """Tell each person once; who is disabled is passed over. Returns the notices.

    email: also by e-mail, to those who have an address. The rest as in `Message`.
    """
    return tell_each([Message(people, title, text, url)], campaign=campaign, kind=kind, email=email)


def tell_each(
    messages: Iterable[Message], *, campaign: Campaign, kind: Notice.Kind, email: bool = True
) -> list[Notice]:
    """Tell several things, each to its own people as `tell` does, in a bounded number of statements."""
    notices, letters = [], []
    for message in messages:
        if message.url and not message.url.startswith("/"):
            raise ValueError(f"not a path of this portal: {message.url}")
        title = " ".join(message.title.split())[:200]
        for person in {person.pk: person for person in message.people if person.is_active}.values():
            notice = Notice(
                recipient=person,
                kind=kind,
                campaign=campaign,
                title=title,
                text=message.text,
                url=message.url,
            )
            notices.append(notice)
            if email and person.email:
                subject = f"【{campaign.title}】{title}"
                letters.append(mail.EmailMessage(subject, _body(person, notice), to=[person.email]))
    if letters:
        transaction.on_commit(lambda: _post_office.submit(_send, letters))
    return Notice.objects.bulk_create(notices)


def wait_for_mail() -> None:
    """Return once every e-mail that was handed over before has been sent or given up."""
    _post_office.submit(lambda: None).result()


def reporters_of(units: Iterable[int]) -> dict[int, list[User]]:
    """Return the active reporters of units, by id of unit, longest in office first; in one query."""
    people: dict[int, list[User]] = {pk: [] for pk in units}
    memberships = Membership.objects.filter(
        role=Membership.Role.REPORTER, unit__in=people, user__is_active=True
    )
    for membership in memberships.select_related("user").order_by("pk"):
        people[membership.unit_id].append(membership.user)
    return people


def entry_path(campaign: Campaign, form: ReportForm, period: ReportingPeriod, unit: ReportingUnit) -> str:
    """Return the path of the page on which `unit` fills `form`."""
    return reverse("reports:entry", args=[campaign.code, form.code, period.ends_on.isoformat(), unit.code])


def returned(submission: Submission, comment: str, *, reopened: bool = False) -> None:
    """Tell the unit's reporters that a report came back, and why."""
    form, period, unit = submission.report_form, submission.period, submission.unit
    verb = "已重新打开，请更正后再次上报" if reopened else "被退回，请更正后再次上报"
    came_back(
        unit,
        period.campaign,
        title=f"{unit} {form.annex or form.title} {period}{verb}",
        text=comment,
        url=entry_path(period.campaign, form, period, unit),
    )


def came_back(unit: ReportingUnit, campaign: Campaign, *, title: str, text: str, url: str) -> None:
    """Tell the unit's reporters that something they sent came back, and why."""
    tell(
        reporters_of([unit.pk])[unit.pk],
        campaign=campaign,
        kind=Notice.Kind.RETURNED,
        title=title,
        text=text,
        url=url,
    )


def due_changed(
    period: ReportingPeriod, title: str, text: str, *, units: Iterable[int] | None = None
) -> None:
    """Tell reporters that their duty in the period has changed. units: ids; None = every unit that files in it."""
    if units is None:
        units = UnitPlace.objects.open_in(period).filter(reports=True).values("unit")
    people = User.objects.filter(
        memberships__role=Membership.Role.REPORTER, memberships__unit__in=units
    ).distinct()
    tell(
        people,
        campaign=period.campaign,
        kind=Notice.Kind.DUE,
        title=title,
        text=text,
        url=reverse("reports:task-list", args=[period.campaign.code]),
    )


def _body(person: User, notice: Notice) -> str:
    """The letter's text. The portal's address is a setting: without it the letter names the page alone."""
    where = (
        f"{settings.PORTAL_URL}{notice.url}"
        if settings.PORTAL_URL
        else "请登录春风行动统计报送系统，在“通知”中查看。"
    )
    return "\n\n".join(part for part in (f"{person}：", notice.title, notice.text, where) if part)


def _send(messages: list[mail.EmailMessage]) -> None:
    """Send over one connection; what fails is logged, one message at a time, and never raised."""
    try:
        connection = mail.get_connection()
        connection.open()
    except Exception:  # whatever a mail server or its settings come up with
        logger.exception("%d e-mails were not sent: no connection to the mail server", len(messages))
        return
    for message in messages:
        message.connection = connection
        try:
            message.send()
        except Exception:
            logger.exception("an e-mail to %s was not sent", message.to[0])
    try:
        connection.close()
    except Exception:
        logger.exception("the connection to the mail server did not close")
