"""Ledgers to compare: ours, and honest implementations of what one would otherwise write.

Each is as good as its idea permits: the strongest way to keep the rules that does not give up what the idea is about.
"""
