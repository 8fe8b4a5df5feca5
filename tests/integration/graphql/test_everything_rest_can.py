"""Whatever REST can do, GraphQL can do: every operation of the OpenAPI document has its fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from graphql import GraphQLSchema

from oms_project.core.routes import Authenticated, Need, Public, declaration_of, need_of
from oms_project.graphql.fields import declared_needs
from oms_project.graphql.schema import platform_schema

#: Kind -> its plural in operation ids, and the field of an ontology that lists it.
KINDS: Final = {
    "ActionType": ("ActionTypes", "actionTypes"),
    "EnumType": ("EnumTypes", "enumTypes"),
    "Interface": ("Interfaces", "interfaces"),
    "LinkType": ("LinkTypes", "linkTypes"),
    "ObjectType": ("ObjectTypes", "objectTypes"),
    "SharedProperty": ("SharedProperties", "sharedProperties"),
    "StructType": ("StructTypes", "structTypes"),
    "ValueType": ("ValueTypes", "valueTypes"),
}
#: Operations of one definition: the same fields for every kind.
OF_A_KIND: Final = {
    "create": "Mutation.createDefinition",
    "delete": "Mutation.deleteDefinition",
    "describe": "Ontology.describe",
    "get": "Ontology.definition",
    "rename": "Mutation.renameDefinition",
    "replace": "Mutation.replaceDefinition",
    "restore": "Mutation.restoreDefinition",
    "update": "Mutation.updateDefinition",
}
RULES: Final = {
    "action_rules": "ActionRule",
    "attribute_rules": "AttributeRule",
    "protection_rules": "ProtectionRule",
    "role_bindings": "RoleBinding",
}

#: Operation of REST -> the fields that do the same, `Type.field`.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    # definitions
    **{f"{verb}{kind}": (field,) for kind in KINDS for verb, field in OF_A_KIND.items()},
    **{f"get{kind}History": ("Ontology.history",) for kind in (*KINDS, "Resource")},
    **{f"list{plural}": (f"Ontology.{field}",) for plural, field in KINDS.values()},
    "getDocument": ("Ontology.document",),
    "getHeader": ("Ontology.header",),
    "getHierarchy": ("Ontology.hierarchy",),
    "getResource": ("Ontology.definition",),
    "getStatistics": ("Ontology.statistics",),
    "listDocuments": ("Ontology.documents", "Ontology.definitions"),
    "listResources": ("Ontology.resources",),
    "suggestNames": ("Ontology.suggestions", "Ontology.documentsByRid"),
    "updateHeader": ("Mutation.updateHeader",),
    # ontologies, refs, versions
    "blameDocument": ("Ontology.blame",),
    "commitChanges": ("Mutation.commitChanges",),
    "compareDocument": ("Ontology.compare",),
    "createBranch": ("Mutation.createBranch",),
    "createOntology": ("Mutation.createOntology",),
    "createTag": ("Mutation.createTag",),
    "deleteBranch": ("Mutation.deleteBranch",),
    "deleteOntology": ("Mutation.deleteOntology",),
    "deleteTag": ("Mutation.deleteTag",),
    "diff": ("Ontology.diff",),
    "getBranch": ("Ontology.branch",),
    "getCommit": ("Ontology.commitDetail",),
    "getOntology": ("Query.ontology",),
    "getTag": ("Ontology.tag",),
    "listBranches": ("Ontology.branches",),
    "listCommits": ("Ontology.commits",),
    "listOntologies": ("Query.ontologies",),
    "listTags": ("Ontology.tags",),
    "merge": ("Mutation.merge",),
    "resolveRef": ("Ontology.commit",),
    "revert": ("Mutation.revert",),
    "updateBranch": ("Mutation.updateBranch",),
    "updateOntology": ("Mutation.updateOntology",),
    "verifyOntology": ("Query.verifyOntology", "Mutation.startVerification"),
    # transfer
    "exportRdf": ("Query.exportRdf",),
    "importRdf": ("Mutation.importRdf",),
    "loadObjects": ("Mutation.loadObjects",),
    "getLoadReport": ("Ontology.loadReport",),
    "postSparql": ("Query.sparql",),
    "proposeObjectType": ("Mutation.proposeObjectType",),
    "querySparql": ("Query.sparql",),
    "startExport": ("Mutation.startExport", "StartedExport.resultUrl"),
    "unloadObjects": ("Ontology.unload",),
    # objects, links, actions
    "aggregateLinks": ("Ontology.aggregateLinks",),
    "aggregateObjects": ("Ontology.aggregateObjects",),
    "countLinks": ("Ontology.countsByType",),
    "countObjects": ("Ontology.countsByType",),
    "createLink": ("Mutation.createLink",),
    "createObject": ("Mutation.createObject",),
    "deleteLink": ("Mutation.deleteLink",),
    "deleteObject": ("Mutation.deleteObject",),
    "getAction": ("Ontology.action",),
    "getLink": ("Ontology.link",),
    "getLinkHistory": ("Link.history",),
    "getObject": ("Ontology.object",),
    "getObjectHistory": ("Object.history",),
    "listActions": ("Ontology.actions",),
    "listLinks": ("Ontology.links",),
    "listLinksOfObject": ("Object.links",),
    "listObjects": ("Ontology.objects",),
    "listRedactions": ("Ontology.redactions",),
    "queryLinkFigures": ("Ontology.aggregateLinks",),
    "queryLinks": ("Ontology.links",),
    "queryObjectFigures": ("Ontology.aggregateObjects",),
    "queryObjects": ("Ontology.objects",),
    "redact": ("Mutation.redact",),
    "replaceLink": ("Mutation.replaceLink",),
    "replaceObject": ("Mutation.replaceObject",),
    "restoreLink": ("Mutation.restoreLink",),
    "restoreObject": ("Mutation.restoreObject",),
    "revertRun": ("Mutation.revertRun",),
    "runAction": ("Mutation.runAction",),
    "searchObjects": ("Ontology.search",),
    "traverse": ("Ontology.traverse",),
    "updateLink": ("Mutation.updateLink",),
    "updateObject": ("Mutation.updateObject",),
    # people and rules
    "auth_logout": ("Mutation.logout",),
    "auth_me": ("Query.me",),
    "auth_password": ("Mutation.changePassword",),
    "auth_session_end": ("Mutation.endSession",),
    "auth_sessions": ("Query.sessions",),
    "auth_sessions_end": ("Mutation.endOtherSessions",),
    "authorization_explain": ("Query.explainAuthorization",),
    "identity_delegation_grant": ("Mutation.grantDelegation",),
    "identity_delegation_revoke": ("Mutation.revokeDelegation",),
    "identity_delegations": ("Query.delegations",),
    "identity_group_add": ("Mutation.addGroupMember",),
    "identity_group_create": ("Mutation.createGroup",),
    "identity_group_delete": ("Mutation.deleteGroup",),
    "identity_group_remove": ("Mutation.removeGroupMember",),
    "identity_groups": ("Query.groups",),
    "identity_secret_revoke": ("Mutation.revokeClientSecret",),
    "identity_secret_rotate": ("Mutation.rotateClientSecret",),
    "identity_service_account": ("Query.serviceAccount",),
    "identity_service_account_change": ("Mutation.updateServiceAccount",),
    "identity_service_account_create": ("Mutation.createServiceAccount",),
    "identity_service_accounts": ("Query.serviceAccounts",),
    "identity_user": ("Query.user",),
    "identity_user_change": ("Mutation.updateUser",),
    "identity_user_create": ("Mutation.createUser",),
    "identity_user_password": ("Mutation.setUserPassword",),
    "identity_users": ("Query.users",),
    "policies_roles": ("Query.roles",),
    **{
        f"policies_{rule}_{verb}": (f"Mutation.{verb}{name}",)
        for rule, name in RULES.items()
        for verb in ("create", "update", "delete")
    },
    **{
        f"policies_{rule}_{verb}": (f"Query.{name[0].lower()}{name[1:]}{plural}",)
        for rule, name in RULES.items()
        for verb, plural in (("get", ""), ("list", "s"))
    },
    # the trail, jobs
    "exportAuditEvents": ("Query.auditExportUrl",),
    "getAuditCheckpoint": ("AuditState.head", "Mutation.writeAuditCheckpoint"),
    "getAuditConsistency": ("Query.auditConsistency",),
    "getAuditEvent": ("Query.auditEvent", "Query.auditProof"),
    "getAuditState": ("Query.auditState",),
    "listAuditEvents": ("Query.auditEvents",),
    "verifyAudit": ("Mutation.verifyAuditTrail",),
    "jobs_cancel": ("Mutation.cancelJob",),
    "jobs_get": ("Query.job",),
    "jobs_list": ("Query.jobs",),
    # events and webhooks
    "deliveries_cancel": ("Mutation.cancelDelivery",),
    "deliveries_get": ("Query.delivery",),
    "deliveries_list": ("Query.deliveries",),
    "deliveries_redeliver": ("Mutation.redeliver",),
    "event_lanes_list": ("Query.eventLanes",),
    "event_quarantine_list": ("Query.eventQuarantine",),
    "event_quarantine_release": ("Mutation.releaseQuarantined",),
    "event_types_get": ("Query.eventType",),
    "event_types_list": ("Query.eventTypes",),
    "event_types_schema": ("EventType.schema",),
    "events_get": ("Query.event",),
    "events_lanes": ("Query.lanesOfEvent",),
    "events_list": ("Query.events", "Query.eventsAfter"),
    "events_publish": ("Mutation.publishEvents",),
    "routing_rules_create": ("Mutation.createRoutingRule",),
    "routing_rules_delete": ("Mutation.deleteRoutingRule",),
    "routing_rules_get": ("Query.routingRule",),
    "routing_rules_list": ("Query.routingRules",),
    "routing_rules_preview": ("Query.previewRoutingRule",),
    "routing_rules_replay": ("Mutation.replayRoutingRule",),
    "routing_rules_update": ("Mutation.updateRoutingRule",),
    "streams_list": ("Query.streams",),
    "streams_messages_list": ("Query.streamMessages",),
    "streams_replay": ("Mutation.replayStreams",),
    "webhooks_create": ("Mutation.createWebhook",),
    "webhooks_delete": ("Mutation.deleteWebhook",),
    "webhooks_enable": ("Mutation.enableWebhook",),
    "webhooks_get": ("Query.webhook",),
    "webhooks_list": ("Query.webhooks",),
    "webhooks_pause": ("Mutation.pauseWebhook",),
    "webhooks_redeliver_dead": ("Mutation.redeliverDead",),
    "webhooks_replay": ("Mutation.replayWebhook",),
    "webhooks_rotate_secret": ("Mutation.rotateWebhookSecret",),
    "webhooks_test": ("Mutation.testWebhook",),
    "webhooks_update": ("Mutation.updateWebhook",),
    "webhooks_verify": ("Mutation.verifyWebhook",),
}

#: Operation of REST -> why it is none of GraphQL.
REST_ALONE: Final[Mapping[str, str]] = {
    "auth_jwks": "RFC 7517: programs that check tokens fetch the keys from an address of their own",
    "auth_oauth_token": "RFC 6749: the form of the request is the standard's",
    "auth_refresh": "it makes the token without which /graphql answers nothing",
    "auth_revoke": "RFC 7009: the form of the request is the standard's",
    "auth_token": "it makes the token without which /graphql answers nothing",
    "auth_verify": "RFC 7662: the form of the request is the standard's",
    "getHome": "who operates a home does it with REST, the console or a command",
    "kernelDelete": "WOQL and native documents are what clients of TerminusDB speak; here are queries and changes",
    "kernelInsert": "WOQL and native documents are what clients of TerminusDB speak; here are queries and changes",
    "kernelQuery": "WOQL and native documents are what clients of TerminusDB speak; here are queries and changes",
    "kernelUpdate": "WOQL and native documents are what clients of TerminusDB speak; here are queries and changes",
    "listStrays": "who operates a home does it with REST, the console or a command",
    "reconcileHome": "who operates a home does it with REST, the console or a command",
    "settleStray": "who operates a home does it with REST, the console or a command",
    "getExport": "a file; its address is `StartedExport.resultUrl`",
}
#: Fields whose need is not that of the operation, and why.
OTHER_NEEDS: Final[Mapping[tuple[str, str], str]] = {}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return platform_schema().schema


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Path, method and id of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "operationId" in operation:
                yield path, method.upper(), operation["operationId"]


def test_every_operation_has_fields_or_a_reason(document: dict[str, Any]) -> None:
    known = {name for _, _, name in operations(document)}
    assert known - FIELDS.keys() - REST_ALONE.keys() == set()
    assert (FIELDS.keys() | REST_ALONE.keys()) - known == set()
    assert FIELDS.keys() & REST_ALONE.keys() == set()


def test_every_field_is_there(schema: GraphQLSchema) -> None:
    missing = []
    for field in sorted({field for fields in FIELDS.values() for field in fields}):
        kind, name = field.split(".")
        found = schema.get_type(kind)
        if found is None or name not in getattr(found, "fields", {}):
            missing.append(field)
    assert missing == []


def test_every_root_field_needs_what_its_operation_needs(
    document: dict[str, Any], schema: GraphQLSchema
) -> None:
    """The permission that a door asks for does not depend on the door."""
    needs = {f"{kind.capitalize()}.{name}": need for kind, name, need in declared_needs(schema)}
    served = dict(_served())
    different = {
        (name, field): (_said(served[path, method]), _said(needs[field]))
        for path, method, name in operations(document)
        for field in FIELDS.get(name, ())
        if field in needs and _said(needs[field]) != _said(served[path, method])
    }
    assert {key: value for key, value in different.items() if key not in OTHER_NEEDS} == {}
    assert OTHER_NEEDS.keys() - different.keys() == set()


def _said(need: Need | None) -> str:
    if isinstance(need, Authenticated | Public):
        return type(need).__name__
    return str(need)


def _served() -> Iterator[tuple[tuple[str, str], Need | None]]:
    """Path and method of every route -> what it needs."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[tuple[str, str], Need | None]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                declaration = declaration_of(pattern.callback)
                path = re.sub(r"<\w+:(\w+)>", r"{\1}", prefix + str(pattern.pattern))
                for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                    if declaration is not None:
                        yield (path, method), need_of(declaration, method)

    yield from walk(get_resolver().url_patterns, "/")
