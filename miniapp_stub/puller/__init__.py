"""A reference puller: what an approval system does at the county's hand-off, and nothing else.

It speaks HTTP only and knows nothing of the server's code. Start reading in ``pulling.py``: lease,
verify, keep, fetch, take over, acknowledge. ``store.py`` is what makes it safe to kill at any
point, ``events.py`` reports back, ``wire.py`` is the careful HTTP underneath. A vendor may take it
as it stands, or as the description of what their own system has to do.
"""
