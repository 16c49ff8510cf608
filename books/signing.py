"""Signatures on seals: made by a key in KMS, checked without AWS."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import rfc8785
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from books.errors import BooksError

Document = dict[str, Any]


def _check_ecdsa(key: Any, signature: bytes, signed: bytes) -> None:
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("the key is not an elliptic-curve key")  # noqa: TRY004 - what is told, not a type of ours
    key.verify(signature, signed, ECDSA(hashes.SHA256()))


def _check_rsa(key: Any, signature: bytes, signed: bytes) -> None:
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the key is not an RSA key")  # noqa: TRY004 - what is told, not a type of ours
    key.verify(signature, signed, PSS(MGF1(hashes.SHA256()), PSS.AUTO), hashes.SHA256())


_ALGORITHMS: dict[str, Callable[[Any, bytes, bytes], None]] = {
    "ECDSA_SHA_256": _check_ecdsa,
    "RSASSA_PSS_SHA_256": _check_rsa,
}
"""How KMS signs, the preferred first, and how that is checked."""


def sign(seal: Document, key: str) -> Document:
    """Sign a seal with a key in KMS; return the signature with the key's public half.

    What is signed is the SHA-256 of the seal's canonical JSON, since KMS takes no more than 4 KB.

    Raises
    ------
    BooksError
        KMS does not, or the key is not made for it.
    """
    try:
        kms = boto3.client("kms")
        public = kms.get_public_key(KeyId=key)
        algorithm = next((name for name in _ALGORITHMS if name in public.get("SigningAlgorithms", [])), None)
        if algorithm is None:
            raise BooksError(f"the KMS key {key} cannot sign with any of {', '.join(_ALGORITHMS)}")
        answer = kms.sign(KeyId=key, Message=_signed(seal), MessageType="RAW", SigningAlgorithm=algorithm)
    except (BotoCoreError, ClientError) as error:
        raise BooksError(f"KMS cannot sign with {key}: {error}") from error
    return {
        "key": public["KeyId"],
        "algorithm": algorithm,
        "public_key": b64encode(public["PublicKey"]).decode(),
        "value": b64encode(answer["Signature"]).decode(),
    }


def key_id(signature: Document) -> str:
    """Return the SHA-256 of the public key that a signature says it is by."""
    return sha256(b64decode(signature["public_key"])).hexdigest()


def check_signature(seal: Document, signature: Document, public_key: bytes | None = None) -> None:
    """Check a seal's signature.

    Parameters
    ----------
    public_key
        The key that must have signed, in DER; None for the one that the signature itself names.

    Raises
    ------
    ValueError
        It is not of this seal, or not by that key.
    """
    key = public_key or b64decode(signature["public_key"])
    try:
        check = _ALGORITHMS[signature["algorithm"]]
        check(load_der_public_key(key), b64decode(signature["value"]), _signed(seal))
    except InvalidSignature:
        raise ValueError("the signature is not for this seal, or is by another key") from None
    except KeyError:
        raise ValueError(f"the signature's algorithm is unknown: {signature['algorithm']}") from None


def _signed(seal: Document) -> bytes:
    return sha256(rfc8785.dumps(seal)).digest()


def read_public_key(file: Path) -> bytes:
    """Read a public key, in PEM or DER, and return it in DER.

    Raises
    ------
    BooksError
        It is none.
    """
    data = file.read_bytes()
    try:
        key = load_pem_public_key(data) if data.startswith(b"-----") else load_der_public_key(data)
    except ValueError as error:
        raise BooksError(f"{file} is not a public key in PEM or DER") from error
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
