"""Who may do what in the administration: one table of role, model and action, asked for every page.

Django's own permissions, `is_staff` and `is_superuser` open nothing.
"""

from django.contrib import admin, messages
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from simple_history.admin import SimpleHistoryAdmin

from campaigns.models import Campaign, Indicator, ReportingPeriod, ReportingUnit, Target, UnitPlace
from campaigns.registry import RegistryError
from chunfeng.accounts.models import User
from chunfeng.accounts.people import PeopleError
from chunfeng.accounts.roles import campaigns_led_by
from reports.managing.changes import ChangeError

SYSTEM, SECURITY, AUDIT = User.SiteRole.SYSTEM, User.SiteRole.SECURITY, User.SiteRole.AUDIT
LEADER = "leader"
"""A coordinator at the root of a campaign: that campaign's rows alone."""

MAY = {
    SYSTEM: {
        "accounts.user": {"view", "add", "change", "import", "export"},
        "accounts.proposedmembership": {"view", "add", "delete"},
        "accounts.membership": {"view"},
        "campaigns.reportingunit": {"view", "add", "change", "delete", "import", "export"},
        "campaigns.unitplace": {"view", "add", "change", "import", "export"},
        "campaigns.reportingperiod": {"view", "change"},
        "campaigns.dayoff": {"view", "add", "change", "delete"},
        "campaigns.target": {"view", "change"},
    },
    SECURITY: {
        "accounts.user": {"view"},
        "accounts.proposedmembership": {"view", "confirm"},
        "accounts.membership": {"view", "delete"},
        "accounts.lockout": {"view", "unlock"},
        "campaigns.reportingunit": {"view"},
    },
    AUDIT: {
        "accounts.login": {"view"},
        "accounts.failedlogin": {"view"},
        "accounts.historicaluser": {"view"},
        "accounts.historicalmembership": {"view"},
        "accounts.historicalproposedmembership": {"view"},
        "campaigns.historicalreportingunit": {"view"},
        "campaigns.historicalunitplace": {"view"},
        "campaigns.historicalreportingperiod": {"view"},
        "campaigns.historicaldayoff": {"view"},
        "campaigns.historicaltarget": {"view"},
        "campaigns.historicalindicator": {"view"},
        "reports.submissionevent": {"view"},
        "reports.figurechange": {"view"},
        "reports.campaignevent": {"view"},
        "reports.signoffevent": {"view"},
    },
    LEADER: {
        "campaigns.reportingunit": {"view", "change", "export"},
        "campaigns.unitplace": {"view", "add", "change", "import", "export"},
        "campaigns.reportingperiod": {"view", "change"},
        "campaigns.dayoff": {"view", "add", "change", "delete"},
        "campaigns.target": {"view", "change"},
    },
}

REFUSALS = (ChangeError, PeopleError, RegistryError)
"""What a rule may raise; its sentence goes to the page, and nothing has been changed."""

CAMPAIGN_OF = {
    Campaign: "pk",
    Indicator: "report_form__campaign",
    ReportingPeriod: "campaign",
    ReportingUnit: "places__campaign",
    Target: "campaign",
    UnitPlace: "campaign",
}
"""How a row is found to be of a campaign; a model that is not here belongs to all (放假安排)."""


class Administration(admin.AdminSite):
    site_title = "春风行动统计报送"
    site_header = "春风行动统计报送 · 管理"
    index_title = "管理"
    site_url = "/"
    empty_value_display = "—"
    enable_nav_sidebar = False

    def roles(self, request):
        """The roles of the user in the administration; worked out once a request."""
        if not hasattr(request, "administration_roles"):
            user, roles = request.user, []
            if user.is_authenticated and user.is_active:
                if user.site_role:
                    roles.append(user.site_role)
                elif campaigns_led_by(user).exists():
                    roles.append(LEADER)
            request.administration_roles = roles
        return request.administration_roles

    def allows(self, request, model, action):
        return any(action in MAY[role].get(model._meta.label_lower, ()) for role in self.roles(request))

    def in_scope(self, request, queryset):
        """The rows that the user's role is about: all for a site administrator, a campaign's own for its leader."""
        if LEADER not in self.roles(request) or queryset.model not in CAMPAIGN_OF:
            return queryset
        found = queryset.filter(**{f"{CAMPAIGN_OF[queryset.model]}__in": self.campaigns_led(request)})
        return found.distinct() if queryset.model is ReportingUnit else found

    def campaigns_led(self, request):
        """The campaigns that bound a leader; None for a site administrator, who is bound by none."""
        return campaigns_led_by(request.user) if LEADER in self.roles(request) else None

    def has_permission(self, request):
        return bool(self.roles(request))

    def admin_view(self, view, cacheable=False):
        """Whoever is signed in without business here gets the page that is not there, never a log-in page."""
        inner = super().admin_view(view, cacheable)

        def guarded(request, *args, **kwargs):
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            return inner(request, *args, **kwargs)

        guarded.__dict__.update(inner.__dict__)
        return guarded

    def login(self, request, extra_context=None):
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    login.login_required = False

    def logout(self, request, extra_context=None):
        """The portal's own button logs out."""
        raise Http404

    def password_change(self, request, extra_context=None):
        return redirect("accounts:password-change")

    password_change_done = password_change


class ByRole:
    """Every permission of a ModelAdmin or an inline, asked of the site's table; rows within the user's scope."""

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        return self.admin_site.allows(request, self.model, "view") and self._is_in_scope(request, obj)

    def has_add_permission(self, request, obj=None):
        return self.admin_site.allows(request, self.model, "add")

    def has_change_permission(self, request, obj=None):
        return self.admin_site.allows(request, self.model, "change") and self._is_in_scope(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self.admin_site.allows(request, self.model, "delete") and self._is_in_scope(request, obj)

    def get_queryset(self, request):
        return self.admin_site.in_scope(request, super().get_queryset(request))

    def formfield_for_foreignkey(self, field, request, **kwargs):
        if "queryset" not in kwargs:
            rows = field.remote_field.model._default_manager.all()
            kwargs["queryset"] = self.admin_site.in_scope(request, rows)
        return super().formfield_for_foreignkey(field, request, **kwargs)

    def _is_in_scope(self, request, obj):
        if obj is None or not isinstance(obj, self.model) or obj.pk is None:
            return True
        return self.admin_site.in_scope(request, self.model._default_manager.filter(pk=obj.pk)).exists()

    def formfield_for_dbfield(self, field, request, **kwargs):
        """Without the small buttons that open other rows in a window: they have pages of their own."""
        formfield = super().formfield_for_dbfield(field, request, **kwargs)
        for button in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if hasattr(getattr(formfield, "widget", None), button):
                setattr(formfield.widget, button, False)
        return formfield

    def changelist_view(self, request, extra_context=None):
        title = {"title": self.opts.verbose_name_plural}
        try:
            return super().changelist_view(request, title | (extra_context or {}))
        except OverflowError:
            # A day of the address that has no next one. Like Django with any filter that makes no sense.
            return redirect(f"{request.path}?{ERROR_FLAG}=1")


class CampaignFilter(admin.RelatedFieldListFilter):
    """A filter by campaign that offers those in the user's scope and names no other."""

    def field_choices(self, field, request, model_admin):
        led = model_admin.admin_site.campaigns_led(request)
        limit = {} if led is None else {"pk__in": led}
        return field.get_choices(include_blank=False, limit_choices_to=limit)


class OfficeAdmin(ByRole, SimpleHistoryAdmin):
    """Rows that are looked after, with their history. Nothing is put back from it: a change is a new change."""

    list_per_page = 100
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    object_history_list_template = "admin/history_list.html"

    def get_urls(self):
        # Without the package's page of one past state, which would store it again.
        return super(SimpleHistoryAdmin, self).get_urls()

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except REFUSALS as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())

    def history_view(self, request, object_id, extra_context=None):
        if self.get_object(request, object_id) is None:
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def revert_disabled(self, request, obj=None):
        return True


class TrailAdmin(ByRole, admin.ModelAdmin):
    """Rows that are only ever read."""

    list_per_page = 100
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    list_display_links = None
    actions = None

    def get_urls(self):
        """The list alone: one row of it says all that there is."""
        return [url for url in super().get_urls() if url.name and url.name.endswith("_changelist")]


site = Administration(name="admin")
site.disable_action("delete_selected")
