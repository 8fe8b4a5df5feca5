"""Events tell of the audit trail from where it is when events are introduced."""

from django.db import migrations


def start_here(apps, _editor):
    leaf = apps.get_model("audit", "Leaf")
    last = leaf.objects.order_by("-idx").values_list("idx", flat=True).first()
    if last is not None:
        apps.get_model("events", "Position").objects.create(name="audit", value=last + 1)


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial"), ("audit", "0003_row_changes")]

    operations = [migrations.RunPython(start_here, migrations.RunPython.noop)]
