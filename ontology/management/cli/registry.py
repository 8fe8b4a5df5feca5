"""``ontology create | list | delete | stats | verify``: ontologies as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from django_typer.management import command
from rich.text import Text

from oms_project.core.errors import Invalid
from oms_project.core.keys import PublicKey, load_public_keys
from oms_project.management.base import REFUSED, usage_error
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.text import clean
from ontology import selectors, services
from ontology.contract import OntologyInfo
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import (
    AsOf,
    Name,
    Ref,
)
from ontology.management.cli.output import is_terminal, table
from ontology.management.cli.rendering.values import plural

__all__ = ["RegistryCommands"]

_PANEL = "Ontologies"

_PROBLEMS_SHOWN = 50

PublicKeys = Annotated[
    Path | None,
    typer.Option(
        "--public-keys",
        metavar="FILE",
        help="Only keys of this file count (a JSON Web Key Set).",
        show_default=False,
    ),
]


class RegistryCommands(OntologyCommand):
    """Ontologies as a whole."""

    @command(
        rich_help_panel=_PANEL,
        name="create",
        epilog=examples(
            "create schemaorg --base-iri https://schema.org/",
            "create fleet --base-iri https://example.com/fleet/ --prefix fleet=https://example.com/fleet/",
        ),
    )
    def create(
        self,
        name: Annotated[
            str,
            typer.Argument(
                metavar="NAME",
                help="Lower-case letters, digits and . _ - (schemaorg, supply-chain).",
                show_default=False,
            ),
        ],
        *,
        base_iri: Annotated[
            str,
            typer.Option(
                "--base-iri",
                metavar="IRI",
                help="What the IRIs of its definitions start with (https://schema.org/).",
                show_default=False,
            ),
        ],
        description: Annotated[
            str, typer.Option("--description", metavar="TEXT", help="What it is about.")
        ] = "",
        prefix: Annotated[
            list[str] | None,
            typer.Option(
                "--prefix",
                metavar="PREFIX=IRI",
                help="A prefix for exports; repeat for several.",
                show_default=False,
            ),
        ] = None,
        default_language: Annotated[
            str,
            typer.Option(
                "--default-language", metavar="TAG", help="Language of texts (BCP 47: en, ko)."
            ),
        ] = "en",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Create an empty ontology with a branch to work on."""
        prefixes = dict(_prefix(text) for text in prefix or ())
        with self.session(as_user, output_format) as out:
            info = services.create_ontology(
                name=name,
                base_iri=base_iri,
                description=description,
                prefixes=prefixes,
                default_language=default_language,
            )
            if out.as_json:
                out.json(info)
            else:
                out.line(f"Created ontology {info.name} with branch {info.default_branch}.")

    @command(rich_help_panel=_PANEL, name="list", epilog=examples("list", "list --format json"))
    def list_(self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None) -> None:
        """List the ontologies."""
        with self.session(as_user, output_format) as out:
            found = selectors.list_ontologies()
            if out.as_json:
                out.json_items(found)
            elif found:
                out.lines(
                    table(("name", "default branch", "base IRI", "description"), _rows(found))
                )
            else:
                out.note("There is no ontology yet; `ontology create` makes one.")

    @command(rich_help_panel=_PANEL, name="delete", epilog=examples("delete schemaorg --yes"))
    def delete(
        self,
        name: Name,
        *,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Delete an ontology with all its branches and history."""
        with self.session(as_user, output_format) as out:
            info = selectors.get_ontology(ontology=name)
            if not yes:
                if not is_terminal():
                    usage_error(f"Deleting {info.name} needs --yes where nobody can be asked.")
                typer.confirm(f"Delete ontology {info.name}, all branches and history?", abort=True)
            services.delete_ontology(ontology=info.id)
            if out.as_json:
                out.json({"deleted": info})
            else:
                out.line(f"Deleted ontology {info.name}.")

    @command(rich_help_panel=_PANEL, name="stats", epilog=examples("stats schemaorg --ref v30"))
    def stats(
        self,
        name: Name,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Count the documents of each kind."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            counts = selectors.statistics(ontology=name, ref=ref)
            total = sum(counts.values())
            if out.as_json:
                out.json({"kinds": counts, "total": total})
                return
            rows = [(str(kind), f"{count:,}") for kind, count in counts.items() if count]
            out.lines(table(("kind", "documents>"), [*rows, ("total", f"{total:,}")]))

    @command(rich_help_panel=_PANEL, name="verify", epilog=examples("verify schemaorg"))
    def verify(
        self,
        name: Name,
        *,
        public_keys: PublicKeys = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Prove the history: recompute every hash, check every author's signature.

        With --public-keys, signatures count only when they were made with a key of that file, kept
        where nobody who can change the database can change it (manage.py keys export).
        """
        with self.session(as_user, output_format) as out:
            keys = None if public_keys is None else _read_keys(public_keys)
            with out.progress() as report_progress:
                report = selectors.verify(ontology=name, keys=keys, on_progress=report_progress)
            if out.as_json:
                out.json(
                    {
                        "ok": report.ok,
                        "commits": report.commits,
                        "documents": report.documents,
                        "problems": report.problems,
                    }
                )
            else:
                checked = (
                    f"{plural(report.commits, 'commit')}, {plural(report.documents, 'document')}"
                )
                if report.ok:
                    out.line(Text.assemble(("OK ", "bold green"), f"{checked} checked."))
                else:
                    count = plural(len(report.problems), "problem")
                    out.line(Text.assemble((f"{count} ", "bold red"), f"in {checked}:"))
                    for problem in report.problems[:_PROBLEMS_SHOWN]:
                        out.line(f"  - {problem.where}: {problem.message}")
                    if len(report.problems) > _PROBLEMS_SHOWN:
                        more = len(report.problems) - _PROBLEMS_SHOWN
                        out.line(f"  … and {more} more; --format json lists them all.")
            if not report.ok:
                raise typer.Exit(REFUSED)


def _read_keys(path: Path) -> dict[str, PublicKey]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            f"The public keys cannot be read from {path}: {error}.", code="bad_key_set"
        ) from error
    return load_public_keys(document)


def _rows(found: Iterable[OntologyInfo]) -> list[tuple[str, str, str, str]]:
    return [(info.name, info.default_branch, info.base_iri, info.description) for info in found]


def _prefix(text: str) -> tuple[str, str]:
    prefix, separator, iri = text.partition("=")
    if not separator or not iri:
        usage_error(
            f"--prefix '{clean(text)}': write PREFIX=IRI, such as schema=https://schema.org/."
        )
    return prefix, iri
