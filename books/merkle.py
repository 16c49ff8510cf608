"""Merkle trees of RFC 9162, made in one pass over the leaves, and proofs that a leaf is in one.

The hash of a leaf is SHA-256 over 0x00 and the leaf; of a node, over 0x01 and the hashes of its two halves, the left of
which has the largest power of two of leaves that is less than all. What is kept is one hash for each power of two.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple


class _Node(NamedTuple):
    leaves: int
    hash: bytes
    proven: tuple[int, ...] = ()  # the leaves below it for which there must be proofs


class Tree:
    """A tree to which leaves are added.

    Attributes
    ----------
    size
        How many leaves there are.
    paths
        For each leaf to be proven, by its number from 0, the hashes that tie it to the root; complete after `close`.
    """

    def __init__(self) -> None:
        self.size = 0
        self.paths: dict[int, list[bytes]] = {}
        self._whole: list[_Node] = []  # each of twice as many leaves as the next, or more

    def append(self, leaf: bytes, *, prove: bool = False) -> None:
        """Add a leaf, perhaps one to be proven."""
        if prove:
            self.paths[self.size] = []
        node = _Node(1, leaf_hash(leaf), (self.size,) if prove else ())
        while self._whole and self._whole[-1].leaves == node.leaves:
            node = self._join(self._whole.pop(), node)
        self._whole.append(node)
        self.size += 1

    def close(self) -> bytes:
        """Return the root, when all leaves are there."""
        if not self._whole:
            return sha256().digest()
        node = self._whole.pop()
        while self._whole:
            node = self._join(self._whole.pop(), node)
        return node.hash

    def _join(self, left: _Node, right: _Node) -> _Node:
        for number in left.proven:
            self.paths[number].append(right.hash)
        for number in right.proven:
            self.paths[number].append(left.hash)
        return _Node(left.leaves + right.leaves, node_hash(left.hash, right.hash), left.proven + right.proven)


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash a node by its halves."""
    return sha256(b"\x01" + left + right).digest()


def root_by(path: Sequence[bytes], leaf: bytes, number: int, size: int) -> bytes:
    """Return the root to which a path leads from a leaf, by RFC 9162, 2.1.3.2.

    Parameters
    ----------
    path
        The hashes that are said to tie the leaf to the root.
    leaf, number
        The leaf, and its number from 0.
    size
        How many leaves the tree has.

    Raises
    ------
    ValueError
        No tree of that size has such a path for such a leaf.
    """
    if not 0 <= number < size:
        raise ValueError("the leaf is not in the tree")
    at, last, found = number, size - 1, leaf_hash(leaf)
    for sibling in path:
        if not last:
            raise ValueError("the path is too long")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return found
