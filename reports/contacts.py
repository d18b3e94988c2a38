"""Whom to ask: the coordinators above a user's units."""

from collections import defaultdict
from dataclasses import dataclass

from campaigns.models import Campaign, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import Membership, User


@dataclass(frozen=True)
class Contact:
    """A unit above with its active coordinators; `place` as it stands today."""

    place: UnitPlace
    people: tuple[User, ...]


def contacts_of(user: User, campaign: Campaign) -> list[Contact]:
    """Return for the units of `user` the nearest unit above that has coordinators, then the root's; each once.

    At the root itself that is the root. A bounded number of queries.
    """
    today = ReportingPeriod(campaign=campaign, ends_on=campaign.today())
    own = list(UnitPlace.objects.held_in(today).filter(unit__memberships__user=user).distinct())
    places = UnitPlace.objects.select_related("unit").in_bulk(
        {pk for place in own for pk in place.ancestor_ids}
    )
    people: dict[int, list[User]] = defaultdict(list)
    coordinators = Membership.objects.filter(
        role=Membership.Role.COORDINATOR,
        user__is_active=True,
        unit__in={place.unit_id for place in places.values()},
    )
    for membership in coordinators.select_related("user").order_by("pk"):
        people[membership.unit_id].append(membership.user)
    wanted: dict[int, UnitPlace] = {}
    for place in own:
        above = [places[pk] for pk in reversed(place.ancestor_ids[:-1])] or [places[place.pk]]
        staffed = [one for one in above if people[one.unit_id]]
        wanted |= {one.pk: one for one in staffed[:1]}
    # The root after all that are nearer.
    roots = [places[place.ancestor_ids[0]] for place in own]
    wanted |= {root.pk: wanted.pop(root.pk, root) for root in roots if people[root.unit_id]}
    return [Contact(place, tuple(people[place.unit_id])) for place in wanted.values()]
