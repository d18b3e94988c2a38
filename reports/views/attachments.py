"""Files: taken in one form, or in pieces with progress; given out through the check of what they belong to."""

from csp.constants import NONE
from csp.decorators import csp_replace
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from reports import permissions
from reports.models import Attachment
from reports.texts import attachments, lifecycle
from reports.texts.attachments import AttachmentError, OutOfStep
from reports.texts.content import clean_name

from .finding import enter, find_submission
from .texts import find_text

ALONE = {"default-src": [NONE], "sandbox": "", "frame-ancestors": [NONE]}
"""What an uploaded file may do where it is opened by itself: nothing."""
LARGEST_PIECE = 512 * 1024
"""Bytes: well below `DATA_UPLOAD_MAX_MEMORY_SIZE`."""


@require_POST
def attachment_add(request, pk):
    """Files of a text as a plain form sends them."""
    report = find_text(request, pk)
    if not lifecycle.can_write(request.user, report):
        raise PermissionDenied
    _take_all(request, report)
    return redirect("reports:text-edit", pk)


@require_POST
def scan_add(request, pk):
    """The stamped scan of a report that was printed, tied to its figures."""
    submission = find_submission(request, pk)
    if not permissions.can_fill(request.user, submission.unit):
        raise PermissionDenied
    _take_all(request, submission)
    return redirect("reports:submission-detail", pk)


def _take_all(request, owner):
    for file in request.FILES.getlist("files"):
        try:
            taken = attachments.take(owner, file.name, file.size, file.chunks(), by=request.user)
        except AttachmentError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"已上传：{taken.name}")


@require_POST
def attachment_begin(request, pk):
    """Announce a file that will come in pieces: JSON {id, received, piece}, or {problem}."""
    report = find_text(request, pk)
    if not lifecycle.can_write(request.user, report):
        raise PermissionDenied
    name, size = request.POST.get("name", ""), request.POST.get("size", "")
    if not size.isdecimal() or len(size) > 15:
        return JsonResponse({"problem": "文件大小不对，请重新选择文件。"}, status=400)
    broken = report.attachments.filter(
        finished_at=None, uploaded_by=request.user, size=int(size), name=clean_name(name)
    ).first()
    try:
        attachment = broken or attachments.begin(report, name, int(size), by=request.user)
    except AttachmentError as error:
        return JsonResponse({"problem": str(error)}, status=400)
    return JsonResponse(
        {"id": attachment.pk, "received": attachments.received(attachment), "piece": LARGEST_PIECE}
    )


@require_POST
def attachment_piece(request, pk):
    """A piece of a file, raw, its offset in the address: JSON {received}; 409 with it where it does not fit on."""
    attachment = _coming(request, pk)
    offset = request.GET.get("offset", "")
    if not offset.isdecimal() or len(offset) > 15:
        raise Http404
    try:
        here = attachments.receive(attachment, int(offset), request.body)
    except OutOfStep as step:
        return JsonResponse({"received": step.received}, status=409)
    except AttachmentError as error:
        return JsonResponse({"problem": str(error)}, status=400)
    return JsonResponse({"received": here})


@require_POST
def attachment_finish(request, pk):
    """The last piece has been sent: judge the file. JSON {done} or {problem}; asked again, it is done as before."""
    if Attachment.objects.filter(uploaded_by=request.user, pk=pk, finished_at__isnull=False).exists():
        return JsonResponse({"done": True})
    attachment = _coming(request, pk)
    try:
        attachments.finish(attachment)
    except AttachmentError as error:
        return JsonResponse({"problem": str(error)}, status=400)
    return JsonResponse({"done": True})


def _coming(request, pk):
    """An upload of one's own that is not whole yet; anything else is not there."""
    rows = Attachment.objects.filter(uploaded_by=request.user, finished_at=None)
    rows = rows.select_related("report__duty__campaign")
    attachment = get_object_or_404(rows, pk=pk)
    if attachment.report_id is None or not lifecycle.can_write(request.user, attachment.report):
        raise Http404
    return attachment


@require_POST
def attachment_delete(request, pk):
    rows = Attachment.objects.select_related("report__duty__campaign", "submission__period__campaign")
    attachment = get_object_or_404(rows.visible_to(request.user) | _unfinished(rows, request.user), pk=pk)
    owner = attachment.report or attachment.submission
    enter(request, owner.duty.campaign if attachment.report else owner.period.campaign)
    writes = (
        lifecycle.can_write(request.user, owner)
        if attachment.report
        else permissions.can_fill(request.user, owner.unit)
    )
    if not writes:
        raise PermissionDenied
    try:
        attachments.remove(attachment)
    except AttachmentError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"已删除：{attachment.name}")
    if attachment.report:
        return redirect("reports:text-edit", owner.pk)
    return redirect("reports:submission-detail", owner.pk)


def _unfinished(rows, user):
    """Broken uploads to the texts of the user's units: a colleague's keeps a text from being sent."""
    return rows.filter(report__unit__in=user.memberships.values("unit"), finished_at=None)


@require_safe
@csp_replace(ALONE)
def attachment_file(request, pk):
    attachment = _readable(request, pk)
    return _given(attachments.path_of(attachment), attachment, attachment.content_type)


@require_safe
@csp_replace(ALONE)
def attachment_thumbnail(request, pk):
    attachment = _readable(request, pk)
    if not attachment.thumbnail:
        raise Http404
    return _given(attachments.thumbnail_of(attachment), attachment, "image/jpeg")


def _readable(request, pk):
    return get_object_or_404(Attachment.objects.visible_to(request.user), pk=pk)


def _given(path, attachment, content_type):
    """A file as it may be shown: only what was drawn anew opens in the browser, anything else is saved."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        file, as_attachment=not attachment.is_picture, filename=attachment.name, content_type=content_type
    )
