"""What happens to accounts, told to others: events on an EventBridge bus, of the shape that docs/events.md describes.

From the bottom: `bus` puts events on the bus and says which of them it did not take, `recorded` makes an event of a
line and `expiring` one of points that will expire, and `publishing` puts the lines of a batch on the bus, those of an
account in order. Imports the storage.
"""
