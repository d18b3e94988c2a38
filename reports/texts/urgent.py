"""急报: a unit reports what cannot wait; the coordinators of the unit and of all above are told at once."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, ReportingUnit, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports import notifications
from reports.lifecycle import TransitionError, storable
from reports.models import Notice, UrgentMatter, UrgentNote, UrgentSighting

SECOND_CLICK = timedelta(minutes=10)
"""Within which the same words of the same person are the same matter, sent again on a slow line."""
SHORTEST = 10
"""Characters of what happened."""


class UrgentError(TransitionError):
    """The matter is not taken; the message is a sentence for the user."""


def reporting_places(user: User, campaign: Campaign) -> list[UnitPlace]:
    """Return the places open today of the units for which `user` reports: where an urgent matter may come from."""
    today = campaign.today()
    places = campaign.places.filter(
        unit__memberships__user=user, unit__memberships__role=Membership.Role.REPORTER
    ).select_related("unit")
    return [
        place
        for place in places
        if (place.opens is None or place.opens <= today) and (place.closes is None or place.closes >= today)
    ]


def report(place: UnitPlace, *, kind: str, title: str, text: str, by: User) -> UrgentMatter:
    """Keep an urgent matter and tell the active coordinators of the unit and of every unit above it.

    A closed campaign still takes one: what cannot wait is not refused for a date. Sent twice, it is one.
    Raises UrgentError.
    """
    title, text = " ".join(storable(title).split()), storable(text).strip()
    if kind not in UrgentMatter.Kind.values:
        raise UrgentError("请选择类别：重要舆情、突发事件或重大情况。")
    if not title:
        raise UrgentError("请填写标题：什么地方发生了什么事。")
    if len("".join(text.split())) < SHORTEST:
        raise UrgentError(f"请写明情况：时间、地点、经过、已采取的措施，不少于 {SHORTEST} 字。")
    now = timezone.now()
    said = {
        "campaign": place.campaign,
        "unit": place.unit,
        "kind": kind,
        "title": title,
        "text": text,
        "author": by,
    }
    with transaction.atomic():
        if sent := UrgentMatter.objects.filter(**said, at__gt=now - SECOND_CLICK).last():
            return sent
        matter = UrgentMatter.objects.create(**said, at=now)
        told = _coordinators_upward(place)
        UrgentSighting.objects.bulk_create(
            UrgentSighting(matter=matter, user=user, unit=unit) for user, unit in told
        )
        _tell(matter, (user for user, _ in told), f"{matter.get_kind_display()}：{place.unit} {title}", text)
    return matter


def open_by(matter: UrgentMatter, user: User) -> UrgentSighting | None:
    """Note that `user`, who was told, has opened the matter; the first time counts. None for anyone else."""
    UrgentSighting.objects.filter(matter=matter, user=user, seen_at=None).update(seen_at=timezone.now())
    return UrgentSighting.objects.filter(matter=matter, user=user).first()


def acknowledge(matter: UrgentMatter, *, by: User) -> None:
    """签收: the matter leaves the top of the person's pages. Once; a second click changes nothing."""
    now = timezone.now()
    with transaction.atomic():
        open_by(matter, by)
        UrgentSighting.objects.filter(matter=matter, user=by, acknowledged_at=None).update(
            acknowledged_at=now
        )


def add_note(matter: UrgentMatter, *, text: str, by: User) -> UrgentNote:
    """Add what became known, or what is to be done, and tell everyone concerned but who wrote it."""
    text = storable(text).strip()
    if not text:
        raise UrgentError("请填写内容。")
    now = timezone.now()
    with transaction.atomic():
        if sent := matter.notes.filter(text=text, author=by, at__gt=now - SECOND_CLICK).last():
            return sent
        note = matter.notes.create(text=text, author=by, at=now)
        told = [sighting.user for sighting in matter.sightings.select_related("user")]
        told += notifications.reporters_of([matter.unit_id])[matter.unit_id]
        others = (person for person in told if person.pk != by.pk)
        _tell(matter, others, f"{matter.unit} {matter}有新情况", text)
    return note


def _tell(matter: UrgentMatter, people: Iterable[User], title: str, text: str) -> None:
    notifications.tell(
        people,
        campaign=matter.campaign,
        kind=Notice.Kind.URGENT,
        title=title,
        text=text,
        url=reverse("reports:urgent-detail", args=[matter.pk]),
    )


def _coordinators_upward(place: UnitPlace) -> list[tuple[User, ReportingUnit]]:
    """Each active coordinator once, for the nearest of their units, from the unit up to the root."""
    places = UnitPlace.objects.select_related("unit").in_bulk(place.ancestor_ids)
    units = [places[pk].unit for pk in reversed(place.ancestor_ids)]
    order = {unit.pk: position for position, unit in enumerate(units)}
    memberships = Membership.objects.filter(
        unit__in=units, role=Membership.Role.COORDINATOR, user__is_active=True
    ).select_related("user")
    found: dict[int, tuple[User, ReportingUnit]] = {}
    for membership in sorted(memberships, key=lambda row: (order[row.unit_id], row.pk)):
        found.setdefault(membership.user_id, (membership.user, units[order[membership.unit_id]]))
    return list(found.values())
