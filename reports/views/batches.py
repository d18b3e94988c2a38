"""往期附件: files of past mails read together; what each holds, and the table of figures for the import."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from reports.excel.gate import MAX_ARCHIVE, MAX_BYTES
from reports.excel.write import safe_name
from reports.exchange import batches, uploads
from reports.models import UploadBatch

from .exports import CSV, download_headers
from .finding import enter, find_campaign, find_form
from .uploads import LEFT_OUT, bounded, recognised, sent, told, wants_json

RECENT = 20


@bounded
@require_http_methods(["GET", "HEAD", "POST"])
def batch_page(request, campaign):
    """Where a coordinator drops a zip or many files; a batch begins with the first."""
    campaign = find_campaign(request, campaign)
    if not batches.may_gather(request.user, campaign):
        raise PermissionDenied
    if request.method == "POST":
        if request.FILES:
            return _add(request, UploadBatch.objects.create(owner=request.user, campaign=campaign))
        messages.error(request, LEFT_OUT[1])
        return redirect("reports:batch-page", campaign.code)
    recent = UploadBatch.objects.filter(owner=request.user, campaign=campaign)
    context = _page(campaign) | {"recent": recent.annotate(files=Count("uploads"))[:RECENT]}
    return render(request, "reports/batch.html", context)


@bounded
@require_http_methods(["GET", "HEAD", "POST"])
def batch_detail(request, pk):
    """What each file holds, and the tables; more files may be added. A script asks for JSON, file by file."""
    batch = _find_own(request, pk)
    if request.method == "POST":
        return _add(request, batch)
    found = batches.gathered(batch)
    context = _page(batch.campaign) | {
        "batch": batch,
        "files": [(file, recognised(file.upload.found)) for file in found.files],
        "counts": batches.counts(found),
        "tables": found.tables,
    }
    return render(request, "reports/batch_detail.html", context)


def _page(campaign):
    return {
        "campaign": campaign,
        "kept": uploads.KEPT_FOR.days,
        "limit": MAX_BYTES,
        "archive_limit": MAX_ARCHIVE,
    }


def _add(request, batch):
    received, remarks = batches.add(batch, sent(request))
    address = reverse("reports:batch-detail", args=[batch.pk])
    if wants_json(request):
        files = [told(upload) for upload in received]
        return JsonResponse({"files": files, "refused": remarks, "into": address})
    return redirect(address)


def _find_own(request, pk):
    """A batch of the user's own, while its sender still coordinates somebody there."""
    own = UploadBatch.objects.filter(owner=request.user).select_related("campaign")
    batch = get_object_or_404(own, pk=pk)
    if not batches.may_gather(request.user, batch.campaign):
        raise Http404
    enter(request, batch.campaign)
    return batch


@require_safe
def batch_figures(request, pk, form):
    """The figures of one form, as `manage.py import_figures` takes them."""
    batch = _find_own(request, pk)
    form = find_form(batch.campaign, form)
    content = batches.figures_csv(batch, form)
    if content is None:
        raise Http404
    name = f"{safe_name('往期数据', form.annex or form.title)}.csv"
    return HttpResponse(content, headers=download_headers(request, name, CSV))
