"""Seals where nobody can take them back: in an S3 bucket with Object Lock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from books.errors import BooksError


def put_locked(bucket: str, key: str, content: bytes, retain_days: int | None) -> None:
    """Put a file into a bucket, locked in compliance mode, where not even the account's owner can delete it.

    Parameters
    ----------
    bucket, key
        Where to.
    content
        What to put there.
    retain_days
        For how long it is locked; None for as long as the bucket's own default says.

    Raises
    ------
    BooksError
        The bucket has no Object Lock, or no default, or S3 does not take the file.
    """
    try:
        s3 = boto3.client("s3")
        retention = _retention(s3, bucket, retain_days)
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=content,
            ContentType="application/json",
            ChecksumAlgorithm="SHA256",
            **retention,
        )
    except (BotoCoreError, ClientError) as error:
        raise BooksError(f"S3 does not take {key} into {bucket}: {error}") from error


def _retention(s3: Any, bucket: str, days: int | None) -> dict[str, Any]:
    try:
        lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ObjectLockConfigurationNotFoundError":
            raise BooksError(f"the bucket {bucket} has no Object Lock: what it holds can be taken back") from error
        raise
    if days is not None:
        return {
            "ObjectLockMode": "COMPLIANCE",
            "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=days),
        }
    if "Rule" not in lock:
        raise BooksError(f"the bucket {bucket} says nothing of how long files are kept; name --retain-days")
    return {}
