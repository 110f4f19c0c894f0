"""Durable state of one gateway: a SQLite database with one writer, a journal beside it, backups, blobs and the lock.

It must not know what the rows mean: units bring their own migrations and statements.
"""

from appliance.storage.backup import Backups
from appliance.storage.blobs import BlobRef, Blobs
from appliance.storage.database import Database
from appliance.storage.errors import (
    BlobMissingError,
    BlobTooLargeError,
    DamagedError,
    SchemaError,
    StateHeldError,
    StorageError,
    StorageFullError,
)
from appliance.storage.lock import StateLock
from appliance.storage.migrations import Migration

__all__ = [
    "BlobMissingError",
    "BlobRef",
    "BlobTooLargeError",
    "Backups",
    "Blobs",
    "DamagedError",
    "Database",
    "Migration",
    "SchemaError",
    "StateHeldError",
    "StateLock",
    "StorageError",
    "StorageFullError",
]
