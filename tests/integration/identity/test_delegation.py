"""A service acts for a user: with a reason, until a moment, and with what both may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from rest_framework.test import APIClient

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import frozen_at, isoformat, utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Invalid, PermissionDenied
from oms_project.identity import services
from oms_project.identity.api.authentication import token_holder
from oms_project.identity.contract import (
    DelegationInfo,
    NewSecret,
    Role,
    UnknownDelegation,
    UnknownServiceAccount,
    UnknownUser,
    actor_of,
)
from oms_project.identity.models import Delegation, User
from tests.conftest import MakePerson, tokens_of
from tests.integration.identity.conftest import MakeService
from tests.integration.identity.test_oauth import ask, credentials, me

pytestmark = pytest.mark.django_db
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


def grant(user: User, made: NewSecret, **change: Any) -> DelegationInfo:
    with acting_as(actor_of(user)):
        return services.grant_delegation(
            client_id=made.account.client_id,
            **{
                "reason": "nightly import",
                "expires_at": utc_now() + timedelta(days=1),
                **change,
            },
        )


def exchange(made: NewSecret, **form: str) -> Any:
    return ask(
        grant_type=EXCHANGE,
        client_id=made.account.client_id,
        client_secret=made.secret,
        **form,
    )


def test_a_delegated_token_says_who_acts_for_whom(
    person: MakePerson, service_account: MakeService
) -> None:
    ann, etl = person("ann", Role.EDITOR), service_account("etl", Role.EDITOR)
    given = grant(ann, etl)
    for form in (
        {"delegation": given.id},
        {"requested_subject": str(ann.pk)},
        {"subject_token": tokens_of(ann).access, "subject_token_type": ACCESS},
    ):
        answer = exchange(etl, **form)
        assert answer.status_code == 200, answer.json()
        assert answer.json()["issued_token_type"] == ACCESS
        assert "refresh_token" not in answer.json()
        token = answer.json()["access_token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["sub"] == str(ann.pk)
        assert claims["act"] == {"sub": etl.account.id, "client_id": etl.account.client_id}
        assert claims["delegation"] == given.id
        actor = token_holder(token).actor
        assert (actor.username, actor.kind, actor.reason) == ("etl", "service", "nightly import")
        assert actor.grant == given.id
        assert actor.on_behalf_of == actor_of(ann)
        told = me(token).json()
        assert (told["username"], told["on_behalf_of"]["username"]) == ("etl", "ann")


@pytest.mark.parametrize(
    ("user_role", "service_role"),
    [(Role.EDITOR, Role.VIEWER), (Role.VIEWER, Role.EDITOR), (None, Role.ADMINISTRATOR),
     (Role.ADMINISTRATOR, None), (Role.ADMINISTRATOR, Role.REVIEWER)],
)  # fmt: skip
def test_a_delegate_may_what_both_may_and_nothing_beyond(
    person: MakePerson,
    service_account: MakeService,
    user_role: Role | None,
    service_role: Role | None,
) -> None:
    ann, etl = person("ann", user_role), service_account("etl", service_role)
    token = exchange(etl, delegation=grant(ann, etl).id).json()["access_token"]
    delegate = token_holder(token).actor
    service = token_holder(
        credentials(etl.account.client_id, etl.secret).json()["access_token"]
    ).actor
    for permission in permissions.ALL:
        both = (
            authorizer.decide(actor_of(ann), permission).allowed
            and authorizer.decide(service, permission).allowed
        )
        assert authorizer.decide(delegate, permission).allowed == both, permission


def test_a_delegation_may_be_for_less(person: MakePerson, service_account: MakeService) -> None:
    ann, etl = person("ann", Role.EDITOR), service_account("etl", Role.EDITOR)
    given = grant(ann, etl, only=["ontology.read"], ontology="aviation")
    actor = token_holder(exchange(etl, delegation=given.id).json()["access_token"]).actor
    assert authorizer.decide(actor, "ontology.read", ontology="aviation").allowed
    assert not authorizer.decide(actor, "ontology.read", ontology="shipping").allowed
    assert not authorizer.decide(actor, "ontology.write", ontology="aviation").allowed


def test_it_ends_when_it_is_revoked_over_or_a_party_is_gone(
    person: MakePerson, service_account: MakeService
) -> None:
    etl = service_account("etl", Role.EDITOR)
    for number, end in enumerate(("revoke", "user", "service", "password", "expiry")):
        ann = person(f"ann{number}", Role.EDITOR)
        given = grant(ann, etl)
        token = exchange(etl, delegation=given.id).json()["access_token"]
        assert me(token).status_code == 200
        if end == "revoke":
            with acting_as(actor_of(ann)):
                services.revoke_delegation(delegation=given.id)
        elif end == "user":
            User.objects.filter(pk=ann.pk).update(is_active=False)
        elif end == "service":
            User.objects.filter(pk=etl.account.id).update(is_active=False)
        elif end == "password":
            ann.set_password("another-long-phrase-1")
            ann.save()
        else:
            Delegation.objects.filter(pk=given.id).update(
                expires_at=utc_now() - timedelta(seconds=1)
            )
        assert me(token).status_code == 401, end
        User.objects.filter(pk=etl.account.id).update(is_active=True)
        refused = exchange(etl, delegation=given.id).status_code
        assert refused == (200 if end in {"service", "password"} else 400), end


def test_a_token_never_outlives_its_delegation(
    person: MakePerson, service_account: MakeService
) -> None:
    ann, etl = person("ann", Role.EDITOR), service_account("etl", Role.EDITOR)
    given = grant(ann, etl, expires_at=utc_now() + timedelta(minutes=2))
    answer = exchange(etl, delegation=given.id).json()
    assert answer["expires_in"] <= 120
    with frozen_at(utc_now() + timedelta(minutes=3)):
        assert me(answer["access_token"]).status_code == 401


def test_there_are_no_chains(person: MakePerson, service_account: MakeService) -> None:
    ann = person("ann", Role.ADMINISTRATOR)
    etl, other = service_account("etl", Role.ADMINISTRATOR), service_account("other")
    grant(ann, other)
    token = exchange(etl, delegation=grant(ann, etl).id).json()["access_token"]
    plain = credentials(etl.account.client_id, etl.secret).json()["access_token"]
    for subject in (token, plain):
        answer = exchange(other, subject_token=subject, subject_token_type=ACCESS)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    with acting_as(token_holder(token).actor), pytest.raises(PermissionDenied):
        services.grant_delegation(
            client_id=other.account.client_id,
            reason="further",
            expires_at=utc_now() + timedelta(hours=1),
        )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    body = {"current_password": "x", "new_password": "y" * 20}
    assert client.post("/api/v1/auth/password", body).status_code == 403
    assert client.delete("/api/v1/auth/sessions").status_code == 403


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"requested_subject": "nobody"},
        {"delegation": "nonsense"},
        {"delegation": "00000000-0000-0000-0000-000000000000"},
        {"subject_token": "nonsense", "subject_token_type": ACCESS},
        {"subject_token": "x", "subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"requested_subject": "x", "actor_token": "x"},
        {"requested_subject": "x", "requested_token_type": "urn:x"},
        {"requested_subject": "x", "audience": "another"},
        {"requested_subject": "x", "scope": "everything"},
    ],
)
def test_an_exchange_that_nothing_allows(
    person: MakePerson, service_account: MakeService, form: dict[str, str]
) -> None:
    etl = service_account("etl")
    grant(person("ann"), etl)
    answer = exchange(etl, **form)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_request", "invalid_target", "invalid_scope"}


def test_a_users_token_alone_allows_nothing(
    person: MakePerson, service_account: MakeService
) -> None:
    ann, etl, thief = person("ann"), service_account("etl"), service_account("thief")
    given = grant(ann, etl)
    token = tokens_of(ann).access
    answer = exchange(thief, subject_token=token, subject_token_type=ACCESS)
    assert answer.status_code == 400
    assert exchange(thief, delegation=given.id).status_code == 400


def test_who_may_grant_and_what(person: MakePerson, service_account: MakeService) -> None:
    ann, eve, etl = person("ann"), person("eve"), service_account("etl")
    later = utc_now() + timedelta(days=1)
    with acting_as(actor_of(eve)), pytest.raises(PermissionDenied):
        services.grant_delegation(
            client_id=etl.account.client_id, username="ann", reason="x", expires_at=later
        )
    with acting_as(SYSTEM), pytest.raises(UnknownUser):
        services.grant_delegation(
            client_id=etl.account.client_id, username="etl", reason="x", expires_at=later
        )
    for change in (
        {"reason": "  "},
        {"reason": "a\nb"},
        {"reason": "x" * 501},
        {"expires_at": utc_now() - timedelta(seconds=1)},
        {"expires_at": utc_now() + timedelta(days=91)},
        {"only": ["ontology.fly"]},
    ):
        with pytest.raises(Invalid):
            grant(ann, etl, **change)
    with acting_as(actor_of(ann)), pytest.raises(UnknownServiceAccount):
        services.grant_delegation(client_id="svc_x", reason="x", expires_at=later)
    assert Delegation.objects.count() == 0
    given = grant(ann, etl)
    with acting_as(actor_of(eve)), pytest.raises(UnknownDelegation):
        services.revoke_delegation(delegation=given.id)


def test_over_rest(
    person: MakePerson, service_account: MakeService, client_of: Any, admin_client: APIClient
) -> None:
    ann, eve, etl = person("ann"), person("eve"), service_account("etl")
    address = "/api/v1/identity/delegations"
    body = {
        "client_id": etl.account.client_id,
        "reason": "nightly import",
        "expires_at": isoformat(utc_now() + timedelta(days=2)),
        "permissions": ["ontology.read"],
    }
    made = client_of(ann).post(address, body)
    assert made.status_code == 201
    assert (made.json()["user"], made.json()["service"]) == ("ann", "etl")
    assert client_of(eve).post(address, {**body, "username": "ann"}).status_code == 403
    assert client_of(ann).post(address, {**body, "reason": ""}).status_code == 422
    assert len(client_of(ann).get(address).json()["items"]) == 1
    assert client_of(eve).get(address).json()["items"] == []
    assert client_of(eve).get(f"{address}?everybody=true").status_code == 403
    assert len(admin_client.get(f"{address}?everybody=true").json()["items"]) == 1
    target = f"{address}/{made.json()['id']}"
    assert client_of(eve).delete(target).status_code == 404
    assert client_of(ann).delete(target).status_code == 204
    assert client_of(ann).get(address).json()["items"] == []
    for_eve = admin_client.post(address, {**body, "username": "eve"})
    assert (for_eve.status_code, for_eve.json()["user"]) == (201, "eve")
