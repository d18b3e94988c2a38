"""异常: what looks odd in a period's reports, the gravest first, each with a question or a tick beside it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from reports import permissions
from reports.lifecycle import storable
from reports.models import Dismissal
from reports.review.anomalies import NAMES, Kind
from reports.review.suspects import suspects

from .finding import find_campaign, find_submission
from .listing import filters_of, page_of, periods_offered

MARKS = {kind.value: NAMES[kind] for kind in Kind}


@require_safe
def anomaly_list(request, campaign):
    """The anomalies of one period: the one asked for, else the latest that has opened."""
    campaign = find_campaign(request, campaign)
    if not permissions.is_coordinator(request.user):
        raise PermissionDenied
    filters = filters_of(request, campaign, MARKS)
    periods = periods_offered(campaign)
    period = filters.period or next(iter(periods), None)
    found = []
    if period:
        period.campaign = campaign
        found = [
            suspect
            for suspect in suspects(request.user, period)
            if (filters.units is None or suspect.submission.unit_id in filters.units)
            and filters.form in (None, suspect.submission.report_form)
            and filters.mark in ("", suspect.anomaly.kind)
        ]
    context = {
        "campaign": campaign,
        "period": period,
        "page": page_of(request, found),
        "filters": filters,
        "forms": campaign.forms.all(),
        "periods": periods,
        "marks": MARKS,
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
    }
    return render(request, "reports/anomaly_list.html", context)


@require_POST
def submission_dismiss(request, pk):
    """已核: the anomaly has been looked into, and is listed no more while its figures stay."""
    submission = find_submission(request, pk)
    if not permissions.coordinates(request.user, submission):
        raise PermissionDenied
    key = storable(request.POST.get("anomaly", ""))[:60]
    if key.partition(":")[0] in MARKS:
        word = storable(request.POST.get("word", "")).strip()[:200]
        Dismissal.objects.get_or_create(
            submission=submission, anomaly=key, defaults={"word": word, "by": request.user}
        )
        messages.success(request, f"已核：{submission}，不再列出。")
    else:
        messages.error(request, "没有这一处异常，请刷新后再操作。")
    address = reverse("reports:anomaly-list", args=[request.campaign.code])
    return redirect(f"{address}?{request.GET.urlencode()}" if request.GET else address)
