"""How figures and header cells are printed in pages."""

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe

from reports import letterhead, numbers
from reports.entry import validation

register = template.Library()


@register.filter
def figure(value, decimals):
    """A figure with thousands separators and exactly `decimals` places; "—" where nothing was reported."""
    return numbers.format_figure(value, decimals)


@register.filter
def amount(value):
    """What a target asks for: with thousands separators, and two decimals where it is no whole number."""
    return numbers.format_figure(value, 0 if value == int(value) else 2)


@register.filter
def increment(value, decimals):
    """An increment with its sign: +5, a real minus for a fall, 0 plain, "—" where it is unknown."""
    if value is None or value == 0:
        return numbers.format_figure(value, decimals)
    sign = "+" if value > 0 else "\N{MINUS SIGN}"
    return sign + numbers.format_figure(abs(value), decimals)


@register.filter
def header_text(cell):
    """The text of a HeaderCell: it may break between its lines, 其中： and a bracketed unit stand alone."""
    html = ""
    for line in cell.lines:
        html += conditional_escape(line)
        html += "<br>" if line == "其中：" else "<wbr>"
    if cell.suffix:
        html += format_html("<br>{}", cell.suffix.strip())
    if cell.mark:
        html += format_html('<span class="doubtful">{}</span>', cell.mark)
    return mark_safe(html)  # noqa: S308 - every piece above is escaped


@register.filter
def share(part):
    """A part of a whole, 0 to 1, as a percentage: 98%; never 100% while something is missing; "—" for None."""
    return numbers.percentage(part)


@register.filter
def at(mapping, key):
    """mapping[key], or None: values of a roll-up row are kept by indicator number."""
    return mapping.get(key)


@register.filter
def time_left(due_at, now):
    """还有 2 天 3 小时, 已过截止 3 小时; days alone from the eighth day on."""
    span = time_span(abs(due_at - now))
    return f"已过截止 {span}" if due_at < now else f"还有 {span}"


@register.filter
def time_span(length):
    """A timedelta in words: 2 天 3 小时; days alone from the eighth day on."""
    days, rest = divmod(int(length.total_seconds()), 86400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    if days > 7:
        return f"{days} 天"
    if days:
        return f"{days} 天 {hours} 小时"
    return f"{hours} 小时 {minutes} 分" if hours else f"{minutes} 分钟"


@register.filter
def check_code(checksum):
    """What a person reads of a checksum: 7K2M-9QXT-4H3D; "" where there is none."""
    return letterhead.check_code(checksum) if checksum else ""


@register.filter
def span(length):
    """How long something took: 3 天 4 小时, 2 小时 10 分, 8 分钟."""
    minutes = int(length.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    if hours:
        return f"{hours} 小时 {minutes} 分"
    return f"{minutes} 分钟" if minutes else "不到 1 分钟"


@register.filter
def explanation_problem(text):
    """What is wrong with a 核实说明, None where it stands."""
    return validation.explanation_problem(text)
