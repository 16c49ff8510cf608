"""Merkle trees of RFC 9162, against known roots and paths and against the RFC's own definition."""

from collections.abc import Sequence

import pytest

from books.merkle import Tree, leaf_hash, node_hash, root_by

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots over the first 0 to 8 leaves, as Certificate Transparency publishes them."""

PATHS = {
    0: [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    5: [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
"""The paths of two leaves in the tree of eight, from the same place."""

SIZES = range(34)


def tree_of(leaves: Sequence[bytes]) -> tuple[bytes, dict[int, list[bytes]]]:
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf, prove=True)
    return tree.close(), tree.paths


def root_of(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    half = 1
    while 2 * half < len(leaves):
        half *= 2
    return node_hash(root_of(leaves[:half]), root_of(leaves[half:]))


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_known_roots(size: int) -> None:
    assert tree_of(LEAVES[:size])[0].hex() == ROOTS[size]


@pytest.mark.parametrize("number", PATHS)
def test_known_paths(number: int) -> None:
    path = tree_of(LEAVES)[1][number]
    assert [step.hex() for step in path] == PATHS[number]


def test_trees_of_all_sizes_are_as_the_rfc_defines_them_and_every_leaf_can_be_proven() -> None:
    for size in SIZES[1:]:
        leaves = [bytes([number]) for number in range(size)]
        root, paths = tree_of(leaves)
        assert root == root_of(leaves)
        for number, leaf in enumerate(leaves):
            assert root_by(paths[number], leaf, number, size) == root


def test_nothing_else_can_be_proven() -> None:
    leaves = [bytes([number]) for number in range(13)]
    root, paths = tree_of(leaves)

    def leads_to_root(path: list[bytes], leaf: bytes, number: int, size: int = 13) -> bool:
        try:
            return root_by(path, leaf, number, size) == root
        except ValueError:
            return False

    for number, leaf in enumerate(leaves):
        path = paths[number]
        assert leads_to_root(path, leaf, number)
        assert not leads_to_root(path, b"other", number)
        assert not leads_to_root(path[:-1], leaf, number)
        assert not leads_to_root([*path, root], leaf, number)
        assert not leads_to_root(path[::-1], leaf, number)
        assert not any(leads_to_root(path, leaf, other) for other in range(-1, 14) if other != number)


@pytest.mark.parametrize(("number", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_a_leaf_outside_the_tree_has_no_root(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in the tree"):
        root_by([], b"", number, size)


def test_a_path_of_another_length_leads_nowhere() -> None:
    root, paths = tree_of(LEAVES)
    for number, path in paths.items():
        with pytest.raises(ValueError, match="too long"):
            root_by([*path, root], LEAVES[number], number, len(LEAVES))
        with pytest.raises(ValueError, match="too short"):
            root_by(path[:-1], LEAVES[number], number, len(LEAVES))
