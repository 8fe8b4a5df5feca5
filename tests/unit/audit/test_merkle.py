"""Merkle trees, held against the published vectors and against RFC 9162's own definitions."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The vectors that Certificate Transparency has published with RFC 6962.
_DATA = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")
_INPUTS = [bytes.fromhex(data) for data in (*_DATA, "606162636465666768696a6b6c6d6e6f")]
_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
_A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
_D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"


def _tree(leaves: Sequence[bytes]) -> Tree:
    """Over a list, level by level."""
    levels = {0: list(leaves)}
    for level in (8, 16):
        below = levels[level - 8]
        levels[level] = [
            root_of_level(below[at : at + 256]) for at in range(0, len(below) // 256 * 256, 256)
        ]
    return Tree(len(leaves), lambda level, at, n: levels[level][at * 256 : at * 256 + n])


def root_of_level(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(root_of_level(hashes[:half]), root_of_level(hashes[half:]))


LEAVES = [leaf_hash(data) for data in _INPUTS]
BIG = [leaf_hash(str(number).encode()) for number in range(66_000)]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == _ROOTS[size]
    assert _tree(LEAVES[:size]).root().hex() == _ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (0, 8, [_A, _B, _C]),
        (5, 8, [_D, _E, _ROOTS[4]]),
        (2, 3, [_ROOTS[2]]),
        (1, 5, [_ROOTS[1], _B, _D]),
    ],
)
def test_published_inclusion_proofs(index: int, size: int, proof: list[str]) -> None:
    assert [step.hex() for step in _tree(LEAVES[:size]).inclusion_proof(index)] == proof


@pytest.mark.parametrize(
    ("old", "size", "proof"),
    [
        (1, 1, []),
        (1, 8, [_A, _B, _C]),
        (6, 8, [_F, _E, _ROOTS[4]]),
        (2, 5, [_B, _D]),
        (6, 7, [_F, leaf_hash(_INPUTS[6]).hex(), _ROOTS[4]]),
    ],
)
def test_published_consistency_proofs(old: int, size: int, proof: list[str]) -> None:
    assert [step.hex() for step in _tree(LEAVES[:size]).consistency_proof(old)] == proof


def test_the_empty_tree() -> None:
    assert sha256(b"").digest() == EMPTY_ROOT
    assert Frontier().root() == EMPTY_ROOT


sizes = st.one_of(st.integers(1, 70), st.sampled_from([255, 256, 257, 511, 513, 65_535, 65_537]))


@given(sizes, st.data())
def test_every_inclusion_proof_verifies_and_no_changed_one_does(
    size: int, data: st.DataObject
) -> None:
    tree, root = _tree(BIG[:size]), root_of_level(BIG[:size])
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index)
    good = {"leaf": BIG[index], "index": index, "size": size, "proof": proof, "root": root}
    assert tree.root() == root
    assert verify_inclusion(**good)
    assert not verify_inclusion(**good | {"leaf": leaf_hash(b"other")})
    assert not verify_inclusion(**good | {"root": leaf_hash(b"other")})
    assert not verify_inclusion(**good | {"index": index + size})
    assert not verify_inclusion(**good | {"proof": [*proof, root]})
    if proof:
        assert not verify_inclusion(**good | {"proof": proof[:-1]})
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], leaf_hash(b"other"), *proof[at + 1 :]]
        assert not verify_inclusion(**good | {"proof": changed})


@given(sizes, st.data())
def test_every_consistency_proof_verifies_and_no_changed_one_does(
    size: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, size))
    proof = _tree(BIG[:size]).consistency_proof(old)
    old_root, root = root_of_level(BIG[:old]), root_of_level(BIG[:size])
    good = {"old_size": old, "old_root": old_root, "size": size, "root": root, "proof": proof}
    assert verify_consistency(**good)
    assert not verify_consistency(**good | {"old_root": leaf_hash(b"other")})
    assert not verify_consistency(**good | {"root": leaf_hash(b"other")})
    assert not verify_consistency(**good | {"proof": [*proof, root]})
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], leaf_hash(b"other"), *proof[at + 1 :]]
        assert not verify_consistency(**good | {"proof": changed})


@given(st.lists(st.integers(0, 600), max_size=6))
def test_a_tree_that_grows_in_pieces_is_the_same_tree(pieces: list[int]) -> None:
    frontier, at = Frontier(), 0
    for piece in pieces:
        frontier.extend(BIG[at : at + piece])
        at += piece
        again = _tree(BIG[:at]).frontier()
        assert (again.size, again.root()) == (at, frontier.root())
    assert frontier.root() == (root_of_level(BIG[:at]) if at else EMPTY_ROOT)


@given(st.integers(0, 700), st.integers(1, 700))
def test_a_range_is_hashed_as_a_tree_of_its_own(first: int, length: int) -> None:
    tree = _tree(BIG[:1500])
    assert tree.range_hash(first, first + length) == root_of_level(BIG[first : first + length])


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    tree = _tree(LEAVES)
    with pytest.raises(ValueError, match="has no leaf 8"):
        tree.inclusion_proof(8)
    with pytest.raises(ValueError, match="does not begin with"):
        tree.consistency_proof(9)


def test_tiles_that_are_missing_are_named() -> None:
    tree = Tree(300, lambda _level, _index, _width: [])
    with pytest.raises(LookupError, match="missing"):
        tree.root()
