"""Uploading workbooks: choose files, see what was recognised, check the preview, import; undo."""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.header import Band
from chunfeng import errors
from reports.excel.gate import MAX_ARCHIVE, MAX_BYTES, MEGABYTE
from reports.excel.markup import marked
from reports.excel.reading import ASK, OK
from reports.exchange import uploads
from reports.lifecycle import TransitionError
from reports.models import Upload

from .finding import enter, find_campaign

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BODY_LIMIT = MAX_ARCHIVE + MEGABYTE
TOO_LARGE = errors.Words(
    "文件过大",
    f"上传的内容超过了限制：一个工作簿不超过 {MAX_BYTES // MEGABYTE} MB，一个压缩包不超过 "
    f"{MAX_ARCHIVE // MEGABYTE} MB。没有保存任何内容。",
    "请删去工作簿里的图片和无关的工作表，或分几次上传。",
)
ASKED = ("form", "unit", "period")
STEPS = ("选择文件", "识别", "核对", "完成")
SHOWN = {"all": "全部", "changes": "有变化", "problems": "有问题"}
RECENT = 50
LEFT_OUT = ("", "请先选择文件。")


def bounded(view):
    """Refuse a body that is too large before anything of it is read, the token against forgery included."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def checked(request, *args, **kwargs):
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.method == "POST" and (not length.isdigit() or int(length) > BODY_LIMIT):
            return errors.page(request, 413, words=TOO_LARGE, reason="upload")
        return protected(request, *args, **kwargs)

    return checked


@bounded
@require_http_methods(["GET", "HEAD", "POST"])
def upload_page(request, campaign):
    """Where files are dropped or chosen, and the list of those already sent. A script asks for JSON, file by file."""
    campaign = find_campaign(request, campaign)
    if not _fills(request.user, campaign):
        raise PermissionDenied
    if request.method == "POST":
        return _receive(request, campaign)
    asked = {name: request.GET.get(name, "") for name in ASKED}
    recent = Upload.objects.filter(owner=request.user, campaign=campaign, batch=None)[:RECENT]
    context = {
        "campaign": campaign,
        "asked": asked,
        "about": _about(campaign, asked),
        "recent": recent,
        "steps": _steps(0),
        "limit": MAX_BYTES,
        "archive_limit": MAX_ARCHIVE,
    }
    return render(request, "reports/upload.html", context)


def _fills(user, campaign):
    scope = uploads.fillable(user, campaign)
    return campaign.places.filter(unit__in=scope.units).exists()


def _about(campaign, asked):
    """The report that the page was opened for, in words; "" where it was opened for none."""
    if not all(asked.values()):
        return ""
    form = campaign.forms.filter(code=asked["form"]).first()
    place = campaign.places.filter(unit__code=asked["unit"]).first()
    period = next((one for one in campaign.periods.all() if one.ends_on.isoformat() == asked["period"]), None)
    return f"{form.annex or form.title} · {period} · {place.short}" if form and place and period else ""


def _receive(request, campaign):
    asked = {name: request.POST.get(name, "")[:40] for name in ASKED}
    workbooks, remarks = [], []
    for name, data in sent(request):
        delivery = uploads.delivered(data, name)
        workbooks += delivery.workbooks
        remarks += delivery.remarks
    received = uploads.receive_all(workbooks, owner=request.user, campaign=campaign, asked=asked)
    if not received and not remarks:
        remarks.append(LEFT_OUT)
    if wants_json(request):
        return JsonResponse({"files": [told(upload) for upload in received], "refused": remarks})
    for name, reason in remarks:
        messages.error(request, f"{name}：{reason}" if name else reason)
    if len(received) == 1:
        return redirect("reports:upload-detail", received[0].pk)
    return redirect("reports:upload-page", campaign.code)


def sent(request):
    """Yield the files of a request, each read when it is wanted."""
    for file in request.FILES.getlist("files"):
        yield file.name, file.read()


def wants_json(request):
    return "application/json" in request.headers.get("Accept", "")


def told(upload):
    """What a script is told of a file."""
    found = upload.found
    return {
        "name": upload.name,
        "url": reverse("reports:upload-detail", args=[upload.pk]),
        "outcome": found["outcome"],
        "says": found["says"],
    }


@require_safe
def upload_detail(request, pk):
    """What was recognised; the preview, a question, or the reason why nothing can be taken."""
    return _detail(request, find_own(request, pk))


def find_own(request, pk):
    upload = get_object_or_404(Upload.objects.filter(owner=request.user).select_related("campaign"), pk=pk)
    enter(request, upload.campaign)
    return upload


def _detail(request, upload, *, status=200):
    shown = uploads.preview(upload) if upload.is_waiting else None
    show = request.GET.get("show", "all")
    context = {
        "upload": upload,
        "found": upload.found,
        "preview": shown,
        "choices": _choices(upload),
        "by": recognised(upload.found),
        "filters": [(name, text, name == show) for name, text in SHOWN.items()],
        "rows": _rows(shown, show) if shown else [],
        "tables": _tables(shown) if shown else [],
        "many": len(shown.units) > 1 if shown else False,
        "steps": [] if upload.batch_id else _steps(_step(upload)),
        "entries": _entries(upload),
        "new_template": _new_template(upload),
    }
    return render(request, "reports/upload_detail.html", context, status=status)


def _steps(current):
    return [(text, number == current) for number, text in enumerate(STEPS)]


def _step(upload):
    if not upload.is_waiting:
        return 3
    return 2 if upload.found["outcome"] == OK else 1


def recognised(found):
    """By what each of form, unit and period is known, in words."""
    words = {"mark": "文件标记", "headers": "表头和列号", "name": "单位名称", "argument": "您的选择"}
    return {name: words[by] for name, by in found["recognised"].items()}


def _choices(upload):
    """The three questions with what may be answered: (name, label, options [(code, text, chosen)], asked now)."""
    campaign, found = upload.campaign, upload.found
    scope = uploads.scope_of(upload)
    options = {
        "form": [(form.code, str(form)) for form in campaign.forms.all()],
        "unit": [
            (place.unit.code, place.name)
            for place in campaign.places.filter(unit__in=scope.units).select_related("unit")
        ],
        "period": [(one.ends_on.isoformat(), str(one)) for one in campaign.periods.all()],
    }
    labels = {"form": "报表", "unit": "单位", "period": "报告期"}
    result = []
    for name in ASKED:
        asks = found["asks"] == name and found["outcome"] == ASK
        likely = {code: rank for rank, code in enumerate(found["choices"])} if asks else {}
        listed = dict(options[name])
        codes = sorted(listed, key=lambda code: likely.get(code, len(likely)))
        chosen = "" if asks else upload.asked.get(name, "")
        result.append((name, labels[name], [(code, listed[code], code == chosen) for code in codes], asks))
    return result


def _rows(shown, show):
    """The cells for the list under the preview: (unit, cell)."""
    wanted = {
        "changes": (uploads.NEW, uploads.CHANGED),
        "problems": (uploads.REJECTED,),
    }.get(show, (uploads.REJECTED, uploads.CHANGED, uploads.NEW, uploads.SAME))
    cells = [(unit, cell) for unit in shown.units for cell in unit.cells if cell.state in wanted]
    order = {state: number for number, state in enumerate((uploads.REJECTED, uploads.CHANGED, uploads.NEW))}
    return sorted(cells, key=lambda pair: order.get(pair[1].state, len(order)))


def _tables(shown) -> list[tuple[Band, list]]:
    """The form's bands, each with a row a unit."""
    tables = []
    for band in shown.form.header.bands:
        numbers = [column.number for column in band.columns]
        rows = []
        for unit in shown.units:
            cells = {cell.indicator.number: cell for cell in unit.cells}
            rows.append((unit, [cells[number] for number in numbers]))
        tables.append((band, rows))
    return tables


def _entries(upload):
    """Where the reports that were filled go on: (short name, address)."""
    return [
        (
            f"{report.unit} {report.report_form.annex or report.report_form.title}",
            reverse(
                "reports:entry",
                args=[
                    upload.campaign.code,
                    report.report_form.code,
                    report.ends_on.isoformat(),
                    report.unit.code,
                ],
            ),
        )
        for report in upload.reports.select_related("unit", "report_form")
    ]


def _new_template(upload):
    """Where the form as it is now can be taken from; "" where the file is of no older version.

    That is the unit's own template as far as the file or the page says which it is, else the page of templates.
    """
    found, asked = upload.found, upload.asked
    if not found.get("outdated"):
        return ""
    campaign = upload.campaign
    period, unit = found["period"] or asked.get("period"), found["unit"] or asked.get("unit")
    if found["form"] and period and unit:
        return reverse("reports:template-export", args=[campaign.code, found["form"], period, unit])
    return reverse("reports:exports", args=[campaign.code])


@require_POST
def upload_answer(request, pk):
    upload = find_own(request, pk)
    if not upload.is_waiting:
        messages.error(request, f"这个文件{upload.get_state_display()}。")
        return redirect("reports:upload-detail", pk)
    answers = {name: request.POST.get(name, "")[:40] for name in ASKED}
    try:
        uploads.answer(upload, answers, total=bool(request.POST.get("total")))
    except FileNotFoundError:
        messages.error(request, "文件没有保存，请重新上传。")
    return redirect("reports:upload-detail", pk)


@require_POST
def upload_confirm(request, pk):
    upload = find_own(request, pk)
    try:
        count = uploads.confirm(upload, token=request.POST.get("token", ""), by=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
        return _detail(request, upload, status=409)
    messages.success(
        request, f"已导入 {count} 项。请到填报页检查后上报。" if count else "0 项变化，没有改动报表。"
    )
    return redirect("reports:upload-detail", pk)


@require_POST
def upload_undo(request, pk):
    upload = find_own(request, pk)
    try:
        count = uploads.undo(upload, by=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
        return _detail(request, upload, status=409)
    messages.success(request, f"已撤销，{count} 项恢复为导入以前的数字。")
    return redirect("reports:upload-detail", pk)


@require_POST
def upload_drop(request, pk):
    upload = find_own(request, pk)
    uploads.drop(upload)
    if upload.batch_id is not None:
        messages.success(request, f"已去掉“{upload.name}”。")
        return redirect("reports:batch-detail", upload.batch_id)
    messages.success(request, f"已取消导入“{upload.name}”，没有改动报表。")
    return redirect("reports:upload-page", upload.campaign.code)


@require_safe
def upload_problems(request, pk):
    """The user's own workbook with its problems marked."""
    upload = find_own(request, pk)
    rejected = [(one["sheet"], one["cell"], one["found"], one["reason"]) for one in upload.found["rejected"]]
    if not rejected:
        raise Http404
    response = HttpResponse(marked(_bytes(upload), rejected), content_type=XLSX)
    stem = upload.name.rpartition(".")[0] or upload.name
    response["Content-Disposition"] = content_disposition_header(True, f"{stem}_问题清单.xlsx")
    return response


def _bytes(upload):
    try:
        return uploads.path_of(upload).read_bytes()
    except FileNotFoundError:
        raise Http404 from None


@require_safe
def upload_file(request, pk):
    """The file as it came: for whoever sent it, and for those who read a report that it filled."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    try:
        content = uploads.path_of(upload).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        content, as_attachment=True, filename=upload.name, content_type="application/octet-stream"
    )
