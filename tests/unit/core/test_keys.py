"""The keyring in files: what signs, what verifies, and what no longer counts."""

from __future__ import annotations

import datetime as dt
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from oms_project.core.clock import frozen_at
from oms_project.core.errors import Invalid, NotFound, Unavailable
from oms_project.core.keys import FileKeyring, load_public_keys, public_key_set

NOW = dt.datetime(2026, 7, 5, 12, tzinfo=dt.UTC)


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.OMS_KEYS_DIR = tmp_path / "keys"
    settings.OMS_KEYS_CREATE = True
    return tmp_path / "keys"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("algorithm", "length"), [("EdDSA", 64), ("RS256", 384)])
def test_what_a_key_signs_its_public_half_verifies(algorithm: str, length: int) -> None:
    ring = FileKeyring()
    made = ring.rotate("token", algorithm=algorithm)
    key = ring.signing_key("token")
    signature = key.sign(b"message")

    assert (key.kid, made.algorithm, len(signature)) == (made.kid, algorithm, length)
    assert made.verify(signature, b"message")
    assert not made.verify(signature, b"massage")
    assert not made.verify(signature[:-1], b"message")
    assert not made.verify(b"", b"message")


def test_a_key_is_made_when_there_is_none_and_kept(folder: Path) -> None:
    first = FileKeyring().signing_key("author")

    assert FileKeyring().signing_key("author").kid == first.kid
    (path,) = (folder / "author").iterdir()
    assert path.name == f"{first.kid}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_production_makes_none_in_silence(folder: Path, settings: Any) -> None:
    settings.OMS_KEYS_CREATE = False
    with pytest.raises(Unavailable) as refused:
        FileKeyring().signing_key("audit")

    assert refused.value.error_code == "key_missing"
    assert "manage.py keys rotate audit" in refused.value.message
    assert not folder.exists()


@pytest.mark.usefixtures("folder")
def test_the_newest_key_signs_and_older_ones_verify() -> None:
    ring, other = FileKeyring(), FileKeyring()
    with frozen_at(NOW):
        old = ring.rotate("author")
    signature = other.signing_key("author").sign(b"m")
    with frozen_at(NOW + dt.timedelta(days=1)):
        new = ring.rotate("author")

    assert other.signing_key("author").kid == new.kid  # another process notices
    assert set(other.public_keys("author")) == {old.kid, new.kid}
    assert other.public_keys("author")[old.kid].verify(signature, b"m")


@pytest.mark.usefixtures("folder")
def test_a_retired_key_verifies_but_cannot_sign() -> None:
    ring = FileKeyring()
    with frozen_at(NOW):
        old = ring.rotate("author")
    with frozen_at(NOW + dt.timedelta(days=1)):
        new = ring.rotate("author")
    ring.retire("author", new.kid)

    assert ring.signing_key("author").kid == old.kid
    assert new.kid in FileKeyring().public_keys("author")
    text = (Path(ring._folder) / "author" / f"{new.kid}.json").read_text()
    assert "PRIVATE" not in text


@pytest.mark.usefixtures("folder")
def test_a_revoked_key_says_since_when() -> None:
    ring = FileKeyring()
    with frozen_at(NOW):
        key = ring.rotate("author")
    revoked = ring.revoke("author", key.kid, since=NOW + dt.timedelta(hours=1))

    assert revoked.revoked == NOW + dt.timedelta(hours=1)
    assert FileKeyring().public_keys("author")[key.kid].revoked == revoked.revoked
    assert ring.signing_key("author").kid != key.kid


@pytest.mark.usefixtures("folder")
def test_public_keys_travel_without_the_private_half() -> None:
    ring = FileKeyring()
    with frozen_at(NOW):
        keys = [ring.rotate("author"), ring.rotate("author", algorithm="RS256")]
    ring.revoke("author", keys[0].kid, since=NOW)
    document = public_key_set(list(ring.public_keys("author").values()))
    text = json.dumps(document)
    loaded = load_public_keys(json.loads(text))

    assert "PRIVATE" not in text
    assert set(loaded) == {key.kid for key in keys}
    assert loaded[keys[0].kid].revoked == NOW
    assert loaded[keys[1].kid].purpose == "author"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "change",
    [
        lambda key: key.update(kid="another-key-id-000000"),
        lambda key: key.update(alg="RS256"),
        lambda key: key.update(x="AAAA"),
        lambda key: key.update(kty="oct"),
        lambda key: key.pop("created"),
    ],
)
def test_a_key_set_that_was_tampered_with_is_refused(change: object) -> None:
    document = public_key_set([FileKeyring().rotate("author")])
    change(document["keys"][0])  # type: ignore[operator]

    with pytest.raises(Invalid) as refused:
        load_public_keys(document)
    assert refused.value.error_code == "bad_key_set"


def test_a_spoilt_key_file_is_named(folder: Path) -> None:
    kid = FileKeyring().rotate("author").kid
    (folder / "author" / f"{kid}.json").write_text("{}")
    with pytest.raises(Unavailable) as refused:
        FileKeyring().signing_key("author")

    assert refused.value.error_code == "bad_key_file"
    assert kid in refused.value.message


@pytest.mark.usefixtures("folder")
def test_unknown_names_are_refused() -> None:
    ring = FileKeyring()
    with pytest.raises(Invalid, match="no purpose"):
        ring.signing_key("everything")
    with pytest.raises(Invalid, match="no algorithm"):
        ring.rotate("token", algorithm="none")
    with pytest.raises(NotFound, match="no key"):
        ring.retire("token", "nobody-knows-it")
