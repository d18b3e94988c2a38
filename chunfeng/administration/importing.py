"""Upload, preview, confirmation and download of tables, in the office's words."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from import_export.admin import ImportExportMixin
from import_export.forms import ConfirmImportForm, ExportForm, ImportForm
from import_export.results import RowResult

from campaigns.models import Campaign
from campaigns.tables import (
    MAX_BYTES,
    MAX_ROWS,
    CsvTable,
    ExcelTable,
    PendingStorage,
    TableError,
    UploadedTable,
    write_excel,
)


class TableForm(ImportForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        file = self.fields["import_file"]
        file.label = "文件"
        file.help_text = (
            f"Excel 工作簿（.xlsx）或 CSV，第一行为列名，最多 {MAX_ROWS} 行、{MAX_BYTES // 1024 // 1024} MB。"
        )
        file.widget.attrs["accept"] = ".xlsx,.csv"
        self.fields["format"].label = "格式"

    @property
    def media(self):
        return forms.Media()

    def clean_import_file(self):
        file = self.cleaned_data["import_file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请只保留要导入的那张表，或分几次导入。"
            )
        return file


class CampaignTableForm(TableForm):
    campaign = forms.ModelChoiceField(Campaign.objects.none(), label="专项活动", empty_label="请选择")
    field_order = ("campaign", "import_file")

    def __init__(self, *args, campaigns, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["campaign"].queryset = campaigns


class ConfirmCampaignTableForm(ConfirmImportForm):
    campaign = forms.ModelChoiceField(Campaign.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args, campaigns, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["campaign"].queryset = campaigns


class DownloadForm(ExportForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["format"].label = "格式"


class TableAdmin(ImportExportMixin):
    """Tables in and out for a ModelAdmin, by the site's table of roles. `sentence`: what the table is for."""

    import_resource = None
    export_resource = None
    sentence = ""
    import_formats = (UploadedTable,)
    export_formats = (ExcelTable, CsvTable)
    import_form_class = TableForm
    export_form_class = DownloadForm
    import_template_name = "admin/import_table.html"
    export_template_name = "admin/export_table.html"
    import_export_change_list_template = "admin/change_list_tables.html"
    tmp_storage_class = PendingStorage
    skip_admin_log = True  # the history of each row keeps who brought it in

    def has_import_permission(self, request):
        return self.admin_site.allows(request, self.model, "import")

    def has_export_permission(self, request):
        return self.admin_site.allows(request, self.model, "export")

    def get_import_resource_classes(self, request):
        return [self.import_resource]

    def get_export_resource_classes(self, request):
        return [self.export_resource or self.import_resource]

    def get_urls(self):
        name = "{}_{}_blank_table".format(*self.get_model_info())
        return [
            path("import/blank/", self.admin_site.admin_view(self.blank_table), name=name),
            *super().get_urls(),
        ]

    def blank_table(self, request):
        """A workbook with the columns and no rows, every cell a text: codes and telephones keep their zeros."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        columns = [field.column_name for field in self.import_resource().get_import_fields()]
        response = HttpResponse(write_excel(columns, []), content_type=ExcelTable().get_content_type())
        response["Content-Disposition"] = f'attachment; filename="{self.opts.model_name}.xlsx"'
        return response

    def get_import_context_data(self, **_):
        return {"sentence": self.sentence, "blank_table": self._address("blank_table")}

    def add_data_read_fail_error_to_form(self, form, e):
        if not isinstance(e, TableError):
            raise e
        form.add_error("import_file", str(e))

    def process_import(self, request, **kwargs):
        try:
            return super().process_import(request, **kwargs)
        except TableError as error:
            messages.error(request, str(error))
            return redirect(self._address("import"))

    def process_dataset(self, dataset, form, request, **kwargs):
        return super().process_dataset(dataset, form, request, rollback_on_validation_errors=True, **kwargs)

    def process_result(self, result, request):
        """Somebody may have changed what the preview was checked against: then nothing has been taken in."""
        if result.has_errors() or result.has_validation_errors():
            messages.error(request, "预览之后数据有了变化，没有导入，请重新上传核对。")
            return redirect(self._address("import"))
        return super().process_result(result, request)

    def add_success_message(self, result, request):
        new = result.totals[RowResult.IMPORT_TYPE_NEW]
        changed = result.totals[RowResult.IMPORT_TYPE_UPDATE]
        done = f"导入完成：新增 {new} 项，更新 {changed} 项{self.opts.verbose_name}。"
        messages.success(request, f"{done}{self.next_step}")

    next_step = ""
    """What to do after an import, in a sentence."""

    def _address(self, page):
        return reverse("admin:{}_{}_{}".format(*self.get_model_info(), page))
