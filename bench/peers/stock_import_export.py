"""django-import-export as its documentation shows it: a resource over a model, the file read by tablib, imported row by row.

`python stock_import_export.py FILE ROWS`: how long it takes to read the sheet and to import its first ROWS rows, half of which are
there already; and the dry run that Django's admin makes of the same rows before. What that does besides (a page of differences,
a log entry a row) is left out. BENCH_URL names the database, which is of the same kind as ours; with BENCH_SERVER, the number of
PostgreSQL's first process, the seconds of its backends count as ours do.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import django
from django.conf import settings

URL = os.environ["BENCH_URL"]


def database():
    if URL.startswith("sqlite"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": URL.removeprefix("sqlite:///")}
    from sqlalchemy import make_url

    url = make_url(URL)
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": url.database, "USER": url.username or "",
        "HOST": url.host or url.query.get("host", ""), "PASSWORD": url.password or "", "PORT": url.port or "",
    }  # fmt: skip


settings.configure(
    SECRET_KEY="measured", INSTALLED_APPS=["django.contrib.contenttypes", "import_export"], USE_TZ=False,
    DATABASES={"default": database()}, IMPORT_EXPORT_USE_TRANSACTIONS=True,
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


def seconds():
    """Of this process, and of those of the server, which psutil tells ours."""
    found = time.process_time()
    for stat in Path("/proc").glob("[0-9]*/stat") if "BENCH_SERVER" in os.environ else ():
        try:
            told = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if told[1] == os.environ["BENCH_SERVER"]:
            found += (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return found


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
    began = seconds()
    Brands().import_data(part, dry_run=True, raise_errors=True)
    dry = seconds() - began
    began, clock = seconds(), time.monotonic()
    result = Brands().import_data(part, raise_errors=True)
    spent, clock = seconds() - began, time.monotonic() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"read": read, "rows_read": rows, "cpu": spent, "seconds": clock, "dry": dry, "rows": most, "peak_mb": peak}
    print(json.dumps(found | {"totals": dict(result.totals)}))


main(sys.argv[1], int(sys.argv[2]))
