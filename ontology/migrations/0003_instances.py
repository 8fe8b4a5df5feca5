"""Objects and links: what they are listed and found by."""

import django.db.models.deletion
from django.db import migrations, models

import ontology.store.orm.models
from ontology.store.orm.fulltext import drop_indexes, install_indexes
from ontology.store.orm.rekeying import rekey, unrekey


def _install(_apps, editor):
    install_indexes(editor)


def _drop(_apps, editor):
    drop_indexes(editor)


def _rekey(_apps, editor):
    rekey(editor.connection)


def _unrekey(_apps, editor):
    unrekey(editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("ontology", "0002_commit_on_behalf_of"),
    ]

    operations = [
        migrations.CreateModel(
            name="TextEntry",
            fields=[
                ("id", ontology.store.orm.models.RowNumberField(primary_key=True, serialize=False)),
                ("rid", ontology.store.orm.models.CodePointField(max_length=36)),
                ("level", models.SmallIntegerField()),
                ("text", models.TextField()),
                ("seq_from", models.BigIntegerField()),
                ("seq_to", models.BigIntegerField(null=True)),
                (
                    "line",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="ontology.line",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["line", "rid"], name="text_of_document")],
            },
        ),
        migrations.CreateModel(
            name="ValueEntry",
            fields=[
                ("id", ontology.store.orm.models.RowNumberField(primary_key=True, serialize=False)),
                ("field", models.BigIntegerField()),
                ("key", ontology.store.orm.models.CodePointField(max_length=500)),
                ("rid", ontology.store.orm.models.CodePointField(max_length=36)),
                ("seq_from", models.BigIntegerField()),
                ("seq_to", models.BigIntegerField(null=True)),
                (
                    "line",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="ontology.line",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("seq_to__isnull", True)),
                        fields=["line", "field", "key", "rid"],
                        name="value_live",
                    ),
                    models.Index(
                        condition=models.Q(("seq_to__isnull", False)),
                        fields=["line", "field", "key", "rid", "seq_from"],
                        name="value_past",
                    ),
                ],
            },
        ),
        migrations.RemoveIndex(model_name="documentversion", name="version_live"),
        migrations.RemoveIndex(model_name="documentversion", name="version_old"),
        migrations.AddIndex(
            model_name="documentversion",
            index=models.Index(
                condition=models.Q(("seq_to__isnull", True)),
                fields=["line", "kind", "name_key", "rid", "deleted"],
                name="version_live",
            ),
        ),
        migrations.AddIndex(
            model_name="documentversion",
            index=models.Index(
                condition=models.Q(("seq_to__isnull", False)),
                fields=["line", "kind", "name_key", "rid", "seq_from"],
                name="version_past",
            ),
        ),
        migrations.RunPython(_install, _drop),
        migrations.RunPython(_rekey, _unrekey),
    ]
