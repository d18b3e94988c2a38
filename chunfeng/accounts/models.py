"""Who acts for whom: people, their memberships of reporting units, and the site's three administrators."""

from typing import ClassVar

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from simple_history.models import HistoricalRecords

from campaigns.models import ReportingUnit

SITE_ROLE_HOLDS_NO_OTHER = "系统管理员、安全管理员、审计管理员不能兼任填报员、审核员或查阅。"


class PersonHistory(HistoricalRecords):
    """History of people; a log-in, which stamps only what is not kept, leaves no row."""

    def post_save(self, instance, created, using=None, update_fields=None, **kwargs):
        if update_fields is None or not set(update_fields) <= set(self.excluded_fields):
            super().post_save(instance, created, using=using, **kwargs)


class UserManager(DjangoUserManager["User"]):
    def get_by_natural_key(self, username):
        """Log-in names ignore case: 420103-HR and 420103-hr are one person."""
        return self.get(username__iexact=username)


class User(AbstractUser):
    """A person. What a person may do comes from memberships or `site_role`, never from `is_staff`.

    Of the three site roles a person holds one at most, and nobody who holds one has a membership: those who
    look after accounts, roles and trails neither read nor write figures. `chunfeng.accounts.people` sees to it.
    """

    class SiteRole(models.TextChoices):
        SYSTEM = "system", "系统管理员"
        SECURITY = "security", "安全管理员"
        AUDIT = "audit", "审计管理员"

    username = models.CharField(
        "账号",
        max_length=150,
        unique=True,
        help_text="文字、字母、数字和 @ . + - _，不分大小写。开设后不能更改。",
        validators=[AbstractUser.username_validator],
        error_messages={"unique": "这个账号已经存在，请换一个。"},
    )
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("电子邮箱", blank=True)
    name = models.CharField("姓名", max_length=50)
    phone = models.CharField("联系电话", max_length=30, blank=True)
    must_change_password = models.BooleanField("下次登录须改密码", default=True)
    password_changed_at = models.DateTimeField("密码更新时间", null=True, blank=True, editable=False)
    """When a password was last issued or chosen; None = never, or before this was kept."""
    site_role = models.CharField("系统角色", max_length=10, choices=SiteRole, blank=True, default="")
    is_demo = models.BooleanField("演示账号", default=False)

    objects: ClassVar[UserManager] = UserManager()
    history = PersonHistory(
        excluded_fields=["password", "last_login"], verbose_name="人员变更", verbose_name_plural="人员变更"
    )
    _change_reason: str
    """Set before a save: what the history says about it; so below."""

    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = verbose_name_plural = "人员"
        constraints = [
            models.UniqueConstraint(Lower("username"), name="username_unique_ignoring_case"),
            models.CheckConstraint(
                condition=models.Q(site_role__in=["", "system", "security", "audit"]), name="one_site_role"
            ),
        ]

    def __str__(self):
        return self.name or self.username

    def clean(self):
        super().clean()
        if self.site_role and self.pk and self.memberships.exists():
            raise ValidationError({"site_role": SITE_ROLE_HOLDS_NO_OTHER})

    def get_full_name(self):
        return self.name

    def get_short_name(self):
        return self.name


class Membership(models.Model):
    class Role(models.TextChoices):
        REPORTER = "reporter", "填报员"
        COORDINATOR = "coordinator", "审核员"
        VIEWER = "viewer", "查阅"

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name="人员")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="memberships", verbose_name="单位")
    role = models.CharField("角色", max_length=20, choices=Role)

    history = HistoricalRecords(verbose_name="任职变更", verbose_name_plural="任职变更")
    _change_reason: str

    class Meta:
        verbose_name = verbose_name_plural = "任职"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "unit", "role"], name="one_membership_of_a_kind")
        ]

    def __str__(self):
        return f"{self.unit} {self.get_role_display()} {self.user}"

    def clean(self):
        super().clean()
        if self.user_id and self.user.site_role:
            raise ValidationError({"user": SITE_ROLE_HOLDS_NO_OTHER})

    @property
    def reads_below(self):
        """Coordinators and viewers read the units below; a reporter reads the unit's own reports only."""
        return self.role != self.Role.REPORTER


class ProposedMembership(models.Model):
    """A role that a system administrator has put forward: it opens nothing until a security administrator confirms it.

    A table of its own and no flag, so that nothing that reads memberships can take it for one.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="proposals", verbose_name="人员")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="proposals", verbose_name="单位")
    role = models.CharField("角色", max_length=20, choices=Membership.Role)
    proposed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提名人"
    )
    proposed_at = models.DateTimeField("提名时间", auto_now_add=True)

    history = HistoricalRecords(verbose_name="提名变更", verbose_name_plural="提名变更")
    _change_reason: str

    class Meta:
        verbose_name = verbose_name_plural = "待确认的角色"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "unit", "role"], name="one_proposal_of_a_kind")
        ]

    def __str__(self):
        return f"{self.unit} {self.get_role_display()} {self.user}"

    def clean(self):
        super().clean()
        if self.user_id and self.user.site_role:
            raise ValidationError({"user": SITE_ROLE_HOLDS_NO_OTHER})


class PasswordHistory(models.Model):
    """Hashes of the passwords that a person has had, the one in use included: the latest few may not come back."""

    user = models.ForeignKey(User, models.CASCADE, related_name="past_passwords")
    password = models.CharField(max_length=128)
    used_from = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "用过的密码"
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.user} {self.used_from:%Y-%m-%d}"


class LockOut(AccessAttempt):
    """Wrong passwords typed for an account from an address, counted by django-axes."""

    class Meta:
        proxy = True
        app_label = "accounts"
        verbose_name = verbose_name_plural = "登录锁定"


class LogIn(AccessLog):
    class Meta:
        proxy = True
        app_label = "accounts"
        verbose_name = verbose_name_plural = "登录记录"


class FailedLogIn(AccessFailureLog):
    class Meta:
        proxy = True
        app_label = "accounts"
        verbose_name = verbose_name_plural = "登录失败记录"
