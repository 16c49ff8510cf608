"""Histories into a ledger, and accounts out of one.

```
files.py      the rows of a CSV or JSON lines file, and such a file of what was refused
fields.py     what a row must hold: an add
plan.py       all rows of a file, checked, keyed and in the order in which they are to be sent
sending.py    the rows of a plan to a ledger
exporting.py  an account as rows
```
"""
