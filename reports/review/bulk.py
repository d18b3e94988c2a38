"""批量通过: reports without marks, accepted together after ten seconds in which the act can be stopped.

What is pending is stored, so that it is done even where the browser has been closed: by the page's timer, or by
the next request to the queue. Each report is accepted only while it still is the submission that was seen; what
has changed meanwhile is left out, and named.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import Campaign
from chunfeng.accounts.models import User
from reports import lifecycle, permissions
from reports.lifecycle import TransitionError
from reports.models import Bulk, BulkItem, Question, Submission

PAUSE = timedelta(seconds=10)
SHOWN_FOR = timedelta(minutes=30)

_NOT_YOURS = "该表现在不由您审核。"
_MARKED = "该表已有标记，请单独审核。"
_ASKED = "该表有未了结的询问，请单独审核。"


@transaction.atomic
def propose(
    campaign: Campaign, seen: Sequence[tuple[int, str]], clean: dict[int, Submission], *, by: User
) -> Bulk:
    """Keep the acceptance of reports pending. seen: ids with the receipts that the coordinator confirmed.

    clean: those that are without marks now, by id; others are left out with the reason. What is pending already, as
    by the first of two clicks, is passed over. Raises TransitionError where none is left.
    """
    now = timezone.now()
    known = Submission.objects.filter(pk__in=[pk for pk, _ in seen]).visible_to(by)
    reports = {report.pk: report for report in known.select_related("period__campaign")}
    pending = BulkItem.objects.filter(bulk__in=Bulk.objects.pending(), refusal="", submission__in=reports)
    taken = set(pending.values_list("submission", flat=True))
    if taken.issuperset(reports) and reports:
        raise TransitionError("这些报表正在批量通过，请稍候。")
    items = []
    for pk, receipt in seen:
        report = reports.get(pk)
        if report is None or pk in taken:
            continue
        refusal = lifecycle.what_became_of(report, receipt) or ("" if pk in clean else _MARKED)
        items.append(BulkItem(submission_id=pk, receipt=receipt, refusal=refusal))
    if all(item.refusal for item in items):
        raise TransitionError("这些报表都已有变化，没有可以批量通过的，请刷新后再操作。")
    bulk = Bulk.objects.create(campaign=campaign, by=by, made_at=now, due_at=now + PAUSE)
    for item in items:
        item.bulk = bulk
    BulkItem.objects.bulk_create(items)
    return bulk


def stop(bulk: Bulk) -> None:
    """Stop what is pending, or raise TransitionError where it has been done."""
    if not Bulk.objects.pending().filter(pk=bulk.pk).update(stopped_at=timezone.now()):
        raise TransitionError("批量通过已经完成或已经停止，请刷新；已通过的报表可以写明原因重新打开。")


def finish_due(campaign: Campaign) -> bool:
    """Do what is pending in the campaign and due; say whether there was any."""
    due = list(Bulk.objects.pending().filter(campaign=campaign, due_at__lte=timezone.now()))
    for bulk in due:
        finish(bulk)
    return bool(due)


def shown_to(user: User, campaign: Campaign) -> list[Bulk]:
    """Return what the queue says of bulk acceptances: the user's own, pending or done a short while ago."""
    recent = Q(done_at__gte=timezone.now() - SHOWN_FOR) | Q(done_at=None, stopped_at=None)
    own = Bulk.objects.filter(recent, campaign=campaign, by=user)
    return list(own.prefetch_related("items__submission__unit", "items__submission__report_form"))


@transaction.atomic
def finish(bulk: Bulk) -> None:
    """Accept the reports of a bulk acceptance that is due; nothing where it was stopped or is done."""
    now = timezone.now()
    if not Bulk.objects.pending().filter(pk=bulk.pk, due_at__lte=now).update(done_at=now):
        return
    items = list(
        bulk.items.filter(refusal="").select_related(
            "submission__report_form", "submission__period__campaign", "submission__unit"
        )
    )
    reports = [item.submission for item in items]
    # All places that sign are held before the first report: see the order of locks in `reports.lifecycle`.
    lifecycle.signed_off(reports, hold=True)
    mine = permissions.reviewable(bulk.by, reports)
    asked = set(Question.objects.open().filter(submission__in=reports).values_list("submission", flat=True))
    by_form: dict[int, list[BulkItem]] = defaultdict(list)
    for item in items:
        is_mine = item.submission_id in mine
        if is_mine and item.submission_id not in asked:
            by_form[item.submission.report_form_id].append(item)
        else:
            became = lifecycle.what_became_of(item.submission, item.receipt)
            item.refusal = became or (_ASKED if is_mine else _NOT_YOURS)
    for group in by_form.values():
        _accept(group, by=bulk.by)
    BulkItem.objects.bulk_update([item for item in items if item.refusal], ["refusal"])


def _accept(items: Sequence[BulkItem], *, by: User) -> None:
    """Accept reports of one form: all in a few statements, or one by one where one of them has changed."""
    for item in items:
        item.submission.receipt = item.receipt
    try:
        with transaction.atomic():
            lifecycle.accept_many([item.submission for item in items], by=by)
    except TransitionError:
        for item in items:
            try:
                lifecycle.accept(item.submission, by=by, seen=item.receipt)
            except TransitionError as error:
                item.refusal = str(error)[:300]
