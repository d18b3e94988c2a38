"""What every page shows in its bar: the campaign at hand, the pages of the user's roles, who the user is."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from campaigns.models import Campaign
from chunfeng.accounts.models import Membership
from chunfeng.accounts.roles import campaigns_led_by
from reports import permissions
from reports.models import Notice, UrgentMatter

Role = Membership.Role


@dataclass(frozen=True)
class Page:
    name: str
    url: str
    current: bool


def portal(request):
    user = getattr(request, "user", None)
    shown = {"demo": settings.DEMO}
    if user is None or not user.is_authenticated:
        return {"portal": shown}
    memberships = list(user.memberships.select_related("unit"))
    campaign = getattr(request, "campaign", None)
    shown["unread"] = Notice.objects.visible_to(user).unread().count()
    if memberships:
        roles = "、".join(dict.fromkeys(membership.get_role_display() for membership in memberships))
        shown["who"] = f"{memberships[0].unit.name} · {roles} {user.name}"
    else:
        shown["who"] = f"{user.get_site_role_display()} {user.name}".strip()
    if any(membership.role == Role.COORDINATOR for membership in memberships):
        shown["looks_after_people"] = True
        shown["administers"] = campaigns_led_by(user).exists()
        shown["urgent"] = UrgentMatter.objects.waiting_for(user).select_related("unit")
    elif user.site_role:
        shown["administers"] = True
    if campaign is not None:
        shown["campaign"] = campaign
        shown["may_report_urgent"] = any(membership.role == Role.REPORTER for membership in memberships)
        shown["campaigns"] = Campaign.objects.visible_to(user)
        shown["pages"] = _pages(request, campaign, {membership.role for membership in memberships})
    return {"portal": shown}


def _pages(request, campaign, roles):
    """The pages of the bar, in the order of the work: fill, review, add up."""
    offered = []
    if Role.REPORTER in roles:
        offered.append(("我的任务", "task-list"))
    if Role.COORDINATOR in roles:
        offered.append(("审核", "review-queue"))
    if roles & {Role.COORDINATOR, Role.VIEWER}:
        offered.append(("概览", "board-home"))
        offered.append(("汇总", "roll-up-home"))
        offered.append(("报送情况", "progress"))
        if campaign.sign_off_by and permissions.sign_off_places(request.user, campaign).exists():
            offered.append(("扎口", "sign-off-home"))
    if roles & {Role.COORDINATOR, Role.VIEWER}:
        offered.append(("简报", "brief-list"))
    if roles and campaign.texts.exists():
        offered.append(("文字", "text-board"))
    if roles:
        history = "历史填报" if roles == {Role.REPORTER} else "报表"
        offered += [(history, "submission-list"), ("活动", "campaign-about")]
    here = getattr(request.resolver_match, "url_name", "")
    return [
        Page(name, reverse(f"reports:{page}", args=[campaign.code]), here in BELONGS_TO[page])
        for name, page in offered
    ]


BELONGS_TO = {
    "task-list": {
        "task-list",
        "entry",
        "submission-confirm",
        "upload-page",
        "upload-detail",
        "upload-confirm",
        "upload-undo",
    },
    "review-queue": {
        "review-queue",
        "submission-review",
        "submission-accept",
        "submission-return",
        "bulk-confirm",
        "anomaly-list",
        "question-list",
    },
    "progress": {"progress", "unit-progress", "remind", "remind-send", "reminder-log"},
    "board-home": {"board-home", "board"},
    "roll-up-home": {
        "roll-up-home",
        "roll-up",
        "lines",
        "edition-list",
        "edition-draft",
        "edition-publish",
        "edition-detail",
        "edition-compare",
    },
    "sign-off-home": {
        "sign-off-home",
        "sign-off-list",
        "sign-off",
        "sign-off-sign",
        "sign-off-accept",
        "sign-off-reopen",
    },
    "text-board": {
        "text-board",
        "case-list",
        "text-detail",
        "text-edit",
        "text-return",
        "urgent-list",
        "urgent-create",
        "urgent-detail",
        "contact-list",
        "contact-edit",
        "contact-show",
    },
    "brief-list": {"brief-list", "brief-detail", "brief-paragraph", "brief-rename", "brief-version"},
    "submission-list": {"submission-list", "check-code", "exports", "batch-page", "batch-detail"},
    "campaign-about": {
        "campaign-about",
        "announcement-create",
        "campaign-dates",
        "period-dates",
        "campaign-doubts",
        "campaign-targets",
        "campaign-units",
        "unit-change",
        "unit-preview",
        "unit-open",
        "unit-open-preview",
        "campaign-log",
    },
}
"""Which page of the bar an address stands under, by URL names."""
