"""管理员: system, security and audit administrator."""

from .portal import Portal


def take(portal: Portal) -> None:
    system = portal.as_("system-admin")
    system.goto("/admin/")
    portal.shot(system, "admin-system")
    system.goto("/admin/accounts/user/")
    portal.shot(system, "admin-people")
    system.goto("/admin/accounts/user/import/")
    portal.shot(system, "admin-import")

    security = portal.as_("security-admin")
    security.goto("/admin/")
    portal.shot(security, "admin-security")
    security.goto("/admin/accounts/membership/")
    portal.shot(security, "admin-roles")

    audit = portal.as_("audit-admin")
    audit.goto("/admin/")
    portal.shot(audit, "admin-audit")
