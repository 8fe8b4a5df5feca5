"""Events no longer say which transaction wrote them: see `events.horizon`."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0002_audit_position")]

    operations = [
        migrations.RemoveField(model_name="event", name="xid"),
    ]
