"""Who acts for whom: people and their memberships of reporting units."""

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models.functions import Lower

from campaigns.models import ReportingUnit


class UserManager(DjangoUserManager):
    def get_by_natural_key(self, username):
        """Log-in names ignore case: 420103-HR and 420103-hr are one person."""
        return self.get(username__iexact=username)


class User(AbstractUser):
    """A person. What a person may do comes from memberships alone, never from `is_staff`."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("电子邮箱", blank=True)
    name = models.CharField("姓名", max_length=50)
    phone = models.CharField("联系电话", max_length=30, blank=True)
    must_change_password = models.BooleanField("下次登录须改密码", default=True)
    is_demo = models.BooleanField("演示账号", default=False)

    objects = UserManager()  # type: ignore[misc]

    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = verbose_name_plural = "人员"
        constraints = [models.UniqueConstraint(Lower("username"), name="username_unique_ignoring_case")]

    def __str__(self):
        return self.name or self.username

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

    class Meta:
        verbose_name = verbose_name_plural = "任职"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "unit", "role"], name="one_membership_of_a_kind")
        ]

    def __str__(self):
        return f"{self.unit} {self.get_role_display()} {self.user}"

    @property
    def reads_below(self):
        """Coordinators and viewers read the units below; a reporter reads the unit's own reports only."""
        return self.role != self.Role.REPORTER
