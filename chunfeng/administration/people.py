"""人员, 任职, 待确认的角色, 登录锁定."""

import unicodedata

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q

from chunfeng.accounts import lock_outs, people
from chunfeng.accounts.models import LockOut, Membership, ProposedMembership, User
from chunfeng.accounts.people_pages import confirm_page
from chunfeng.accounts.resources import EnrolmentResource, PeopleResource
from chunfeng.accounts.roles import people_managed_by

from .importing import TableAdmin
from .site import ByRole, OfficeAdmin, TrailAdmin, site

STATES = {"disabled": "已停用", "bare": "未发放密码", "issued": "未改初始密码", "active": "在用"}
"""The first that fits."""


def _is_in(state, person):
    return {
        "disabled": not person.is_active,
        "bare": not person.has_usable_password(),
        "issued": person.must_change_password,
        "active": True,
    }[state]


class StateFilter(admin.SimpleListFilter):
    title = "状态"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return STATES.items()

    def queryset(self, request, queryset):
        if self.value() not in STATES:
            return queryset
        if self.value() == "disabled":
            return queryset.filter(is_active=False)
        bare = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        issued = Q(must_change_password=True) & ~bare
        chosen = {"bare": bare, "issued": issued, "active": ~bare & ~issued}[self.value()]
        return queryset.filter(chosen, is_active=True)


class PersonForm(forms.ModelForm):
    def clean_username(self):
        username = unicodedata.normalize("NFKC", self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError(f"账号“{username}”已经存在，请换一个账号（不分大小写）。")
        return username


class ProposalForm(forms.ModelForm):
    def clean(self):
        cleaned = super().clean()
        held = Membership.objects.filter(
            user=self.instance.user_id, unit=cleaned.get("unit"), role=cleaned.get("role", "")
        )
        if self.instance.user_id and cleaned.get("unit") and held.exists():
            raise forms.ValidationError("这个人已经是这个单位的该角色，不用再提名。")
        return cleaned


class ProposalInline(ByRole, admin.StackedInline):
    model = ProposedMembership
    form = ProposalForm
    fk_name = "user"
    fields = ("unit", "role")
    autocomplete_fields = ("unit",)
    extra = 1
    verbose_name = "角色提名"
    verbose_name_plural = "角色提名（由安全管理员确认后生效）"


@admin.register(User, site=site)
class PersonAdmin(TableAdmin, OfficeAdmin):
    form = PersonForm
    list_display = ("username", "name", "shown_roles", "phone", "shown_state", "last_login")
    list_filter = (StateFilter, "memberships__role")
    search_fields = ("username", "name", "phone", "memberships__unit__name", "memberships__unit__code")
    search_help_text = "账号、姓名、电话、单位名称或代码"
    ordering = ("username",)
    actions = ("issue_passwords", "disable", "enable")
    import_resource = EnrolmentResource
    export_resource = PeopleResource
    sentence = "每行一个账号和一个角色；同一个人有几个角色就写几行，账号、姓名相同。导入后由安全管理员确认角色，再发放初始密码。"
    next_step = "角色待安全管理员确认；勾选人员可以发放初始密码。"

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows.prefetch_related("memberships__unit", "proposals__unit")

    def get_fields(self, request, obj=None):
        told = ("username", "name", "phone", "email")
        return told if obj is None else (*told, "shown_roles", "shown_state", "last_login")

    def get_readonly_fields(self, request, obj=None):
        return () if obj is None else ("username", "shown_roles", "shown_state", "last_login")

    def get_inlines(self, request, obj):
        return () if obj is not None and obj.site_role else (ProposalInline,)

    def has_change_permission(self, request, obj=None):
        """Site administrators are looked after at the server, never by one another."""
        return super().has_change_permission(request, obj) and (obj is None or not obj.site_role)

    def save_model(self, request, obj, form, change):
        if change:
            super().save_model(request, obj, form, change)
            return
        made = people.enrol(username=obj.username, name=obj.name, phone=obj.phone, email=obj.email)
        obj.__dict__.update(made.__dict__)

    def save_formset(self, request, form, formset, change):
        """Proposals: put forward or taken back; one that is there is never rewritten."""
        formset.save(commit=False)
        for proposal in formset.deleted_objects:
            proposal.delete()
        for proposal in formset.new_objects:
            people.propose(form.instance, proposal.unit, proposal.role, by=request.user)

    @admin.display(description="单位和角色")
    def shown_roles(self, person):
        if person.site_role:
            return person.get_site_role_display()
        held = [f"{one.unit.name} {one.get_role_display()}" for one in person.memberships.all()]
        waiting = [f"{one.unit.name} {one.get_role_display()}（待确认）" for one in person.proposals.all()]
        return "；".join(held + waiting) or "—"

    @admin.display(description="状态")
    def shown_state(self, person):
        return next(label for state, label in STATES.items() if _is_in(state, person))

    @admin.action(description="发放初始密码，打印密码条", permissions=["change"])
    def issue_passwords(self, request, queryset):
        listed = list(people_managed_by(request.user).filter(pk__in=queryset.order_by().values("pk")))
        if len(listed) < queryset.count():
            messages.error(
                request, "选中的人员里有系统、安全或审计管理员，其密码在服务器上发放，请取消勾选。"
            )
            return None
        return confirm_page(request, listed)

    @admin.action(description="停用账号", permissions=["change"])
    def disable(self, request, queryset):
        _each(request, queryset, lambda person: people.disable(person, by=request.user), "已停用 {} 人。")

    @admin.action(description="启用账号", permissions=["change"])
    def enable(self, request, queryset):
        _each(request, queryset, lambda person: people.enable(person, by=request.user), "已启用 {} 人。")


@admin.register(ProposedMembership, site=site)
class ProposalAdmin(OfficeAdmin):
    list_display = ("user", "username", "unit", "role", "proposed_by", "proposed_at")
    list_display_links = None
    list_filter = ("role", "proposed_at")
    list_select_related = ("user", "unit", "proposed_by")
    search_fields = ("user__username", "user__name", "unit__name", "unit__code")
    search_help_text = "账号、姓名、单位名称或代码"
    actions = ("confirm", "decline")

    def has_add_permission(self, request, obj=None):
        """Proposals are made on the page of the person or in a table."""
        return False

    def has_confirm_permission(self, request):
        return self.admin_site.allows(request, self.model, "confirm")

    @admin.display(description="账号", ordering="user__username")
    def username(self, proposal):
        return proposal.user.username

    @admin.action(description="批量确认", permissions=["confirm"])
    def confirm(self, request, queryset):
        try:
            confirmed = people.confirm(queryset, by=request.user)
        except people.PeopleError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"已确认 {len(confirmed)} 项角色，即时生效。")

    @admin.action(description="退回提名", permissions=["confirm"])
    def decline(self, request, queryset):
        declined = people.decline(queryset, by=request.user)
        messages.success(request, f"已退回 {declined} 项提名。")


@admin.register(Membership, site=site)
class MembershipAdmin(OfficeAdmin):
    """Roles are withdrawn here, never rewritten, and given by a proposal that was confirmed.

    The history says who had which, and when.
    """

    list_display = ("user", "username", "unit", "unit_code", "role")
    list_filter = ("role", "user__is_active")
    list_select_related = ("user", "unit")
    search_fields = ("user__username", "user__name", "unit__name", "unit__code")
    search_help_text = "账号、姓名、单位名称或代码"
    ordering = ("unit__code", "user__username")
    fields = ("user", "unit", "role")

    @admin.display(description="账号", ordering="user__username")
    def username(self, membership):
        return membership.user.username

    @admin.display(description="单位代码", ordering="unit__code")
    def unit_code(self, membership):
        return membership.unit.code

    def delete_model(self, request, obj):
        people.withdraw_role(obj, by=request.user)


@admin.register(LockOut, site=site)
class LockOutAdmin(TrailAdmin):
    """Wrong passwords that still count. What is older than a lock-out is not listed."""

    list_display = ("username_tried", "address", "failures", "shown_state", "last_failure")
    search_fields = ("username", "ip_address")
    search_help_text = "账号或地址"
    actions = ("unlock",)

    def get_queryset(self, request):
        return lock_outs.counted().order_by("-attempt_time")

    def has_unlock_permission(self, request):
        return self.admin_site.allows(request, self.model, "unlock")

    @admin.display(description="账号", ordering="username")
    def username_tried(self, row):
        return row.username

    @admin.display(description="来自", ordering="ip_address")
    def address(self, row):
        return row.ip_address

    @admin.display(description="错误次数")
    def failures(self, row):
        return row.failures

    @admin.display(description="状态")
    def shown_state(self, row):
        return "已锁定" if lock_outs.is_locked(row) else "未锁定"

    @admin.display(description="最近一次", ordering="attempt_time")
    def last_failure(self, row):
        return row.attempt_time

    @admin.action(description="解除锁定", permissions=["unlock"])
    def unlock(self, request, queryset):
        messages.success(request, f"已解除 {lock_outs.unlock(queryset)} 项锁定。")


def _each(request, queryset, move, done):
    """Do it for each; say of those that are refused why. Those before and after are done all the same."""
    count = 0
    for person in queryset.order_by("username"):
        try:
            move(person)
        except people.PeopleError as error:
            messages.error(request, str(error))
        else:
            count += 1
    if count:
        messages.success(request, done.format(count))
