"""联系人: the register of a campaign's units, numbers masked; a unit's own page; the export."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from openpyxl import Workbook

from campaigns.models import Campaign, TextDuty, UnitPlace
from campaigns.search import units_found
from reports import register
from reports.excel.write import to_bytes
from reports.models import Contact
from reports.permissions import is_coordinator
from reports.text_forms import ContactFormSet
from reports.texts.duties import owed_by

from .finding import find_campaign, find_place
from .listing import page_of

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def contact_list(request, campaign):
    campaign = find_campaign(request, campaign)
    return _page(request, campaign, shown=None)


@require_POST
def contact_show(request, campaign, unit):
    """Show the numbers of one unit's contacts, and write down who saw them."""
    campaign = find_campaign(request, campaign)
    place = find_place(request, campaign.periods.last(), unit)
    if not register.may_show(request.user, campaign, [place.unit_id]):
        raise PermissionDenied
    register.note(campaign, place.unit, register.What.SHOWN, request.user)
    return _page(request, campaign, shown=place.unit_id)


def _page(request, campaign, shown):
    search = request.GET.get("q", "").strip()
    places = _places(request.user, campaign, units_found(campaign, search) if search else None)
    page = page_of(request, places)
    units = [place.unit_id for place in page]
    named = register.contacts_of_units(campaign, units)
    may_show = register.may_show(request.user, campaign, units)
    own = set(request.user.memberships.values_list("unit", flat=True))
    duties = list(campaign.texts.filter(kind=TextDuty.Kind.CONTACT))
    context = {
        "campaign": campaign,
        "page": page,
        "rows": [
            {
                "place": place,
                "contacts": [
                    (contact, _numbers(contact, place.unit_id == shown))
                    for contact in named.get(place.unit_id, ())
                ],
                "owes": any(owed_by(place, duty) for duty in duties),
                "may_show": place.unit_id in may_show and place.unit_id != shown,
                "may_write": place.unit_id in own and register.can_write(request.user, place.unit),
            }
            for place in page
        ],
        "search": search,
        "may_export": is_coordinator(request.user),
    }
    return render(request, "reports/contacts/list.html", context)


def _numbers(contact, is_shown):
    numbers = (number for number in (contact.phone, contact.mobile) if number)
    return "、".join(number if is_shown else register.masked(number) for number in numbers)


def _places(user, campaign, units):
    """The places in scope that hold today, one a unit, in registry order."""
    today = campaign.today()
    visible = (
        UnitPlace.objects.visible_to(user)
        .filter(campaign=campaign)
        .select_related("unit")
        .order_by("position")
    )
    held = {
        place.unit_id: place
        for place in visible
        if (place.closes is None or place.closes >= today) and (units is None or place.unit_id in units)
    }
    return list(held.values())


@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request, campaign, unit):
    """The contacts of one's own unit, all in one form."""
    campaign = find_campaign(request, campaign)
    place = find_place(request, campaign.periods.last(), unit)
    if not register.can_write(request.user, place.unit):
        raise PermissionDenied
    stored = Contact.objects.filter(campaign=campaign, unit=place.unit)
    names = ("role", "name", "post", "phone", "mobile")
    if request.method != "POST":
        formset = ContactFormSet(initial=list(stored.values(*names)), prefix="contact")
        return _edit_page(request, campaign, place, formset)
    formset = ContactFormSet(request.POST, prefix="contact")
    if formset.is_valid():
        rows = [form.cleaned_data for form in formset if form.cleaned_data.get("name")]
        try:
            register.save(campaign, place.unit, rows, by=request.user, seen=_seen(request))
        except register.RegisterError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"已保存 {len(rows)} 名联系人。")
            return redirect("reports:contact-list", campaign.code)
    return _edit_page(request, campaign, place, formset, status=400)


def _edit_page(request, campaign: Campaign, place, formset, status=200):
    seen = _seen(request) if request.method == "POST" else register.version(campaign, place.unit)
    context = {"campaign": campaign, "place": place, "formset": formset, "seen": seen}
    return render(request, "reports/contacts/edit.html", context, status=status)


def _seen(request):
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 15 else -1


@require_POST
def contact_export(request, campaign):
    """All contacts in scope as a workbook, whole numbers in it; the export is written down."""
    campaign = find_campaign(request, campaign)
    if not is_coordinator(request.user):
        raise PermissionDenied
    places = _places(request.user, campaign, None)
    may_show = register.may_show(request.user, campaign, [place.unit_id for place in places])
    named = register.contacts_of_units(campaign, may_show)
    register.note(campaign, None, register.What.EXPORTED, request.user)
    book = Workbook()
    sheet = book.active
    sheet.title = "联系人"
    sheet.append(["单位", "类别", "姓名", "职务", "办公电话", "手机"])
    for place in places:
        for contact in named.get(place.unit_id, ()):
            row = [place.unit.name, contact.get_role_display(), contact.name, contact.post, contact.phone]
            sheet.append([*row, contact.mobile])
    for cells in sheet.iter_rows(min_row=2):
        for cell in cells:
            cell.data_type, cell.quotePrefix = "s", True  # what people typed is never a formula
    response = HttpResponse(to_bytes(book), content_type=WORKBOOK)
    response["Content-Disposition"] = content_disposition_header(True, f"{campaign.title}联系人.xlsx")
    return response
