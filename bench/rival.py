"""Django admin with django-simple-history on the very rows of bench.load: what bench.pages measures itself against.

It runs in an environment of its own, never in the product's:

    python3 -m venv /var/tmp/rival && /var/tmp/rival/bin/pip install "django==5.2.*" django-simple-history "psycopg[binary]" gunicorn

An admin as one writes it in an afternoon: the fields of the record, choosers instead of drop-downs that load a table
(`raw_id_fields`), joins for the columns of the list, lines as inlines, the orders of a device below it, history on what is written.
"""

import os

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="only for benchmarks, never in an installation",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    LANGUAGE_CODE="zh-hans",
    TIME_ZONE="Asia/Shanghai",
    STATIC_URL="/static/",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "simple_history",
        "bench",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "simple_history.middleware.HistoryRequestMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["RIVAL_DATABASE"],
            "HOST": os.environ["RIVAL_HOST"],
            "USER": os.environ["RIVAL_USER"],
            "CONN_MAX_AGE": None,
            "OPTIONS": {"options": "-c search_path=rival,public"},
        }
    },
)
django.setup()

from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import path  # noqa: E402
from simple_history.admin import SimpleHistoryAdmin  # noqa: E402
from simple_history.models import HistoricalRecords  # noqa: E402


class Row(models.Model):
    """The columns every record of the product has, as far as a rival must fill them to write."""

    region_id = models.IntegerField()
    version = models.IntegerField(default=1, editable=False)
    search_text = models.TextField(default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


def table(name):
    return type("Meta", (), {"managed": False, "db_table": name, "app_label": "bench"})


def to(model, **options):
    return models.ForeignKey(model, models.DO_NOTHING, related_name="+", **options)


class Customer(Row):
    number = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    level = models.CharField(max_length=40)
    province = models.CharField(max_length=60, null=True, blank=True)
    city = models.CharField(max_length=60)
    street = models.CharField(max_length=200, null=True, blank=True)
    history = HistoricalRecords(app="bench")
    Meta = table("customer")

    def __str__(self):
        return self.name


class Model(models.Model):
    name = models.CharField(max_length=200)
    Meta = table("device_model")

    def __str__(self):
        return self.name


class Device(Row):
    number = models.CharField(max_length=64)
    model = to(Model)
    serial_no = models.CharField(max_length=64)
    lot_no = models.CharField(max_length=64, null=True, blank=True)
    customer = to(Customer)
    department = models.CharField(max_length=100, null=True, blank=True)
    is_loaner = models.BooleanField()
    state = models.CharField(max_length=40)
    Meta = table("device")

    def __str__(self):
        return self.serial_no


class Person(models.Model):
    name = models.CharField(max_length=60)
    Meta = table("person")

    def __str__(self):
        return self.name


class Code(models.Model):
    name = models.CharField(max_length=100)
    Meta = table("code")

    def __str__(self):
        return self.name


class Request(Row):
    number = models.CharField(max_length=64)
    kind = models.CharField(max_length=40, default="fault")
    channel = models.CharField(max_length=40)
    received_at = models.DateTimeField()
    customer = to(Customer)
    device = to(Device, null=True, blank=True)
    caller_name = models.CharField(max_length=60, null=True, blank=True)
    caller_phone = models.CharField(max_length=40, null=True, blank=True)
    fault_text = models.TextField()
    fault_level = models.CharField(max_length=40, null=True, blank=True)
    harm = models.CharField(max_length=40, default="no")
    vigilance = models.CharField(max_length=40, default="none")
    progress_token = models.CharField(max_length=100)
    state = models.CharField(max_length=40)
    history = HistoricalRecords(app="bench")
    Meta = table("service_request")

    def __str__(self):
        return self.number


class Order(Row):
    number = models.CharField(max_length=64)
    request = to(Request)
    device = to(Device)
    customer = to(Customer)
    fault_level = models.CharField(max_length=40, choices=[(f"level_{n}", f"{n}级") for n in (1, 2, 3)])
    fault_text = models.TextField()
    reported_at = models.DateTimeField()
    engineer = to(Person, null=True, blank=True)
    planned_at = models.DateTimeField(null=True, blank=True)
    assigned_at = models.DateTimeField(null=True, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    waiting_for = models.CharField(max_length=40, null=True, blank=True)
    waiting_note = models.CharField(max_length=200, null=True, blank=True)
    cause = models.TextField(null=True, blank=True)
    cause_category = to(Code, null=True, blank=True)
    plan = models.TextField(null=True, blank=True)
    solution_at = models.DateTimeField(null=True, blank=True)
    plan_explained_to = models.CharField(max_length=60, null=True, blank=True)
    plan_explained_at = models.DateTimeField(null=True, blank=True)
    workshop_reason = models.TextField(null=True, blank=True)
    workshop_at = models.DateTimeField(null=True, blank=True)
    is_loaner_offered = models.BooleanField(null=True, blank=True)
    result = models.CharField(max_length=40, null=True, blank=True)
    accepted_by = models.CharField(max_length=60, null=True, blank=True)
    satisfaction = models.IntegerField(null=True, blank=True)
    customer_opinion = models.TextField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    review_opinion = models.TextField(null=True, blank=True)
    reviewed_by = models.CharField(max_length=200, null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=40, choices=[(s, s) for s in ("opened", "assigned", "accepted", "working", "completed", "closed")])
    history = HistoricalRecords(app="bench")
    Meta = table("service_order")

    def __str__(self):
        return self.number


class Line(Row):
    order = models.ForeignKey(Order, models.DO_NOTHING)

    class Meta:
        abstract = True


class Visit(Line):
    kind = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    engineer = to(Person)
    Meta = table("visit")


class Part(Line):
    part_no = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    quantity = models.IntegerField()
    old_serial_no = models.CharField(max_length=64, null=True)
    new_serial_no = models.CharField(max_length=64, null=True)
    reason = models.CharField(max_length=200)
    Meta = table("part_replaced")


class Measurement(Line):
    value = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    is_passed = models.BooleanField(null=True)
    measured_at = models.DateTimeField()
    verdict = models.CharField(max_length=40)
    Meta = table("measurement")


class Lines(admin.TabularInline):
    extra = 0
    exclude = ("region_id",)


class Visits(Lines):
    model, raw_id_fields = Visit, ("engineer",)


class Parts(Lines):
    model = Part


class Measurements(Lines):
    model = Measurement


class Orders(admin.TabularInline):
    """A device's life, as an admin shows it."""

    model, fk_name, extra, can_delete, show_change_link = Order, "device", 0, False, True
    fields = readonly_fields = ("number", "reported_at", "fault_level", "fault_text", "state", "closed_at")

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(Order)
class OrderAdmin(SimpleHistoryAdmin):
    list_display = ("number", "reported_at", "customer", "device", "fault_level", "engineer", "state")
    list_select_related = ("customer", "device", "engineer")
    list_filter = ("state", "fault_level")
    search_fields = ("number", "request__number", "customer__name", "device__serial_no", "device__model__name", "fault_text")
    raw_id_fields = ("request", "device", "customer", "engineer", "cause_category")
    inlines = (Visits, Parts, Measurements)
    list_per_page, ordering = 25, ("-id",)


@admin.register(Device)
class DeviceAdmin(SimpleHistoryAdmin):
    raw_id_fields = ("model", "customer")
    inlines = (Orders,)


@admin.register(Customer)
class CustomerAdmin(SimpleHistoryAdmin):
    pass


@admin.register(Request)
class RequestAdmin(SimpleHistoryAdmin):
    raw_id_fields = ("customer", "device")


urlpatterns = [path("admin/", admin.site.urls)]
application = get_wsgi_application()


def prepare():
    """Django's own tables and the histories, in a schema of their own beside the product's."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS rival")
    call_command("migrate", verbosity=0)
    present = connection.introspection.table_names()
    with connection.schema_editor() as editor:
        for model in (Customer, Request, Order):
            history = model.history.model
            history._meta.managed = True
            if history._meta.db_table not in present:
                editor.create_model(history)
    if not User.objects.filter(username="administrator").exists():
        User.objects.create_superuser("administrator", password="rival-123456")


if __name__ == "__main__":
    prepare()
