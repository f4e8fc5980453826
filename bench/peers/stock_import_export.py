"""django-import-export as its documentation shows it: a resource over a model, the file read by tablib, imported row by row.

`python stock_import_export.py FILE ROWS`: how long it takes to read the sheet and to import its first ROWS rows, half of which are
there already; and the dry run that Django's admin makes of the same rows before. What that does besides (a page of differences,
a log entry a row) is left out.
"""

import json
import os
import resource
import sys
import time

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="measured", INSTALLED_APPS=["django.contrib.contenttypes", "import_export"], USE_TZ=False,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["BENCH_FILE"]}},
    IMPORT_EXPORT_USE_TRANSACTIONS=True,
)  # fmt: skip
django.setup()

from django.db import connection, models  # noqa: E402
from import_export import resources  # noqa: E402
from tablib import Dataset  # noqa: E402


class Brand(models.Model):
    name = models.CharField(max_length=100, unique=True)
    slug = models.CharField(max_length=120, db_index=True)
    country = models.CharField(max_length=100, null=True)
    website = models.CharField(max_length=300, null=True)

    class Meta:
        app_label = "contenttypes"  # any that is installed: the model stands in this file
        db_table = "peer_brand"


class Brands(resources.ModelResource):
    class Meta:
        model = Brand
        import_id_fields = ("name",)
        fields = ("name", "slug", "country", "website")
        skip_unchanged = True


def main(path, most):
    with connection.schema_editor() as editor:
        editor.create_model(Brand)
    Brand.objects.bulk_create([Brand(name=f"Brand {n}", slug=f"old-{n}") for n in range(1, most // 2 + 1)])
    began = time.process_time()
    with open(path, "rb") as file:
        sheet = Dataset().load(file.read(), format="xlsx")
    read = time.process_time() - began
    rows = len(sheet)
    part = Dataset(*sheet[:most], headers=sheet.headers)
    began = time.process_time()
    Brands().import_data(part, dry_run=True, raise_errors=True)
    dry = time.process_time() - began
    began = time.process_time()
    result = Brands().import_data(part, raise_errors=True)
    spent = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"read": read, "rows_read": rows, "cpu": spent, "dry": dry, "rows": most, "peak_mb": peak}
    print(json.dumps(found | {"totals": dict(result.totals)}))


main(sys.argv[1], int(sys.argv[2]))
