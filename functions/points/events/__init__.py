"""What happens to accounts, told to others: events on an EventBridge bus, of the shape that docs/events.md describes.

`bus` puts events on the bus, and says which of them it did not take.
"""
