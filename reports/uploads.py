"""Uploaded workbooks: who may fill what from them."""

from campaigns.models import Campaign
from chunfeng.accounts.models import Membership, User
from reports.excel.reading import Scope


def fillable(user: User, campaign: Campaign | None = None) -> Scope:
    """Return the units whose reports `user` may fill, in one campaign or in all that the user sees."""
    campaigns = [campaign] if campaign else list(Campaign.objects.visible_to(user))
    units = user.memberships.filter(role=Membership.Role.REPORTER).values_list("unit", flat=True)
    return Scope(campaigns, frozenset(units) if user.is_active else frozenset())
