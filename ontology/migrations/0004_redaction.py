"""Erasing values for good: what was erased, by whom and why, and a count for what is kept elsewhere."""

import django.db.models.deletion
from django.db import migrations, models

import ontology.store.orm.models
from ontology.store.orm.append_only import drop_guards, install_guards


def _install(_apps, editor):
    install_guards(editor.connection)


def _drop(_apps, editor):
    drop_guards(editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("ontology", "0003_instances"),
    ]

    operations = [
        migrations.AddField(
            model_name="ontology",
            name="erasures",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="Redaction",
            fields=[
                ("id", ontology.store.orm.models.RowNumberField(primary_key=True, serialize=False)),
                ("rid", ontology.store.orm.models.CodePointField(max_length=36)),
                ("kind", models.CharField(max_length=20)),
                ("body_hash", models.CharField(max_length=64)),
                ("before_hash", models.CharField(max_length=64)),
                ("after_hash", models.CharField(max_length=64)),
                ("fields", models.TextField()),
                ("reason", models.TextField()),
                ("author_id", models.CharField(max_length=200)),
                ("author_username", models.CharField(max_length=200)),
                ("on_behalf_of", models.CharField(blank=True, max_length=200)),
                ("time", models.DateTimeField()),
                ("batch", models.CharField(max_length=36)),
                ("position", models.IntegerField()),
                ("size", models.IntegerField()),
                ("versions", models.IntegerField()),
                ("signature", models.TextField()),
                (
                    "ontology",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="ontology.ontology",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "position"), name="redaction_of_batch")
                ],
                "indexes": [models.Index(fields=["ontology", "rid"], name="redaction_of_document")],
            },
        ),
        migrations.RunPython(_install, _drop),
    ]
