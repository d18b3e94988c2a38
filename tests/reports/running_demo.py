"""The campaign of the demonstration that is running, as loaded at a moment: shared by its tests."""

from contextlib import contextmanager

from django.db import transaction
from django.db.models import Max, Min
from django.test import override_settings

from campaigns.definition import load, read
from campaigns.models import Exemption
from reports.demo import loading
from reports.models import (
    Announcement,
    CampaignEvent,
    Explanation,
    FigureChange,
    SignOff,
    SignOffEvent,
    Submission,
    SubmissionEvent,
)


@contextmanager
def loaded(now):
    """Both campaigns of the past as definitions alone, the people, and the running campaign at `now`."""
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(DEMO=True, PASSWORD_HASHERS=quick), transaction.atomic():
        for code in loading.CAMPAIGNS:
            load(read(loading.FIXTURES / code))
        yield loading.load_running(loading.make_people(), now)
        transaction.set_rollback(True)


def reports(campaign, **more):
    rows = Submission.objects.filter(report_form__campaign=campaign, **more)
    return rows.select_related("report_form__campaign", "period__campaign", "unit").with_due_at()


def moments(campaign):
    """Every kind of moment that is kept: (column, its earliest, its latest)."""
    mine = reports(campaign)
    for rows, column in (
        (SubmissionEvent.objects.filter(submission__in=mine), "at"),
        (FigureChange.objects.filter(submission__in=mine), "at"),
        (Explanation.objects.filter(submission__in=mine), "written_at"),
        (mine, "changed_at"),
        (mine, "first_submitted_at"),
        (mine, "submitted_at"),
        (mine, "accepted_at"),
        (SignOff.objects.filter(period__campaign=campaign), "signed_at"),
        (SignOffEvent.objects.filter(sign_off__period__campaign=campaign), "at"),
        (CampaignEvent.objects.filter(campaign=campaign), "at"),
        (Announcement.objects.filter(campaign=campaign), "at"),
        (Exemption.objects.filter(period__campaign=campaign), "granted_at"),
    ):
        found = rows.aggregate(first=Min(column), last=Max(column))
        yield f"{rows.model.__name__}.{column}", found["first"], found["last"]
