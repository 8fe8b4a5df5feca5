"""Triggers that let the database itself refuse changes of what is written."""

from django.db import migrations

from audit.triggers import drop_triggers, install_triggers


def _install(_apps, schema_editor):
    install_triggers(schema_editor.connection)


def _drop(_apps, schema_editor):
    drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(_install, _drop)]
