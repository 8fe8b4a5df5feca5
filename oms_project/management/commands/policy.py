"""``manage.py policy``: who may do what, from a terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from django_typer.management import command, initialize

from oms_project.core.authorization import SENSITIVITIES, permissions
from oms_project.core.pagination import all_items
from oms_project.identity.contract import Role
from oms_project.identity.policies import (
    ActionRuleInfo,
    AttributeRuleInfo,
    ProtectionRuleInfo,
    RoleBindingInfo,
)
from oms_project.identity.selectors import explaining
from oms_project.identity.selectors import policies as selectors
from oms_project.identity.services import policies as services
from oms_project.management.base import REFUSED, usage_error
from oms_project.management.options import AsUser, Format, OutputFormat
from ontology.management.cli.base import OntologyCommand
from ontology.management.cli.output import table

__all__ = ["Command"]

User = Annotated[str, typer.Option("--user", metavar="USERNAME", help="User or service account.")]
Group = Annotated[str, typer.Option("--group", metavar="NAME", help="Group.")]
Ontology = Annotated[
    str, typer.Option("--ontology", metavar="NAME", help="This ontology only (default: every one).")
]
Branch = Annotated[
    str,
    typer.Option("--branch", metavar="PATTERN", help="These branches only, such as 'release/*'."),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why.")]
PolicyId = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]


Action = Annotated[
    str, typer.Argument(metavar="ACTION", help="Name of an action type; '*': every one.")
]


class Command(OntologyCommand, rich_markup_mode="rich", no_args_is_help=True):
    """Roles, protected branches, sensitive values: list, give, take, explain.

    Exit codes: 0 done (and `explain`: allowed), 1 refused (denied), 2 usage.
    """

    @initialize()
    def init(self) -> None:
        """Roles, protected branches, sensitive values: list, give, take, explain."""

    @command(name="list")
    def list_policies(
        self,
        *,
        ontology: Ontology = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List roles that are held, protected branches and rules about sensitive values."""
        with self.session(as_user, output_format) as out:
            asked: dict[str, Any] = {"ontology": ontology} if ontology else {}
            bindings = list(all_items(selectors.list_role_bindings, **asked))
            protections = list(all_items(selectors.list_protection_rules, **asked))
            rules = list(all_items(selectors.list_attribute_rules, **asked))
            actions = list(all_items(selectors.list_action_rules, **asked))
            if out.as_json:
                out.json(
                    {
                        "role_bindings": [asdict(one) for one in bindings],
                        "protection_rules": [asdict(one) for one in protections],
                        "attribute_rules": [asdict(one) for one in rules],
                        "action_rules": [asdict(one) for one in actions],
                    }
                )
                return
            out.lines(table(("id", "role", "who", "where", "until"), map(_binding_row, bindings)))
            if protections:
                out.line("")
                out.lines(table(("id", "protected", "ontology", "note"), map(_rule, protections)))
            if rules:
                out.line("")
                out.lines(table(("id", "who", "values", "sees up to"), map(_attribute_row, rules)))
            if actions:
                out.line("")
                out.lines(table(("id", "who", "action", "branches", ""), map(_action_row, actions)))

    @command()
    def grant(
        self,
        role: Annotated[Role, typer.Argument(metavar="ROLE")],
        *,
        user: User = "",
        group: Group = "",
        ontology: Ontology = "",
        branch: Branch = "",
        until: Annotated[
            datetime | None, typer.Option("--until", help="When it ends, UTC (default: not).")
        ] = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Give a role to a user, a service account or a group."""
        with self.session(as_user, output_format) as out:
            made = services.create_role_binding(
                role=role,
                user=user,
                group=group,
                ontology=ontology,
                branch=branch,
                expires_at=until.replace(tzinfo=UTC) if until else None,
            )
            if out.as_json:
                out.json(asdict(made))
            else:
                out.line(f"{made.user or made.group} is {made.role} now ({_where(made)}).")

    @command()
    def revoke(
        self,
        policy_id: PolicyId,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Take a role away; it is gone at once."""
        self._delete(
            policy_id,
            lambda: asdict(selectors.get_role_binding(binding_id=policy_id)),
            lambda: services.delete_role_binding(binding_id=policy_id),
            output_format,
            as_user,
        )

    @command()
    def protect(
        self,
        pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="Such as 'release/*'.")],
        *,
        ontology: Ontology = "",
        note: Note = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Protect branches by their name: changing them takes ontology.merge."""
        with self.session(as_user, output_format) as out:
            made = services.create_protection_rule(pattern=pattern, ontology=ontology, note=note)
            if out.as_json:
                out.json(asdict(made))
            else:
                out.line(f"Branches {made.pattern} are protected now ({made.ontology or '*'}).")

    @command()
    def unprotect(
        self,
        policy_id: PolicyId,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Delete a rule that protects branches."""
        self._delete(
            policy_id,
            lambda: asdict(selectors.get_protection_rule(rule_id=policy_id)),
            lambda: services.delete_protection_rule(rule_id=policy_id),
            output_format,
            as_user,
        )

    @command(name="rule")
    def add_rule(
        self,
        level: Annotated[
            str, typer.Argument(metavar="LEVEL", help=f"One of {', '.join(SENSITIVITIES)}.")
        ],
        *,
        role: Annotated[str, typer.Option("--role", metavar="ROLE", help="For this role.")] = "",
        user: User = "",
        group: Group = "",
        ontology: Ontology = "",
        object_type: Annotated[
            str, typer.Option("--object-type", metavar="NAME", help="Of this type only.")
        ] = "",
        property_name: Annotated[
            str, typer.Option("--property", metavar="NAME", help="Of this property only.")
        ] = "",
        note: Note = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Say how sensitive the values are that a role, user or group sees."""
        with self.session(as_user, output_format) as out:
            made = services.create_attribute_rule(
                level=level,
                role=role,
                user=user,
                group=group,
                ontology=ontology,
                object_type=object_type,
                property_name=property_name,
                note=note,
            )
            if out.as_json:
                out.json(asdict(made))
            else:
                out.line(f"{_whom(made)} sees up to {made.level} of {_values(made)} now.")

    @command(name="unrule")
    def remove_rule(
        self,
        policy_id: PolicyId,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Delete a rule about sensitive values."""
        self._delete(
            policy_id,
            lambda: asdict(selectors.get_attribute_rule(rule_id=policy_id)),
            lambda: services.delete_attribute_rule(rule_id=policy_id),
            output_format,
            as_user,
        )

    @command(name="allow")
    def allow_action(
        self,
        action: Action,
        *,
        role: Annotated[str, typer.Option("--role", metavar="ROLE", help="For this role.")] = "",
        user: User = "",
        group: Group = "",
        ontology: Ontology = "",
        branch: Branch = "",
        note: Note = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Let a role, user or group run an action, also who may not write otherwise.

        Without --branch the rule holds on branches that are not protected.
        """
        self._action_rule(
            True, action, role, user, group, ontology, branch, note, output_format, as_user
        )

    @command(name="deny")
    def deny_action(
        self,
        action: Action,
        *,
        role: Annotated[str, typer.Option("--role", metavar="ROLE", help="For this role.")] = "",
        user: User = "",
        group: Group = "",
        ontology: Ontology = "",
        branch: Branch = "",
        note: Note = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Forbid a role, user or group to run an action, whatever roles allow."""
        self._action_rule(
            False, action, role, user, group, ontology, branch, note, output_format, as_user
        )

    def _action_rule(
        self,
        allowed: bool,
        action: str,
        role: str,
        user: str,
        group: str,
        ontology: str,
        branch: str,
        note: str,
        output_format: Format,
        as_user: str | None,
    ) -> None:
        with self.session(as_user, output_format) as out:
            made = services.create_action_rule(
                allowed=allowed,
                role=role,
                user=user,
                group=group,
                ontology=ontology,
                action="" if action == "*" else action,
                branch=branch,
                note=note,
            )
            if out.as_json:
                out.json(asdict(made))
            else:
                may = "may" if made.allowed else "may not"
                out.line(f"{_whom(made)} {may} run {_runs(made)} now.")

    @command(name="unallow")
    def remove_action_rule(
        self,
        policy_id: PolicyId,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Delete a rule about who runs an action."""
        self._delete(
            policy_id,
            lambda: asdict(selectors.get_action_rule(rule_id=policy_id)),
            lambda: services.delete_action_rule(rule_id=policy_id),
            output_format,
            as_user,
        )

    @command()
    def explain(
        self,
        *,
        user: User = "",
        permission: Annotated[
            str, typer.Option("--permission", metavar="NAME", help="Such as ontology.write.")
        ] = permissions.ONTOLOGY_READ,
        ontology: Ontology = "",
        branch: Annotated[str, typer.Option("--branch", metavar="NAME", help="Branch.")] = "",
        action: Annotated[
            str,
            typer.Option("--action", metavar="NAME", help="Running which action (actions.run)."),
        ] = "",
        object_type: Annotated[
            str, typer.Option("--object-type", metavar="NAME", help="Whose values.")
        ] = "",
        property_name: Annotated[
            str, typer.Option("--property", metavar="NAME", help="Which values.")
        ] = "",
        sensitivity: Annotated[
            str, typer.Option("--sensitivity", metavar="LEVEL", help="How sensitive they are.")
        ] = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Say why somebody may do something, or may not (then with exit code 1)."""
        if permission not in permissions.ALL:
            usage_error(f"There is no permission {permission!r}: {', '.join(permissions.ALL)}.")
        with self.session(as_user, output_format) as out:
            told = explaining.explain(
                permission=permission,
                ontology=ontology,
                branch=branch,
                action=action,
                object_type=object_type,
                property_name=property_name,
                sensitivity=sensitivity,
                username=user,
            )
            if out.as_json:
                out.json(asdict(told))
            else:
                out.line(f"{told.user}, {told.permission}: {told.reason}.")
                out.lines(f"  {number}. {step}" for number, step in enumerate(told.steps, 1))
                if told.sees:
                    shown = ", ".join(level for level, seen in told.sees.items() if seen)
                    out.line(f"Values shown: {shown or 'none'} ({told.sees_reason}).")
        if not told.allowed:
            raise typer.Exit(REFUSED)

    def _delete(
        self,
        policy_id: str,
        find: Callable[[], dict[str, Any]],
        delete: Callable[[], None],
        output_format: Format,
        as_user: str | None,
    ) -> None:
        with self.session(as_user, output_format) as out:
            gone = find()
            delete()
            if out.as_json:
                out.json({"deleted": gone})
            else:
                out.line(f"Deleted {policy_id}.")


def _where(binding: RoleBindingInfo) -> str:
    branches = f":{binding.branch}" if binding.branch else ""
    return f"{binding.ontology or '*'}{branches}"


def _binding_row(one: RoleBindingInfo) -> tuple[str, ...]:
    who = one.user or f"group {one.group}"
    until = one.expires_at.isoformat(timespec="minutes") if one.expires_at else ""
    return (one.id, one.role.value, who, _where(one), until)


def _rule(one: ProtectionRuleInfo) -> tuple[str, ...]:
    return (one.id, one.pattern, one.ontology or "*", one.note)


def _attribute_row(one: AttributeRuleInfo) -> tuple[str, ...]:
    return (one.id, _whom(one), _values(one), one.level)


def _action_row(one: ActionRuleInfo) -> tuple[str, ...]:
    may = "may run it" if one.allowed else "may not run it"
    return (one.id, _whom(one), _runs(one), one.branch or "(not protected)", may)


def _runs(one: ActionRuleInfo) -> str:
    return f"{one.ontology or '*'}: {one.action or '*'}"


def _whom(one: AttributeRuleInfo | ActionRuleInfo) -> str:
    return one.user or (f"group {one.group}" if one.group else f"role {one.role}")


def _values(one: AttributeRuleInfo) -> str:
    return f"{one.ontology or '*'}: {one.object_type or '*'}.{one.property_name or '*'}"
