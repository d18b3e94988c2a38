"""Who looks after whom: plain questions about people, asked by pages and the administration alike."""

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from campaigns.models import Campaign, ReportingUnit, UnitPlace

from .models import Membership, ProposedMembership, User


def is_administrator(user: User, site_role: User.SiteRole) -> bool:
    return user.is_active and user.site_role == site_role


def campaigns_led_by(user: User) -> QuerySet[Campaign]:
    """Campaigns at whose root `user` is a coordinator."""
    if not user.is_active:
        return Campaign.objects.none()
    roots = UnitPlace.objects.filter(
        parent=None,
        campaign=OuterRef("pk"),
        unit__memberships__user=user,
        unit__memberships__role=Membership.Role.COORDINATOR,
    )
    return Campaign.objects.filter(Exists(roots))


def units_below(user: User) -> QuerySet[ReportingUnit]:
    """Units strictly below one where `user` is a coordinator.

    Of several places in campaigns that both units take part in, the latest that has opened counts: a county
    that left a city is no longer below it, whatever last year's tree says.
    """
    found = Q(pk__in=[])
    coordinated = user.memberships.filter(role=Membership.Role.COORDINATOR)
    for unit in coordinated.values_list("unit", flat=True) if user.is_active else ():
        below = Q(pk__in=[])
        for path in UnitPlace.objects.filter(unit=unit).order_by().values_list("path", flat=True):
            below |= Q(path__startswith=path)
        opened = Q(opens__isnull=True) | Q(opens__lte=timezone.localdate())
        places = UnitPlace.objects.filter(opened, unit=OuterRef("unit"), campaign__places__unit=unit)
        latest = places.order_by(
            "-campaign__starts", "-campaign", F("opens").desc(nulls_last=True), "-position"
        )
        held = UnitPlace.objects.filter(below, pk=Subquery(latest.values("pk")[:1])).exclude(unit=unit)
        found |= Q(pk__in=held.order_by().values("unit"))
    return ReportingUnit.objects.filter(found)


def people_managed_by(user: User) -> QuerySet[User]:
    """People whose accounts `user` may disable and whose passwords `user` may reset.

    A system administrator: everybody without a site role. A coordinator: people all of whose units, proposed
    ones included, are strictly below: with a slip in hand one could log in as the person, so nobody who is
    anything above or beside. Site administrators are looked after at the server (`manage.py administrator`).
    """
    people = User.objects.filter(site_role="").exclude(pk=user.pk)
    if is_administrator(user, User.SiteRole.SYSTEM):
        return people
    units = units_below(user).order_by().values("pk")
    held = Membership.objects.filter(user=OuterRef("pk")).order_by()
    proposed = ProposedMembership.objects.filter(user=OuterRef("pk")).order_by()
    return people.filter(
        Exists(held.filter(unit__in=units)),
        ~Exists(held.exclude(unit__in=units)),
        ~Exists(proposed.exclude(unit__in=units)),
    )


def manages_people(user: User) -> bool:
    """True for whoever has the page of people: coordinators and the system administrator."""
    if is_administrator(user, User.SiteRole.SYSTEM):
        return True
    return user.is_active and user.memberships.filter(role=Membership.Role.COORDINATOR).exists()
