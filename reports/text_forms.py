"""What is typed on the pages of texts: read here, judged by `reports.texts.lifecycle`."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Layout
from django import forms

from reports.lifecycle import LONGEST_COMMENT
from reports.models import Contact, TextReport, UrgentMatter


def _text(name: str, **more: object) -> forms.CharField:
    field = TextReport._meta.get_field(name)
    too_long = {"max_length": f"{field.verbose_name}最多 %(limit_value)d 字，现有 %(show_value)d 字。"}
    return forms.CharField(
        label=field.verbose_name,
        max_length=field.max_length,
        required=False,
        error_messages=too_long,
        **more,
    )


_COUNTER = HTML('{% include "reports/texts/partials/counter.html" %}')


class TextForm(forms.Form):
    """A text of a duty that asks for one; nothing is required while it is a draft."""

    text = _text("text", widget=forms.Textarea(attrs={"rows": 10}), strip=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout("text", _COUNTER)
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class CaseForm(TextForm):
    """A case: where, what, with which figures."""

    title = _text("title")
    place = _text("place", help_text="例如：某市某区人力资源市场")
    figures = _text("figures", help_text="例如：参会企业 86 家，提供岗位 2,300 个，达成意向 412 人")
    categories = forms.MultipleChoiceField(
        label="类别",
        choices=TextReport.Category.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "没有“%(value)s”这一类，请重新选择。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout("title", "place", "text", _COUNTER, "figures", "categories")


class TextReturnForm(forms.Form):
    """退回: what to change."""

    comment = forms.CharField(
        label="退回原因",
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "请写明退回的原因：填报员要知道改什么。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class _PlaceChoice(forms.ChoiceField):
    """One of the places that a person reports for, by the unit's code."""

    def __init__(self, places, **more):
        self.places = {place.unit.code: place for place in places}
        super().__init__(choices=[(code, place.unit.name) for code, place in self.places.items()], **more)

    def clean(self, value):
        return self.places[super().clean(value)]


class UrgentForm(forms.Form):
    """急报: what happened, in a hurry."""

    kind = forms.ChoiceField(
        label="类别",
        choices=UrgentMatter.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "请选择类别。", "invalid_choice": "没有“%(value)s”这一类，请重新选择。"},
    )
    title = forms.CharField(
        label="标题",
        max_length=UrgentMatter._meta.get_field("title").max_length,
        help_text="什么地方发生了什么事",
        error_messages={"required": "请填写标题。"},
    )
    text = forms.CharField(
        label="情况",
        max_length=UrgentMatter._meta.get_field("text").max_length,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="时间、地点、经过、人数、已采取的措施",
        error_messages={"required": "请写明情况。"},
    )

    def __init__(self, *args, places, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["place"] = _PlaceChoice(places, label="单位", error_messages={"required": "请选择单位。"})
        if len(places) == 1:
            self.fields["place"].widget = forms.HiddenInput()
            self.fields["place"].initial = places[0].unit.code
        self.order_fields(["place", "kind", "title", "text"])
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class UrgentNoteForm(forms.Form):
    """续报 or 批示."""

    text = forms.CharField(
        label="续报、批示",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请填写内容。"},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class ContactForm(forms.Form):
    role = forms.ChoiceField(label="类别", choices=Contact.Role.choices)
    name = forms.CharField(label="姓名", max_length=30, required=False)
    post = forms.CharField(label="职务", max_length=50, required=False)
    phone = forms.CharField(label="办公电话", max_length=30, required=False)
    mobile = forms.CharField(label="手机", max_length=30, required=False)

    def clean(self):
        """A row is filled or empty: nothing that was typed is left out without a word."""
        typed = super().clean()
        if not typed.get("name") and any(typed.get(name) for name in ("post", "phone", "mobile")):
            self.add_error("name", "请填写姓名；不要这一行的，请整行清空。")
        return typed


ContactFormSet = forms.formset_factory(ContactForm, extra=2, max_num=10, validate_max=True)
