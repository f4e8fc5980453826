"""Django's admin in one file."""

import os
import sys

import django
from django.conf import settings
from django.urls import path

NAME = "stock_django"
URL = os.environ["BENCH_URL"]


def database():
    if URL.startswith("sqlite"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": URL.removeprefix("sqlite:///"), "CONN_MAX_AGE": None}
    from sqlalchemy import make_url

    url = make_url(URL)
    host = url.host or url.query.get("host", "")
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": url.database, "USER": url.username or "", "HOST": host,
        "PASSWORD": url.password or "", "PORT": url.port or "", "CONN_MAX_AGE": None,
    }  # fmt: skip


class Statements:
    """Tell with every answer how many statements it took."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        seen = [0]

        def one_more(execute, *given):
            seen[0] += 1
            return execute(*given)

        from django.db import connection

        with connection.execute_wrapper(one_more):
            response = self.get_response(request)
        response["X-Statements"] = str(seen[0])
        return response


if not settings.configured:
    settings.configure(
        SECRET_KEY="measured", DEBUG=False, ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=NAME, USE_TZ=False,
        INSTALLED_APPS=[
            "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
            "django.contrib.messages", "django.contrib.staticfiles",
        ],
        MIDDLEWARE=[
            f"{NAME}.Statements", "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
            "OPTIONS": {"context_processors": [
                "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]},
        }],
        DATABASES={"default": database()}, STATIC_URL="/static/", DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )  # fmt: skip
    django.setup()

from django.contrib import admin  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402

STATUSES = [(name, name) for name in ("pending", "paid", "partly_shipped", "shipped", "completed", "closed")]


class Customer(models.Model):
    name = models.CharField(max_length=120)
    email = models.CharField(max_length=160)
    created_at = models.DateTimeField()

    class Meta:
        app_label, managed, db_table = "admin", False, "customer"

    def __str__(self):
        return self.name


class Order(models.Model):
    number = models.CharField(max_length=20)
    customer = models.ForeignKey(Customer, models.PROTECT)
    status = models.CharField(max_length=16, choices=STATUSES)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    channel = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        app_label, managed, db_table = "admin", False, "sale"

    def __str__(self):
        return self.number


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ("number", "customer", "status", "amount", "channel", "created_at")
    list_filter = ("status",)
    search_fields = ("number", "customer__name")
    ordering = ("-created_at",)
    list_per_page = 50


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ("name", "email", "created_at")
    search_fields = ("name",)


urlpatterns = [path("admin/", admin.site.urls)]
app = get_wsgi_application()


def set_up():
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if not User.objects.exists():
        User.objects.create_superuser("admin", "ada@example.org", "admin")


if __name__ == "__main__":
    sys.modules[NAME] = sys.modules["__main__"]
    set_up()
